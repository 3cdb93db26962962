"""One cell beside the reference: a state is a state in whatever phase, in the precision that the device has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.certifying.cells import _is_another_phase
from qdiag.certifying.task import Task
from qdiag.judging.arbiter.reference import Reference
from qdiag.model.certificate import OUTPUT
from qdiag.model.evaluation import Evaluation
from qdiag.model.measured import Measured
from qdiag.model.method import Method
from qdiag.model.specimen import Specimen
from tests.worlds.certificates import specimen

STATE = np.array([0.5, 0.5j, -0.5, 0.5], dtype=np.complex128)
OURS = Reference(outputs=(STATE,), errors=(0.0,), norms=(1.0,), ranges=(None,))
DEVICE = Method("a", "")


def shows_another_phase(state: np.ndarray, precision: str = "complex128") -> bool:
    one: Specimen = specimen()
    task = Task(replace(one, circuit=replace(one.circuit, measurements=one.circuit.measurements)), DEVICE, ())
    return _is_another_phase(task, OUTPUT, Evaluation(DEVICE, (state,), measured=Measured(precision)), OURS)


@pytest.mark.parametrize("angle", [0.3, 2.0, np.pi])
def test_a_state_in_another_phase_is_the_same(angle: float) -> None:
    assert shows_another_phase(STATE * np.exp(1j * angle))


def test_also_where_the_device_works_in_single_precision() -> None:
    assert shows_another_phase((STATE * np.exp(0.7j)).astype(np.complex64).astype(np.complex128) + 1e-7, "complex64")


def test_another_state_is_not() -> None:
    assert not shows_another_phase(np.array([1, 0, 0, 0], dtype=np.complex128))
    assert not shows_another_phase(STATE * [1, 1, 1, -1])


def test_a_state_of_another_size_or_without_numbers_is_not() -> None:
    assert not shows_another_phase(STATE[:2])
    assert not shows_another_phase(STATE * np.nan)
