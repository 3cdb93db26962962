"""Scripts under JAX: the recorded run is the plain run, and every call is in the trace with what came back."""

from __future__ import annotations

import json
import shutil
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from qdiag.model.node import parameters_of
from qdiag.trace.reader import Trace
from tests.e2e.jax_trainings import TRAININGS
from tests.e2e.test_invisible import SCRIPTS, plainly, recorded, run

pytest.importorskip("jax", reason="JAX is not installed: pip install 'qdiag[jax]'")
pytestmark = [pytest.mark.slow, pytest.mark.stack]


@pytest.mark.parametrize(
    ("method", "mode", "wide"),
    [*product(("backprop", "adjoint", "parameter-shift"), ("eager", "jit"), ("x64", "x32"))],
    ids=str,
)
def test_a_training_is_recorded_bit_for_bit_and_whole(tmp_path: Path, method: str, mode: str, wide: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    shutil.copy(SCRIPTS / "jax_training.py", work)
    words = ["jax_training.py", method, mode, wide]
    plain = plainly(work, [], words)
    assert plain.exit_code == 0, plain.stderr.decode()
    assert recorded(work, tmp_path / "out", [], words) == plain
    with Trace.open(tmp_path / "out" / "trace.qdiag") as trace:
        calls = list(trace.calls())
    assert [len(call.backwards) for call in calls] == [1, 1, 1, 1, 0]
    dtype = np.dtype("float64" if wide == "x64" else "float32")
    for call in calls:
        assert (call.configuration.interface, call.configuration.default_dtype, call.output_container) == ("jax", dtype.name, "jax")
        assert call.configuration.compiled == ("jit" if mode == "jit" and call.backwards else "")
        if method == "backprop" and mode == "jit" and call.backwards:
            assert call.outputs is None, "told, they would come out otherwise"
        else:
            assert {output.dtype for output in call.outputs} == {dtype}
    inside = calls[0].circuit
    owners = [node.name for node in inside.operations for _ in parameters_of(node)]
    assert {owners[place] for place in inside.trainable} == {"Rot", "CRX"}, "by the data, the angles of RY, nothing is differentiated"
    assert calls[-1].circuit.trainable == ()


@pytest.mark.parametrize("script", TRAININGS.values(), ids=TRAININGS)
def test_ordinary_trainings_come_out_as_without_us(tmp_path: Path, script: Path) -> None:
    for line in script.read_text(encoding="utf-8").splitlines():
        if line.startswith(("import ", "from ")):
            pytest.importorskip(line.split()[1])
    work = tmp_path / "work"
    work.mkdir()
    shutil.copy(script, work)
    plain = plainly(work, [], [script.name])
    assert plain.exit_code == 0, plain.stderr.decode()
    assert recorded(work, tmp_path / "out", [], [script.name]) == plain
    with Trace.open(tmp_path / "out" / "trace.qdiag") as trace:
        assert len(trace) > 0
        if ".apply_updates(" in script.read_text(encoding="utf-8"):
            assert max(call.step for call in trace.calls()) > 0, "each time that it is applied, it is a step"


def test_calls_of_torch_and_of_jax_in_one_script_are_each_recorded_as_what_they_are(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    shutil.copy(SCRIPTS / "jax_beside_torch.py", work)
    plain = plainly(work, [], ["jax_beside_torch.py"])
    assert plain.exit_code == 0, plain.stderr.decode()
    assert recorded(work, tmp_path / "out", [], ["jax_beside_torch.py"]) == plain
    with Trace.open(tmp_path / "out" / "trace.qdiag") as trace:
        calls = list(trace.calls())
    assert [(call.configuration.interface, call.output_container, len(call.backwards)) for call in calls] == [
        ("torch", "torch", 1),
        ("jax", "jax", 1),
    ] * 2


def test_models_of_torch_and_of_jax_trained_in_one_script_are_both_judged_and_torchs_is_probed(tmp_path: Path) -> None:
    shutil.copy(SCRIPTS / "jax_and_torch_trained.py", tmp_path)
    plain = run(tmp_path, [sys.executable, "jax_and_torch_trained.py"])
    assert plain.returncode == 0, plain.stderr.decode()
    traced = run(tmp_path, [sys.executable, "-m", "qdiag", "trace", "--out", "found", "--force", "jax_and_torch_trained.py"])
    assert traced.returncode == 0, traced.stderr.decode()
    assert traced.stdout.startswith(plain.stdout), "the report comes after what the script prints"
    found = json.loads((tmp_path / "found" / "findings.json").read_text(encoding="utf-8"))
    assert (found["verdict"], found["calls"], found["findings"]) == ("agree", 4, [])
    with Trace.open(tmp_path / "found" / "trace.qdiag") as trace:
        first = {call.configuration.qnode: call.index for call in reversed([*trace.calls()])}
        assert {probe.call for probe in trace.probes} == {first["classify"]}
    report = " ".join((tmp_path / "found" / "report.md").read_text(encoding="utf-8").split())
    assert "not looked at in 1 of 2 QNodes (energy)" in report.replace("\\", "")
    assert "JAX computes in threads of its own" in report
