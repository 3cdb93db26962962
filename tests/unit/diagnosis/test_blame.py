"""What is to blame before any cause is asked: operations of one name stand together, and what raises is found by leaving out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Optional, Union

import numpy as np

from qdiag.diagnosis.blame import MOST_LEFT_OUT, blamed_for_gradients, blamed_for_raising
from qdiag.diagnosis.symptoms import Blamed
from qdiag.judging.question import Question
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import ARBITER
from qdiag.model.parameter import Parameter
from tests.worlds.small_circuits import circuit, expval, gate, gathered
from tests.worlds.symptoms import PAIR, World, arbiter_of, of, rotation

THREE = of(rotation(name="RY"), rotation(name="Givens"), rotation(name="Givens", wire=1))


def question(circuit: Circuit) -> Question:
    own, other = PAIR
    return Question(circuit, (own, other))


# --- gradients -------------------------------------------------------------------------------------------------------------------


def test_all_operations_of_the_first_wrong_ones_name_are_to_blame_for_wrong_gradients() -> None:
    assert blamed_for_gradients(question(THREE), [1, 2]) == Blamed("operation", 1, "Givens", (1, 2))
    assert blamed_for_gradients(question(THREE), [0, 2]) == Blamed("operation", 0, "RY", (0,))


def test_a_measurement_is_called_as_users_write_it() -> None:
    weighted = circuit(rotation(), measured=(expval(gathered("Sum", gate("PauliZ"), gate("PauliX", 0.3))),))
    assert str(blamed_for_gradients(question(weighted), [1])) == "expval (measurement 0)"


def test_where_no_gradient_is_wrong_nothing_is_to_blame() -> None:
    assert blamed_for_gradients(question(THREE), []) is None


def test_a_coefficient_is_in_its_measurement() -> None:
    measured = of(rotation(), measurement=rotation(name="ExpectationMP"))
    assert blamed_for_gradients(question(measured), [1]) == Blamed("measurement", 0, "expval", (1,))


# --- exceptions ------------------------------------------------------------------------------------------------------------------


def blamed(circuit: Circuit, raises: Callable[[Circuit], bool]) -> Optional[Blamed]:
    """What is to blame where a method raises on these circuits."""

    def error(request: Request) -> Union[float, Evaluation]:
        failure = Failure("TypeError", "no") if request.method == PAIR[0] and raises(request.circuit) else None
        return 0.0 if failure is None else Evaluation(request.method, failure=failure)

    return blamed_for_raising(question(circuit), World(error))


def on_any_of(*names: str) -> Callable[[Circuit], bool]:
    return lambda circuit: any(node.name in names for node in circuit.operations)


def on_tracked(name: str) -> Callable[[Circuit], bool]:
    return lambda circuit: any(node.name == name and parameter.trainable for node in circuit.operations for parameter in node.data)


BRIEF = of(replace(rotation(), data=(Parameter(np.array(0.4), "torch", True, foreign="bfloat16"),)), rotation(name="RY"))


def test_the_dtype_is_to_blame_where_nothing_raises_in_double_precision() -> None:
    found = blamed(BRIEF, lambda circuit: any(p.foreign for p in circuit.parameters))
    assert (found, str(found)) == (Blamed("dtype", 0, "bfloat16"), "bfloat16 parameters")


def test_the_dtype_is_not_where_double_precision_raises_too() -> None:
    assert blamed(BRIEF, on_any_of("RX")) == Blamed("operation", 0, "RX", (0,), (0,))


def test_single_precision_is_to_blame_under_jax_with_arrays_of_64_bits_alone() -> None:
    single = of(rotation(dtype="float32"))

    def error(request: Request) -> Union[float, Evaluation]:
        raises = request.method == PAIR[0] and request.circuit.parameters[:1] and request.circuit.parameters[0].dtype == "float32"
        return Evaluation(request.method, failure=Failure("TypeError", "no")) if raises else 0.0

    asked = question(single)
    assert blamed_for_raising(asked, World(error)) == Blamed("measurement", 0, "expval"), "another gate on that number raises as well"
    in_double = replace(asked, interface="jax", default_dtype="float64")
    assert blamed_for_raising(in_double, World(error)) == Blamed("dtype", 0, "float32")


def test_operations_are_to_blame_that_raise_when_they_alone_are_tracked() -> None:
    assert blamed(THREE, on_tracked("Givens")) == Blamed("operation", 1, "Givens", (1, 2))


def test_beside_the_arbiter_it_is_found_as_beside_a_method() -> None:
    def error(request: Request) -> Union[float, Evaluation]:
        failed = request.method == PAIR[0] and on_any_of("Givens")(request.circuit)
        return Evaluation(request.method, failure=Failure("TypeError", "no")) if failed else 0.0

    alone, world = of(rotation(name="RY"), rotation(name="Givens")), World(error)
    asked = replace(question(alone), methods=(PAIR[0], ARBITER))
    assert blamed_for_raising(asked, world, arbiter_of(world)) == Blamed("operation", 1, "Givens", (1,), (1,))


def test_an_elementary_gate_that_is_trained_before_what_raises_is_not_to_blame() -> None:
    behind = of(rotation(name="RY"), rotation(name="Givens", trainable=False), rotation(name="RX"))

    def raises(circuit: Circuit) -> bool:
        names = [node.name for node in circuit.operations]
        return "Givens" in names and any(p.trainable for node in circuit.operations[: names.index("Givens")] for p in node.data)

    assert blamed(behind, raises) == Blamed("operation", 1, "Givens", (), (1,), (0,))


def test_of_several_names_all_are_told() -> None:
    four = of(*THREE.operations, rotation(name="RZ"))
    raises = lambda circuit: on_tracked("Givens")(circuit) or on_tracked("RZ")(circuit)  # noqa: E731 - it is one predicate of two
    assert blamed(four, raises) == Blamed("operation", 1, "Givens, RZ", (1, 2, 3))


def test_where_each_one_raises_alone_tracking_tells_nothing() -> None:
    assert blamed(THREE, on_any_of("RY")) == Blamed("operation", 0, "RY", (0,), (0,))


def test_an_operation_without_which_nothing_raises_is_to_blame_although_nothing_of_it_is_tracked() -> None:
    circuit = of(rotation(name="RY", trainable=False), rotation(name="Givens"), rotation(name="Givens", wire=1))
    assert blamed(circuit, on_any_of("RY")) == Blamed("operation", 0, "RY", (), (0,))


def test_where_it_takes_all_of_a_name_all_are() -> None:
    assert blamed(THREE, on_any_of("Givens")) == Blamed("operation", 1, "Givens", (1, 2), (1, 2))


def test_where_several_names_raise_each_by_itself_all_are() -> None:
    circuit = of(rotation(name="RY"), rotation(name="Evolution", trainable=False), rotation(name="Givens", trainable=False))
    assert blamed(circuit, on_any_of("Evolution", "Givens")) == Blamed("operation", 1, "Evolution, Givens", (), (1, 2))


def test_where_there_are_too_many_operations_to_try_each_by_itself_it_is_the_measurement() -> None:
    many = of(*(rotation(name="RY") for _ in range(MOST_LEFT_OUT)), rotation(name="Evolution"), rotation(name="Givens"))
    assert blamed(many, on_any_of("Evolution", "Givens")) == Blamed("measurement", 0, "expval")


def test_where_it_takes_all_there_are_it_is_none_of_them() -> None:
    assert blamed(of(rotation(), rotation()), on_any_of("RX")) == Blamed("measurement", 0, "expval")


def test_where_it_raises_whatever_is_left_out_it_is_the_measurement() -> None:
    assert blamed(THREE, on_any_of("RY", "Givens")) == Blamed("measurement", 0, "expval")


def test_without_a_measurement_nothing_is_to_blame() -> None:
    def bare(operations: Sequence[object]) -> Circuit:
        return Circuit(tuple(operations), ())  # type: ignore[arg-type]

    assert blamed(bare(THREE.operations), lambda circuit: True) is None


def test_a_gate_that_holds_all_that_is_trained_is_not_to_blame_for_what_a_rotation_in_its_place_raises_on_too() -> None:
    trains = lambda circuit: bool(circuit.trainable)  # noqa: E731 - the refusal of whatever is differentiated
    assert blamed(of(rotation(name="RY"), rotation(name="CNOT", trainable=False)), trains) == Blamed("measurement", 0, "expval")


def test_that_holds_where_both_rotations_that_could_take_their_place_are_left_out() -> None:
    trains = lambda circuit: bool(circuit.trainable)  # noqa: E731 - the refusal of whatever is differentiated
    every_turn = of(rotation(name="RX"), rotation(name="RY"), rotation(name="CNOT", trainable=False))
    assert blamed(every_turn, trains) == Blamed("measurement", 0, "expval")


def test_a_gate_that_holds_all_that_is_trained_is_to_blame_where_a_rotation_does_not_raise() -> None:
    assert blamed(of(rotation(name="Givens")), on_any_of("Givens")) == Blamed("operation", 0, "Givens", (0,), (0,))
    assert blamed(of(rotation(name="RX")), on_any_of("RX")) == Blamed("operation", 0, "RX", (0,), (0,))


def blamed_by(circuit: Circuit, error: Callable[[Circuit], Optional[float]]) -> Optional[Blamed]:
    """What is to blame where one of the two is off by so much on these circuits, and raises on those for which there is no number."""

    def answer(request: Request) -> Union[float, Evaluation]:
        gap = error(request.circuit) if request.method == PAIR[0] else 0.0
        return Evaluation(request.method, failure=Failure("TypeError", "no")) if gap is None else gap

    return blamed_for_raising(question(circuit), World(answer))


def has(circuit: Circuit, name: str) -> bool:
    return any(node.name == name for node in circuit.operations)


def test_of_two_that_only_raise_together_that_one_is_to_blame_without_which_nothing_is_left() -> None:
    """A fault that is left without the other is the first one's, too: an adjoint of a gate of light is wrong without."""
    circuit = of(rotation(name="Displacement", trainable=False), rotation(name="Givens"))
    off = lambda found: (None if has(found, "Displacement") else 0.3) if has(found, "Givens") else 0.0  # noqa: E731
    assert blamed_by(circuit, off) == Blamed("operation", 1, "Givens", (1,), (1,), (0,))


