"""QD5: which experiments tell that a circuit runs otherwise than it was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.diagnosis.disturbance import Disturbance
from qdiag.diagnosis.experiments.rows import MOST_ROWS
from qdiag.diagnosis.facts import REBOUND, ROWS
from qdiag.diagnosis.symptoms import Blamed, Symptoms
from qdiag.model.call import Configuration, Failure, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import ARBITER, Method
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_trainable
from tests.worlds.methods import ADJOINT, BACKPROP, methods
from tests.worlds.symptoms import PAIR, World, adjoint, arbiter_of, expectation, found, observable_of, of, rotation, symptoms

TWO = of(rotation(), rotation(name="RY", wire=1))
DEVICES = methods("lightning.qubit/adjoint", "default.qubit/backprop")


# --- QD501: broadcasting ---------------------------------------------------------------------------------------------------


def batch() -> Circuit:
    node = rotation()
    (angle,) = (part for part in node.data if isinstance(part, Parameter))
    return of(replace(node, data=(replace(angle, value=np.array([0.1, 0.2])),)))


def rows(circuit: Circuit, trusted: bool) -> tuple[Circuit, ...]:
    return (of(rotation(0.1)), of(rotation(0.2)))


def test_a_gap_that_no_row_shows_alone_comes_from_broadcasting() -> None:
    world = World(lambda request: 0.1 if adjoint(request) and request.circuit.parameters[0].value.ndim else 0.0, facts={"rows": rows})
    diagnosis = found(world, symptoms(world, batch(), known={ROWS: 2}))
    assert (diagnosis.code, diagnosis.confidence) == ("QD501", "confirmed")


def test_a_gap_that_one_row_shows_does_not() -> None:
    world = World(lambda request: 0.1 if adjoint(request) else 0.0, facts={"rows": rows})
    diagnosis = found(world, symptoms(world, batch(), known={ROWS: 2}))
    assert diagnosis.code != "QD501"
    assert "QD501" in diagnosis.ruled_out


def test_a_gap_that_does_not_show_in_the_first_row_does_not_either() -> None:
    def error(request: Request) -> float:
        value = request.circuit.parameters[0].value
        return 0.1 if adjoint(request) and (value.ndim or value != 0.1) else 0.0

    world = World(error, facts={"rows": rows})
    diagnosis = found(world, symptoms(world, batch(), known={ROWS: 2}))
    assert diagnosis.code != "QD501"
    assert "QD501" in diagnosis.ruled_out


def batch_of(count: int) -> Circuit:
    node = rotation()
    (angle,) = (part for part in node.data if isinstance(part, Parameter))
    shared = rotation(0.3, name="RY")
    return of(replace(node, data=(replace(angle, value=np.arange(count) / count, trainable=False),)), shared)


def of_shared_weight(count: int, bad: int, *, beside: Method = BACKPROP) -> tuple[World, Symptoms]:
    """The gradient of a weight that all rows share is off, alone as well in one row."""
    each = tuple(of(rotation(row / count, trainable=False), rotation(0.3, name="RY")) for row in range(count))

    def error(request: Request) -> float:
        value = request.circuit.parameters[0].value
        return 0.1 if adjoint(request) and (value.ndim or value == bad / count) else 0.0

    world = World(error, facts={"rows": lambda circuit, trusted: each})
    blamed, pair = Blamed("operation", 1, "RY", (1,)), (ADJOINT, beside)
    return world, symptoms(world, batch_of(count), pair, known={ROWS: count}, blamed=blamed, reference=arbiter_of(world))


@pytest.mark.parametrize("beside", [BACKPROP, ARBITER], ids=str)
@pytest.mark.parametrize("bad", [0, 13, 19])
def test_a_shared_weights_gradient_that_one_row_alone_gets_wrong_does_not_come_from_broadcasting(bad: int, beside: Method) -> None:
    diagnosis = found(*of_shared_weight(20, bad, beside=beside))
    assert diagnosis.code != "QD501"
    assert "QD501" in diagnosis.ruled_out


def test_one_that_no_row_gets_wrong_does() -> None:
    diagnosis = found(*of_shared_weight(20, -1))
    assert (diagnosis.code, diagnosis.confidence) == ("QD501", "confirmed")


def test_of_more_rows_than_can_be_asked_it_is_not_confirmed() -> None:
    assert found(*of_shared_weight(MOST_ROWS + 1, -1)).code != "QD501"


def raising_on_a_batch(world: World) -> Symptoms:
    seen = symptoms(world, batch(), known={ROWS: 2}, blamed=Blamed("operation", 0, "RX", (0,), (0,)))
    comparison = Comparison(PAIR, Verdict.ERROR, Signature.RAISE, detail="NotImplementedError")
    return replace(seen, divergence=replace(seen.divergence, comparison=comparison, raised=((PAIR[0], REFUSED),)))


REFUSED = Failure("NotImplementedError", "broadcasted tapes")


def test_a_method_that_raises_on_no_row_alone_does_not_take_the_batch() -> None:
    of_the_batch = lambda request: any(p.value.ndim for p in request.circuit.parameters)  # noqa: E731 - said where it is asked
    world = World(
        lambda request: Evaluation(request.method, failure=REFUSED) if adjoint(request) and of_the_batch(request) else 0.0,
        facts={"rows": rows},
    )
    diagnosis = found(world, raising_on_a_batch(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD501", "confirmed")
    assert "QD304" in diagnosis.ruled_out
    assert "a batch of them together" in diagnosis.because


def test_one_that_raises_on_the_numbers_of_a_later_row_does() -> None:
    bad = lambda request: any(np.any(p.value == 0.2) for p in request.circuit.parameters)  # noqa: E731 - said where it is asked
    world = World(
        lambda request: Evaluation(request.method, failure=REFUSED) if adjoint(request) and bad(request) else 0.0, facts={"rows": rows}
    )
    diagnosis = found(world, raising_on_a_batch(world))
    assert diagnosis.code != "QD501"
    assert "QD501" in diagnosis.ruled_out


# --- QD502: decomposition changes the result -------------------------------------------------------------------------------


def decomposed(circuit: Circuit, positions: object, trusted: bool) -> Circuit:
    return of(rotation(name="RZ"), rotation(name="RY", wire=1))


def test_outputs_that_agree_once_all_is_decomposed_differ_by_the_decomposition() -> None:
    world = World(
        lambda request: 0.1 if adjoint(request) and request.circuit.operations[0].name == "RX" else 0.0,
        output=True,
        facts={"expansion_of": decomposed},
    )
    diagnosis = found(world, symptoms(world, TWO))
    assert (diagnosis.code, diagnosis.confidence) == ("QD502", "confirmed")


def test_outputs_that_differ_then_too_do_not() -> None:
    world = World(lambda request: 0.1 if adjoint(request) else 0.0, output=True, facts={"expansion_of": decomposed})
    diagnosis = found(world, symptoms(world, TWO))
    assert diagnosis.code != "QD502"
    assert "QD502" in diagnosis.ruled_out


# --- QD510: an operation is another one once its numbers are bound anew ---------------------------------------------------


def bound_anew(request: Request) -> float:
    """Wrong under adjoint as long as the operation stands there."""
    return 0.1 if adjoint(request) and request.circuit.operations[0].name == "CRot" else 0.0


def other(circuit: Circuit, *_: object) -> Circuit:
    """The circuit with what becomes of the operation once it is bound anew."""
    return replace(circuit, operations=(replace(circuit.operations[0], name="Rot"), *circuit.operations[1:]))


CHANGED = {REBOUND: ((0, "CRot"),)}
"""What PennyLane says of that operation once it has been bound to its own numbers."""

BINDING: dict[str, Callable[..., Any]] = {"expansion_of": decomposed, "bound_anew": other}


def kept_as(container: str) -> Circuit:
    """A constant in a tensor, or not, before what is differentiated."""
    constant = rotation(name="CRot", trainable=False)
    held = replace(constant, data=tuple(replace(p, container=container) for p in constant.data if isinstance(p, Parameter)))
    return of(held, rotation(name="RY", wire=1))


@pytest.mark.parametrize("container", ["torch", "numpy"])
@pytest.mark.parametrize("tracked", [False, True])
def test_an_operation_that_binding_changes_is_told_from_its_decomposition(container: str, tracked: bool) -> None:
    circuit = kept_as(container)
    circuit = with_trainable(circuit, range(len(circuit.parameters))) if tracked else circuit
    world = World(bound_anew, output=True, facts=BINDING)
    diagnosis = found(world, symptoms(world, circuit, known=CHANGED))
    assert (diagnosis.code, diagnosis.confidence) == ("QD510", "confirmed")
    assert "CRot" in diagnosis.because
    assert "QD502" in diagnosis.ruled_out, "decomposed, it is never bound"


def test_another_fault_beside_an_operation_that_binding_would_change_is_not_put_down_to_binding() -> None:
    """A decomposition with a wrong sign: that other operation in its place heals nothing."""
    wrong = lambda request: 0.1 if adjoint(request) and request.circuit.operations[1].name == "RY" else 0.0  # noqa: E731
    facts: dict[str, Callable[..., Any]] = {**BINDING, "expansion_of": lambda circuit, *_: of(rotation(), rotation(name="RZ", wire=1))}
    world = World(wrong, output=True, facts=facts)
    diagnosis = found(world, symptoms(world, kept_as("torch"), known=CHANGED))
    assert (diagnosis.code, diagnosis.confidence) == ("QD502", "confirmed")
    assert "QD510" in diagnosis.ruled_out


def test_a_device_that_ignores_the_very_setting_is_not_put_down_to_binding() -> None:
    """The other operation heals it, since it has no setting to ignore; another device does, too."""
    wrong = lambda request: bound_anew(request) if request.method.device == "lightning.qubit" else 0.0  # noqa: E731
    world = World(wrong, output=True, facts={**BINDING, "expansion_of": lambda circuit, *_: circuit})
    diagnosis = found(world, symptoms(world, kept_as("torch"), DEVICES, known=CHANGED))
    assert (diagnosis.code, diagnosis.confidence) == ("QD503", "confirmed")
    assert "QD510" in diagnosis.ruled_out


def test_where_binding_changes_nothing_a_decomposition_is_to_blame() -> None:
    world = World(bound_anew, output=True, facts={"expansion_of": decomposed})
    assert found(world, symptoms(world, kept_as("torch"))).code == "QD502"


IN_SINGLE = Configuration("circuit", SourceLine("train.py", 3), "lightning.qubit", interface="torch", default_dtype="float32")


def of_constants(request: Request) -> float:
    undecomposed = request.circuit.operations[0].name == "RX"
    return 3e-8 if adjoint(request) and undecomposed and request.default_dtype == "float32" else 0.0


def test_a_small_gap_that_a_wider_default_dtype_closes_is_neither_the_decompositions_nor_the_devices() -> None:
    world = World(of_constants, output=True, facts={"expansion_of": decomposed})
    diagnosis = found(world, symptoms(world, TWO, DEVICES, configuration=IN_SINGLE))
    assert (diagnosis.code, diagnosis.confidence) == ("QD103", "confirmed")
    assert {"QD502", "QD503"} <= {*diagnosis.ruled_out}


def test_a_large_one_is_not_asked_about_the_default_dtype() -> None:
    world = World(lambda request: 1e6 * of_constants(request), output=True, facts={"expansion_of": decomposed})
    assert "QD502" not in found(world, symptoms(world, TWO, configuration=IN_SINGLE)).ruled_out


# --- QD503: device kernel --------------------------------------------------------------------------------------------------


def test_a_gap_that_goes_with_the_device_is_the_devices() -> None:
    world = World(lambda request: 0.1 if request.method.device == "lightning.qubit" else 0.0)
    diagnosis = found(world, symptoms(world, TWO, DEVICES))
    assert (diagnosis.code, diagnosis.confidence) == ("QD503", "confirmed")


def test_a_gap_that_the_reference_device_shows_too_is_not() -> None:
    world = World(lambda request: 0.1 if adjoint(request) else 0.0)
    diagnosis = found(world, symptoms(world, TWO, DEVICES))
    assert diagnosis.code != "QD503"
    assert "QD503" in diagnosis.ruled_out


BACKWARDS = of(rotation(wire=1), rotation(name="RY", wire=0))


def test_a_gap_that_goes_when_wires_are_numbered_as_used_is_the_devices_too() -> None:
    world = World(lambda request: 0.1 if adjoint(request) and request.circuit.wires == (1, 0) else 0.0)
    diagnosis = found(world, symptoms(world, BACKWARDS))
    assert (diagnosis.code, diagnosis.confidence) == ("QD503", "confirmed")
    assert "order of the wires" in diagnosis.because


def test_a_gap_whatever_the_wires_are_called_is_not() -> None:
    world = World(lambda request: 0.1 if adjoint(request) else 0.0)
    assert "QD503" in found(world, symptoms(world, BACKWARDS)).ruled_out


# --- QD502 and QD503 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alike", "code"), [(True, "QD503"), (False, "QD502")])
def test_a_gate_that_a_device_has_wrong_is_right_in_pieces_and_that_does_not_blame_the_pieces(alike: bool, code: str) -> None:
    world = World(
        lambda request: 0.1 if request.method.device == "lightning.qubit" and request.circuit.operations[0].name == "RX" else 0.0,
        output=True,
        facts={"expansion_of": decomposed},
    )
    diagnosis = found(world, symptoms(world, TWO, DEVICES, decomposes_alike=alike))
    assert diagnosis.code == code
    assert (diagnosis.confidence == "confirmed") is alike


# --- QD508: measurements of one QNode disturb each other ---------------------------------------------------------------------

BESIDE = replace(TWO, measurements=(expectation("PauliX"), expectation(), expectation(wire=1)), returns="tuple")
BY_THE_FIRST = Disturbance(1, (0,), DEVICES[0])


def disturbing(output: bool, alone: float = 0.0, everywhere: bool = False) -> World:
    """A device that puts an expectation of Z off where one of X is measured, too, and any one a little if it is told to."""

    def answer(request: Request) -> Evaluation:
        faulty = everywhere or request.method.device == "lightning.qubit"
        names = [observable_of(one).name for one in request.circuit.measurements]
        errors = [0.1 if faulty and "PauliX" in names and name == "PauliZ" else alone * faulty for name in names]
        slopes = tuple(tuple(np.array(0.5 + error * (not output)) for _ in request.circuit.trainable) for error in errors)
        outputs = tuple(np.array(0.3 + error * output) for error in errors)
        return Evaluation(request.method, outputs, jacobian=slopes if request.jacobian else None, norms=(1.0,) * len(names))

    return World(answer, output)


@pytest.mark.parametrize("output", [True, False], ids=["outputs", "gradients"])
def test_a_result_that_is_right_alone_was_disturbed_and_no_kernel_or_rule_is_wrong(output: bool) -> None:
    world = disturbing(output)
    diagnosis = found(world, symptoms(world, BESIDE, DEVICES, disturbance=BY_THE_FIRST, apart=() if output else (0, 1)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD508", "confirmed")
    assert [one.experiment for one in diagnosis.evidence][:3] == [
        "measured alone",
        "parameters moved by 0.3",
        "the other measurements removed",
    ]
    assert "QD503" in diagnosis.ruled_out
    assert "expval of PauliZ on wire 0 comes out otherwise beside expval of PauliX on wire 0 than alone" in diagnosis.because


def test_a_gradient_that_company_makes_zero_is_not_one_that_was_dropped() -> None:
    world = disturbing(output=False)
    diagnosis = found(world, symptoms(world, BESIDE, DEVICES, disturbance=BY_THE_FIRST, apart=(0,), lost=(0,)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD508", "confirmed")
    assert "QD302" in diagnosis.ruled_out


def test_what_stays_wrong_alone_was_not_disturbed() -> None:
    world = disturbing(output=True, alone=0.05)
    diagnosis = found(world, symptoms(world, BESIDE, DEVICES, disturbance=BY_THE_FIRST))
    assert diagnosis.code != "QD508"
    assert "QD508" in diagnosis.ruled_out


def test_numbers_of_another_measurement_that_move_gradients_are_no_disturbance() -> None:
    world = disturbing(output=False)
    diagnosis = found(world, symptoms(world, BESIDE, DEVICES, disturbance=BY_THE_FIRST, apart=(0, 1), displaced=True))
    assert "QD508" not in (diagnosis.code, *diagnosis.ruled_out)
