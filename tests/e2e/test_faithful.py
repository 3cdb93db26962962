"""Replaying every call of the report's training under the user's own method gives the user's own numbers, bit for bit."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from qdiag.evaluation.evaluate import evaluate
from qdiag.model.call import Script
from qdiag.model.evaluation import Request
from qdiag.recording import launcher
from qdiag.trace.reader import Trace
from tests.worlds.installed_pennylane import has_flatten

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CASES = Path(__file__).parents[2] / "cases"


@pytest.mark.parametrize("diff_method", ["backprop", "adjoint"])
def test_every_call_of_the_training_comes_back_bit_for_bit(diff_method, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    script = CASES / ("moons" if has_flatten() else "moons-0.21") / "train.py"
    with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):
        ended = launcher.run(Script(str(script), ("default.qubit", diff_method)), tmp_path / "a.qdiag")
    assert ended.exit_code == 0
    outputs = products = 0
    with Trace.open(tmp_path / "a.qdiag") as trace:
        for call in trace.calls():
            counted = compared(call)
            outputs, products = outputs + counted[0], products + counted[1]
    assert outputs >= 241
    assert products >= 240 * 4


def compared(call):
    """How many outputs and vector-Jacobian products of a call were compared; each must be the same to the last bit."""
    configuration = call.configuration
    evaluation = evaluate(
        Request(
            call.circuit,
            configuration.method,
            configuration.interface,
            configuration.device_wires,
            tuple(backward.cotangents for backward in call.backwards),
            execution_options=configuration.execution_options,
            default_dtype=configuration.default_dtype,
        )
    )
    assert evaluation.failure is None
    assert [(o.dtype, o.tobytes()) for o in evaluation.outputs] == [(o.dtype, o.tobytes()) for o in call.outputs]
    products = 0
    for backward, replayed in zip(call.backwards, evaluation.vjps):
        for user, ours, exact in zip(backward.gradients, replayed, backward.exact):
            assert exact
            assert (user.dtype, user.tobytes()) == (ours.dtype, ours.tobytes())
            products += 1
    return len(call.outputs), products
