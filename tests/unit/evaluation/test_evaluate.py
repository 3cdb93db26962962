"""Evaluating: what the bridge works out, with its norms and its time."""

from __future__ import annotations

import sys
import time
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import qdiag.bridges.running
from qdiag.evaluation.evaluate import evaluate
from qdiag.model.call import Failure
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.measured import UNKNOWN, Measured
from tests.worlds.methods import BACKPROP
from tests.worlds.small_circuits import Z, circuit, combination, expval, gate, probs


def bridged(monkeypatch: pytest.MonkeyPatch, found: Evaluation, seconds: float = 0.0) -> list[Request]:
    """Let the bridge find that; returns what it is asked."""
    asked: list[Request] = []

    def evaluate_circuit(request: Request) -> Evaluation:
        asked.append(request)
        began = time.process_time()
        while time.process_time() < began + seconds:
            pass
        return found

    functions: dict[str, dict[str, Any]] = {
        "run_circuit": {"evaluate_circuit": evaluate_circuit},
        "device_measurement": {"measured": lambda request: SEEN},
    }
    for name, inside in functions.items():
        module = ModuleType(f"qdiag.bridges.running.{name}")
        module.__dict__.update(inside)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(qdiag.bridges.running, name, module, raising=False)
    return asked


SEEN = Measured("complex64")


REQUEST = Request(circuit(gate("RX", 0.3), measured=(expval(combination((2.0, Z), (1.0, Z))), probs(0))), BACKPROP)


def test_norms_time_and_what_the_device_shows_are_added_to_what_the_bridge_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Evaluation(BACKPROP, (np.array(0.5), np.array([0.5, 0.5])), vjps=((np.array(1.0),),), warnings=("odd",))
    asked = bridged(monkeypatch, found, seconds=0.02)
    after = evaluate(REQUEST)
    assert asked == [REQUEST]
    assert after.norms == pytest.approx((3.0, 1.0))
    assert 0.02 <= after.seconds < 5
    assert after.measured == SEEN
    assert (after.outputs, after.vjps, after.warnings) == (found.outputs, found.vjps, found.warnings)


def test_groups_of_shots_have_the_norms_of_their_measurements_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bridged(monkeypatch, Evaluation(BACKPROP, (np.zeros(()),) * 4))
    assert evaluate(REQUEST).norms == pytest.approx((3.0, 1.0, 3.0, 1.0))


def test_a_failure_is_a_value_that_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = Failure("DeviceError", "no", refusal=True)
    bridged(monkeypatch, Evaluation(BACKPROP, failure=failure), seconds=0.01)
    after = evaluate(REQUEST)
    assert (after.failure, after.outputs, after.norms, after.measured) == (failure, None, (), UNKNOWN)
    assert after.seconds >= 0.01


def test_what_was_worked_out_before_a_failure_keeps_its_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    bridged(monkeypatch, Evaluation(BACKPROP, (np.zeros(()), np.zeros(2)), failure=Failure("ValueError", "no", stage="backward")))
    assert evaluate(REQUEST).norms == pytest.approx((3.0, 1.0))
