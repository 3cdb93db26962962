"""A circuit beside itself: rows of a batch are the reference of the whole, and what must not matter does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from qdiag.certifying.companions import contradiction, joined_references, rows_of
from qdiag.judging.arbiter.reference import Reference
from qdiag.model.call import Failure
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import PLAIN
from qdiag.model.specimen import Rank, Specimen
from tests.worlds.small_circuits import circuit, gate

BATCH = circuit(gate("RY", 0.4), gate("RX", [0.1, 0.2, 0.3], trainable=True))


def batch(rows: int = 3) -> Specimen:
    return Specimen("RX", "RX", "probs", BATCH, Rank.BATCH, f"batch of {rows}", own=(1,), rows=rows)


def row(value: float, **rest: object) -> Reference:
    return replace(Reference((np.array([value, 1 - value]),), (1e-15,), (1.0,), ((0.0, 1.0),)), **rest)  # type: ignore[arg-type]


def test_each_row_of_a_batch_is_a_plain_circuit() -> None:
    found = rows_of(batch())
    assert [float(one.parameters[1].value) for one in found] == [0.1, 0.2, 0.3]
    assert all(float(one.parameters[0].value) == 0.4 for one in found)
    assert rows_of(replace(batch(), rows=0)) == ()


def test_rows_together_are_the_reference_of_the_batch_with_the_largest_error_of_them_all() -> None:
    found = joined_references([row(0.25), row(0.5, errors=(1e-13,))])
    assert found.outputs is not None
    np.testing.assert_array_equal(found.outputs[0], [[0.25, 0.75], [0.5, 0.5]])
    assert found.errors == (1e-13,)
    assert not found.slopes.size


def test_a_row_that_is_not_known_leaves_the_whole_unknown() -> None:
    assert joined_references([row(0.25), Reference(reason="no matrix")]).outputs is None
    assert joined_references([]).outputs is None


def world(rule: Callable[[Request], float]) -> Callable[[Request], Evaluation]:
    return lambda request: Evaluation(PLAIN, (np.array(rule(request)),))


REQUEST = Request(circuit(gate("RY", 0.4), gate("RX", 0.2, trainable=True)), PLAIN, device_wires=(0, 1))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda request: 0.5, ""),
        (lambda request: 0.5 if 0 in request.circuit.wires else 0.4, "on wires with other names"),
        (lambda request: 0.1 * len(request.circuit.operations), "with a rotation and its inverse at the end"),
        (lambda request: {"torch": 0.5}.get(request.interface, 0.4), "with numbers of autograd"),
        (lambda request: {"torch": 0.5}.get(request.interface, np.nan), "with numbers of autograd"),
    ],
)
def test_a_circuit_that_gives_other_numbers_written_in_another_way_contradicts_itself(
    rule: Callable[[Request], float], words: str
) -> None:
    ask = world(rule)
    assert contradiction(ask(REQUEST), REQUEST, 1e-9, ask)[0] == words


def test_rounding_is_no_contradiction_and_what_fails_says_nothing() -> None:
    near = world(lambda request: 0.5 + 1e-12 * len(request.circuit.operations))
    assert contradiction(near(REQUEST), REQUEST, 1e-9, near) == ("", 0.0)
    failed = Evaluation(PLAIN, failure=Failure("ValueError", "no"))
    assert contradiction(near(REQUEST), REQUEST, 1e-9, lambda request: failed) == ("", 0.0)


def test_the_same_device_is_asked_with_its_wires_renamed() -> None:
    seen: list[Request] = []

    def ask(request: Request) -> Evaluation:
        seen.append(request)
        return Evaluation(PLAIN, (np.array(0.5),))

    contradiction(ask(REQUEST), REQUEST, 1e-9, ask)
    assert seen[1].device_wires == ("q0", "q1")
    assert set(seen[1].circuit.wires) == {"q0"}