def test_of_two_that_only_raise_together_no_elementary_gate_is_to_blame() -> None:
    circuit = of(rotation(name="RX"), rotation(name="RY"), rotation(name="Givens", trainable=False))
    both = lambda found: None if has(found, "RX") and has(found, "Givens") else 0.0  # noqa: E731 - said where it is asked
    found = blamed_by(circuit, both)
    assert found is not None
    assert (found.name, found.too) == ("Givens", (0,))


def test_frozen_parameters_that_leave_a_wrong_gradient_are_not_what_it_raises_on() -> None:
    circuit = of(rotation(name="RY"), rotation(name="Givens"))

    def off(found: Circuit) -> Optional[float]:
        if not has(found, "Givens"):
            return 0.0
        return None if on_tracked("RY")(found) else 0.6

    found = blamed_by(circuit, off)
    assert found is not None
    assert (found.position, found.name) == (1, "Givens")


def test_a_measurement_that_not_every_rule_covers_is_to_blame_before_what_is_tracked() -> None:
    measured = of(*THREE.operations, measurement=replace(rotation(name="VarianceMP"), data=()))
    raises = lambda found: any(node.name == "VarianceMP" for node in found.measurements) and on_tracked("RY")(found)  # noqa: E731
    assert blamed(measured, raises) == Blamed("measurement", 0, "var")
    assert blamed(measured, on_tracked("RY")) == Blamed("operation", 0, "RY", (0,))


