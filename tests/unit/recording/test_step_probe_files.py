"""What copies leave beside the trace is taken in with the script's own loss, and removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qdiag.model.step_probe import Moved, Outcome, StepProbe
from qdiag.recording import step_probe_files
from qdiag.trace import call_text


def test_the_scripts_own_loss_is_put_to_what_the_copies_came_to(tmp_path: Path) -> None:
    trace = tmp_path / "trace.qdiag"
    found = StepProbe(3, 1, Moved.OUTPUTS, "circuit", outcomes=(Outcome(loss=0.1),))
    for number, text in enumerate([call_text.text_of((found,)) + "\n{half a li", "", "damaged\n"]):
        step_probe_files.probe_path(trace, number).write_text(text)
    (collected,) = step_probe_files.collect_step_probes(trace, lambda number: "" if number else "0.1")
    assert (collected.own, collected.control, collected.eps) == (0.1, 0.1, 2.0**-52)
    assert list(tmp_path.iterdir()) == []


def test_each_probe_of_a_file_has_its_own_gradient_or_none(tmp_path: Path) -> None:
    trace = tmp_path / "trace.qdiag"
    found = tuple(StepProbe(3, 1, Moved.HELD, name, outcomes=(Outcome(loss=0.1),)) for name in ("Adam", "SGD", "RMSprop"))
    step_probe_files.probe_path(trace, 0).write_text(call_text.text_of(found) + "\n")
    collected = list(step_probe_files.collect_step_probes(trace, lambda number: "0.1 None 2.5"))
    assert [(probe.own, probe.given) for probe in collected] == [(0.1, None), (0.1, 2.5), (0.1, None)]


def test_the_precision_is_that_of_the_loss() -> None:
    assert step_probe_files._eps(float(np.float32(0.1))) == 2.0**-23
