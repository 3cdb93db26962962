"""Derivatives at random points, on PennyLane's own circuits: what is dead, what is steep, and how flat a deep circuit is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest

torch = pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")
if not hasattr(qml.tape, "QuantumScript"):
    pytest.skip("tapes were made otherwise", allow_module_level=True)

from qdiag.bridges.codec.tapes import circuit_of  # noqa: E402
from qdiag.diagnosis.training.landscape import Landscape, landscape_of, stands_in_a_valley  # noqa: E402
from qdiag.evaluation.workers import Inline  # noqa: E402
from qdiag.model.call import Backward  # noqa: E402
from tests.worlds.histories import history  # noqa: E402
from tests.worlds.results import call  # noqa: E402

pytestmark = pytest.mark.stack


def landscape(build: Callable[[], object], *shapes: tuple[int, ...], points: int = 4) -> Optional[Landscape]:
    with qml.queuing.AnnotatedQueue() as queue:
        build()
    made = call(circuit_of(qml.tape.QuantumScript.from_queue(queue), "tuple" if len(shapes) > 1 else "single"))
    made = replace(made, outputs=tuple(np.zeros(shape) for shape in shapes))
    return landscape_of(history([made], evaluator=Inline()), made, points)


def tracked(*shape: int) -> Any:
    return torch.full(shape, 0.3, dtype=torch.float64, requires_grad=True)


def layers(wires: int, depth: int) -> None:
    qml.StronglyEntanglingLayers(tracked(depth, wires, 3), wires=range(wires))
    qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


def test_what_changes_nothing_is_dead_entry_by_entry() -> None:
    def build() -> None:
        qml.RZ(tracked(), wires=0)
        qml.RX(tracked(), wires=0)
        qml.RY(tracked(), wires=1)
        qml.expval(qml.PauliZ(0))

    found = landscape(build, ())
    assert found is not None
    assert found.dead.tolist() == [True, False, True]


def test_one_row_of_a_batch_is_looked_at() -> None:
    def build() -> None:
        qml.RX(torch.linspace(0.1, 1.0, 4, dtype=torch.float64), wires=0)
        qml.RY(tracked(), wires=0)
        qml.probs(wires=0)

    found = landscape(build, (4, 2))
    assert found is not None
    assert found.slopes.shape == (4, 3, 1)
    assert found.slopes[:, 0] == pytest.approx(-found.slopes[:, 1])
    assert not found.dead.any()


@pytest.mark.parametrize(("wires", "depth", "flat"), [(8, 12, True), (4, 2, False)])
def test_deep_circuits_on_many_wires_are_flat_and_shallow_ones_are_not(wires: int, depth: int, flat: bool) -> None:
    found = landscape(lambda: layers(wires, depth), (), points=8)
    assert found is not None
    spread, low, high = found.spread
    assert low <= spread <= high
    assert (spread < 4 * 2 ** (-9 / 2)) == flat


def test_results_are_held_against_those_at_random_points_by_what_came_back_to_them() -> None:
    with qml.queuing.AnnotatedQueue() as queue:
        qml.RX(torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64), wires=0)
        qml.RY(tracked(), wires=1)
        qml.expval(qml.PauliZ(0))
        qml.expval(qml.PauliZ(1))
    made = call(circuit_of(qml.tape.QuantumScript.from_queue(queue), "tuple"))
    def said(result: float) -> bool:
        brought = Backward((np.array([0.5, 9.0, 9.0]), None), (None,), (False,))
        outputs = (np.array([result, 7.0, 7.0]), np.array([7.0, 7.0, 7.0]))
        return stands_in_a_valley(history([made], evaluator=Inline()), replace(made, outputs=outputs, backwards=(brought,)))

    # at random points the first row's first result is the cosine of its angle, which is data
    assert said(np.cos(0.1) - 0.01)
    assert not said(np.cos(0.1) + 0.01)
