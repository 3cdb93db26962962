"""What of a minimal circuit may vary, and the closest one that agrees."""

from __future__ import annotations

from qdiag.model.circuit import Circuit
from qdiag.model.node import parameters_of
from qdiag.proving.minimizing.oracle import Oracle
from qdiag.proving.minimizing.what_may_vary import explain
from tests.worlds.small_circuits import WORKSHOP, Z, circuit, controlled, expval, gate, names, sketch

MINIMAL = circuit(gate("RX", 0.5), gate("CNOT", wires=(0, 1)), gate("RY", 0.0, trainable=True))


def singular(candidate: Circuit) -> bool:
    """Interesting where some RY has the angle 0, whatever stands before it."""
    return any(node.name == "RY" and parameters_of(node)[0].value == 0.0 for node in candidate.operations)


def explained(interesting=singular, agrees=lambda candidate: True, start: Circuit = MINIMAL):
    return explain(start, Oracle(interesting), agrees, WORKSHOP)


def test_numbers_that_may_be_anything_are_free_and_those_that_may_not_are_not() -> None:
    assert explained().free_numbers == ((0, 0),)


def test_operations_are_free_where_others_of_their_kind_do_as_well() -> None:
    assert explained().free_operations == (0, 1)


def test_the_closest_twin_is_one_number_away() -> None:
    found = explained()
    assert found.twin is not None
    assert sketch(found.twin).startswith("RX(0.5)[0] CNOT[0,1] RY(0.37*)[0]")
    assert found.change == "0.37 for 0 in RY on wire 0"


def test_a_twin_must_agree_and_not_merely_fail() -> None:
    found = explained(agrees=lambda candidate: "RY" not in names(candidate))
    assert found.twin is not None
    assert found.change == "RX in the place of RY on wire 0"
    assert explained(agrees=lambda candidate: False).twin is None


def test_a_precision_that_matters_is_a_twin_of_its_own() -> None:
    narrow = circuit(gate("RX", 0.5, trainable=True, dtype="float32"))
    found = explained(lambda candidate: any(p.value.dtype == "float32" for p in candidate.parameters), start=narrow)
    assert (found.free_numbers, found.free_operations) == (((0, 0),), (0,))
    assert found.change == "float64 numbers"


def test_a_measurement_or_an_operation_left_out_is_the_last_resort() -> None:
    two = circuit(gate("PauliX"), measured=(expval(Z), expval(Z)), returns="tuple")
    found = explained(lambda candidate: len(candidate.measurements) == 2, start=two)
    assert found.change == "without the measurement ExpectationMP on wire 0"


def test_it_is_said_in_sentences() -> None:
    assert explained().sentences(MINIMAL) == (
        "any number in RX on wire 0 shows it",
        "another gate in the place of RX on wire 0 shows it, too",
        "another gate in the place of CNOT on wires 0, 1 shows it, too",
        "the two agree with 0.37 for 0 in RY on wire 0",
    )


def test_where_only_some_numbers_of_an_operation_are_free_not_every_one_is_called_so() -> None:
    start = circuit(gate("Embedding", [0.0, 1.0]))
    found = explained(lambda candidate: parameters_of(candidate.operations[0])[0].value[0] == 0.0, start=start)
    assert found.sentences(start) == (
        "some of the numbers in Embedding on wire 0 may be any others",
        "the two agree with 0.37 for 0 in Embedding on wire 0",
    )


def test_a_simpler_operator_is_said_with_what_it_replaces() -> None:
    start = circuit(controlled(gate("MultiRZ", 0.0, wires=(1, 2)), 0))
    found = explained(lambda candidate: any(node.wires == (0, 1, 2) for node in candidate.operations), start=start)
    assert found.sentences(start)[-1] == "the two agree with Controlled(RZ) on wires 0, 1 for Controlled(MultiRZ) on wires 0, 1, 2"


def test_what_must_not_be_missing_is_said_so() -> None:
    start = circuit(gate("Mine"))
    found = explained(lambda candidate: bool(candidate.operations), start=start)
    assert found.sentences(start) == ("the two agree without Mine on wire 0",)


def test_without_a_workshop_no_operation_is_called_free() -> None:
    assert explain(MINIMAL, Oracle(singular), lambda candidate: True).free_operations == ()
