"""Probes of live QNodes: what they see, what is left of them, and that the recording does not see them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from qdiag.judging import probe_evidence, probe_findings, probe_gaps
from qdiag.model.call import Script
from qdiag.model.coverage import Gap, event_of
from qdiag.recording import launcher
from qdiag.trace.reader import Trace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.stack,
    pytest.mark.skipif(sys.platform != "linux", reason="there is no safe fork elsewhere"),
]

torch = pytest.importorskip("torch")
SCRIPT = Path(__file__).with_name("scripts") / "qnode_probed.py"
BEFORE_TORCH_2 = int(torch.__version__.split(".")[0]) < 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    # torch with its own choice of threads: a copy that used them would hang
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OMP_NUM_THREADS", raising=False)
        with open(os.devnull, "wb") as null:
            launcher.run(Script(str(SCRIPT)), folder / "trace.qdiag", output=null, probing=launcher.Probing())
    return folder


@pytest.fixture(scope="module")
def trace(folder: Path) -> Trace:
    return Trace.open(folder / "trace.qdiag")


def test_the_recording_holds_the_scripts_own_calls_only(folder: Path, trace: Trace) -> None:
    assert [call.configuration.qnode for call in trace.calls()] == ["detached", "healthy"]
    assert [path.name for path in folder.iterdir()] == ["trace.qdiag"]


def test_a_lost_gradient_is_seen_under_every_method(trace: Trace) -> None:
    probe = trace.probes[0]
    assert probe.complete
    assert [argument.name for argument in probe.arguments] == ["angles[0]", "angles[1]", "scale"]
    laws = probe_gaps.laws_of(probe, trace.call(0))
    assert [len(probe_gaps.wrong_at(probe, position, laws)) for position in range(3)] == [0, 0, 3]
    (found,) = probe_findings.divergences(probe, trace.call(0))
    assert str(found.comparison.element) == "argument scale"
    assert probe_evidence.is_proven(found)


def test_a_healthy_qnode_is_probed_after_a_backward_pass_where_torch_can(trace: Trace) -> None:
    if BEFORE_TORCH_2:
        assert [probe.call for probe in trace.probes] == [0]
        assert any(event.kind == event_of(Gap.NOT_PROBED) for event in trace.events)
        return
    probe = trace.probes[1]
    assert probe.complete
    assert len([method for method in probe.methods if not method.failure]) == 3
    assert probe_findings.divergences(probe, trace.call(1)) == ()


def test_of_many_qnodes_each_is_probed_though_they_share_a_copy(tmp_path: Path) -> None:
    script = Script(str(SCRIPT.with_name("many_qnodes.py")))
    with open(os.devnull, "wb") as null:
        launcher.run(script, tmp_path / "trace.qdiag", output=null, probing=launcher.Probing())
    with Trace.open(tmp_path / "trace.qdiag") as trace:
        assert [probe.call for probe in trace.probes] == [*range(10), 20, 21]
        assert all(probe.complete for probe in trace.probes)
        losing = [probe.call for probe in trace.probes if list(probe_findings.divergences(probe, trace.call(probe.call)))]
    assert losing == [6]


def test_of_many_qnodes_none_is_accused_of_what_has_changed_around_it_before_its_turn(tmp_path: Path) -> None:
    script = Script(str(SCRIPT.with_name("late_qnodes.py")))
    with open(os.devnull, "wb") as null:
        launcher.run(script, tmp_path / "trace.qdiag", output=null, probing=launcher.Probing())
    with Trace.open(tmp_path / "trace.qdiag") as trace:
        probes = trace.probes
        assert len({trace.call(probe.call).configuration.number for probe in probes}) == len(probes) == 10
        assert all(probe.complete and not probe_findings.divergences(probe, trace.call(probe.call)) for probe in probes)