def test_shots_are_to_blame_where_nothing_raises_without() -> None:
    sampled = replace(THREE, shots=(100,))
    found = blamed(sampled, lambda circuit: bool(circuit.shots))
    assert (found, str(found)) == (Blamed("shots", 0, "100 shots"), "100 shots")
    assert blamed(sampled, on_any_of("RY")) == Blamed("operation", 0, "RY", (0,), (0,))


def short_of_wires(*, refusal: bool, enough: int = 3, device: tuple[object, ...] = (0, 1)) -> Optional[Blamed]:
    """What is to blame where a method raises on devices of fewer wires than it needs."""

    def error(request: Request) -> Union[float, Evaluation]:
        raises = request.method == PAIR[0] and bool(request.device_wires) and len(request.device_wires) < enough
        failure = Failure("WireError", "The device has no free wire.", refusal=refusal)
        return Evaluation(request.method, failure=failure) if raises else 0.0

    return blamed_for_raising(replace(question(THREE), device_wires=device), World(error))


def test_the_devices_wires_are_to_blame_where_pennylane_refuses_for_want_of_one() -> None:
    found = short_of_wires(refusal=True)
    assert (found, str(found)) == (Blamed("wires", 0, "a device of 2 wires"), "a device of 2 wires")


def test_the_devices_wires_are_not_where_more_do_not_help_nor_where_it_breaks_down_without_a_word() -> None:
    assert short_of_wires(refusal=True, enough=9) == short_of_wires(refusal=False) == Blamed("measurement", 0, "expval")


def test_what_does_not_raise_by_itself_is_blamed_on_nothing() -> None:
    assert blamed(THREE, lambda circuit: False) is None
