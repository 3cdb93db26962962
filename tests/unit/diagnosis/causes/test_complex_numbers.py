"""QD2: which experiments tell that complex numbers meet real ones where they should not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.diagnosis.causes import complex_numbers
from qdiag.diagnosis.diagnose import diagnose
from qdiag.diagnosis.facts import LOSSY, SKEWED
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Casts, Evaluation, Request
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.pipeline.stage_cast_warnings import Account
from tests.worlds.methods import ADJOINT
from tests.worlds.symptoms import PAIR, World, adjoint, expectation, found, of, rotation, symptoms

TWO = of(rotation(), rotation(name="RY"))
REFUSED = "RuntimeError: Expected isFloatingType(grad.scalar_type()) to be true"


def raising(request: Request) -> Evaluation:
    return Evaluation(request.method, failure=Failure("RuntimeError", "Expected isFloatingType", stage="backward"))


def raised(world: World, circuit: Circuit, **facts: Any) -> Symptoms:
    """The user's own method raises torch's words about a complex gradient."""
    quiet = World(lambda request: 0.0)
    seen = symptoms(quiet, circuit, verdict=Verdict.ERROR, **facts)
    comparison = Comparison(PAIR, Verdict.ERROR, Signature.RAISE, detail=REFUSED)
    failures = ((PAIR[0], Failure("RuntimeError", REFUSED)),)
    return replace(seen, divergence=replace(seen.divergence, comparison=comparison, raised=failures))


# --- QD201: lossy cast inside an operation ---------------------------------------------------------------------------------


def decomposed(circuit: Circuit, positions: object, trusted: bool) -> Circuit:
    return of(rotation(name="RZ"), rotation(name="RY"))


def composite(request: Request) -> bool:
    return request.circuit.operations[0].name == "RX"


def test_a_cast_that_decomposing_avoids_is_the_cause() -> None:
    world = World(lambda request: 0.2 if adjoint(request) and composite(request) else 0.0, facts={"expansion_of": decomposed})
    diagnosis = found(world, symptoms(world, TWO, known={LOSSY: ((0, "integer"),)}))
    assert (diagnosis.code, diagnosis.confidence) == ("QD201", "confirmed")
    assert "integer" in diagnosis.because


def test_a_cast_that_stays_when_all_is_decomposed_is_not() -> None:
    world = World(lambda request: 0.2 if adjoint(request) else 0.0, facts={"expansion_of": decomposed})
    assert "QD201" in found(world, symptoms(world, TWO, known={LOSSY: ((0, "integer"),)})).ruled_out


# --- QD203: conjugation convention -----------------------------------------------------------------------------------------

PROBABILITIES = Node("ProbabilityMP", (None, None), (("wires", Wires((0,))),), (0,))


def of_probabilities(request: Request) -> bool:
    return request.circuit.measurements[0].name == "ProbabilityMP"


def test_a_complex_gradient_that_expectation_values_do_not_have_is_a_convention() -> None:
    world = World(lambda request: raising(request) if adjoint(request) and of_probabilities(request) else 0.0)
    diagnosis = found(world, raised(world, of(rotation(), rotation(name="RY"), measurement=PROBABILITIES)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD203", "confirmed")


WHOLE_STATE = Node("StateMP", (), (("wires", Wires((0,))),), (0,))


@pytest.mark.parametrize(("measurement", "named"), [(PROBABILITIES, True), (WHOLE_STATE, False)])
def test_for_a_state_no_method_is_recommended_that_refuses_it(measurement: Node, named: bool) -> None:
    refused = measurement.name
    world = World(lambda request: raising(request) if adjoint(request) and request.circuit.measurements[0].name == refused else 0.0)
    diagnosis = found(world, raised(world, of(rotation(), rotation(name="RY"), measurement=measurement)))
    assert diagnosis.code == "QD203"
    assert ("parameter-shift" in diagnosis.remedy) is named


def test_one_that_they_have_too_is_not() -> None:
    world = World(lambda request: raising(request) if adjoint(request) else 0.0)
    diagnosis = found(world, raised(world, of(rotation(), rotation(name="RY"), measurement=PROBABILITIES)))
    assert diagnosis.code != "QD203"
    assert "QD203" in diagnosis.ruled_out


# --- QD204: complex parameter ----------------------------------------------------------------------------------------------


def complex_first() -> Circuit:
    coefficient = Parameter(np.array(0.1 - 0.2j), "torch", True)  # off the axis that exponents are held to: a gap may point anywhere
    return of(Node("Exp", (coefficient,), (Wires((0,)), ()), (0,)), rotation(name="RY"))


def tracks_complex(request: Request) -> bool:
    return any(np.iscomplexobj(p.value) and p.trainable for p in request.circuit.parameters)


def test_a_gap_that_goes_with_a_complex_parameter_is_its() -> None:
    world = World(lambda request: 0.3 if adjoint(request) and tracks_complex(request) else 0.0)
    seen = symptoms(world, complex_first(), apart=(0,))
    diagnosis = diagnose(seen, complex_numbers.CAUSES, world)
    assert (diagnosis.code, diagnosis.confidence) == ("QD204", "confirmed")
    # a wrong rule for the operation would look the same
    assert (found(world, seen).code, found(world, seen).confidence) == ("QD204", "likely")


def test_a_gap_that_the_others_have_too_is_not() -> None:
    world = World(lambda request: 0.3 if adjoint(request) else 0.0)
    assert "QD204" in found(world, symptoms(world, complex_first(), apart=(0,))).ruled_out


def complex_outputs(imaginary: float, *, whatever_the_numbers: bool = False) -> tuple[World, Symptoms]:
    """A coefficient of a complex dtype, and a method that makes its results complex."""
    coefficient = Parameter(np.array(0.5 + 1j * imaginary), "numpy")
    circuit = of(rotation(), measurement=Node("ExpectationMP", (Node("SProd", (coefficient,), (), (0,)), None), (), (0,)))

    def result(request: Request) -> Evaluation:
        is_complex = any(np.iscomplexobj(p.value) for p in request.circuit.parameters) or whatever_the_numbers
        output = np.array(0.3, dtype=complex if is_complex and adjoint(request) else float)
        return Evaluation(request.method, (output,), jacobian=((np.array(0.5),),) if request.jacobian else None, norms=(1.0,))

    world = World(result)
    return world, symptoms(world, circuit)


def test_results_that_are_complex_for_the_dtype_of_a_real_coefficient_are_its() -> None:
    world, seen = complex_outputs(0.0)
    diagnosis = found(world, seen)
    assert (diagnosis.code, diagnosis.confidence) == ("QD204", "confirmed")
    assert diagnosis.because.endswith("make the results complex under adjoint")
    assert diagnosis.remedy == "give them as real numbers: numpy.real(coefficients)"


def test_results_that_are_complex_for_another_reason_are_not() -> None:
    assert found(*complex_outputs(0.2)).code != "QD204"
    diagnosis = found(*complex_outputs(0.0, whatever_the_numbers=True))
    assert "QD204" in diagnosis.ruled_out


# --- QD205: non-Hermitian observable ---------------------------------------------------------------------------------------


def symmetrised(circuit: Circuit, trusted: bool) -> Circuit:
    return replace(circuit, measurements=(expectation("PauliX"),))


def lopsided(request: Request) -> bool:
    return request.circuit.measurements[0].data[0].name == "PauliZ"


def test_a_gap_that_the_hermitian_part_does_not_show_is_the_observables() -> None:
    world = World(lambda request: 0.3 if adjoint(request) and lopsided(request) else 0.0, facts={"hermitian_part": symmetrised})
    diagnosis = found(world, symptoms(world, TWO, known={SKEWED: True}, apart=(0,)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD205", "confirmed")


def test_so_is_an_exception_although_its_words_are_those_of_a_convention() -> None:
    world = World(
        lambda request: raising(request) if adjoint(request) and lopsided(request) else 0.0, facts={"hermitian_part": symmetrised}
    )
    diagnosis = found(world, raised(world, TWO, known={SKEWED: True}))
    assert (diagnosis.code, diagnosis.confidence) == ("QD205", "confirmed")
    assert "QD203" in diagnosis.ruled_out


def test_a_gap_that_the_hermitian_part_shows_too_is_not() -> None:
    world = World(lambda request: 0.3 if adjoint(request) else 0.0, facts={"hermitian_part": symmetrised})
    assert "QD205" in found(world, symptoms(world, TWO, known={SKEWED: True}, apart=(0,))).ruled_out


# --- QD206: a gate that is not unitary --------------------------------------------------------------------------------------

DAMPED = of(rotation(), Node("QubitUnitary", (Parameter(0.9 * np.eye(2, dtype=complex)),), Wires((0,)), (0,)), rotation(name="RY"))


def damped(request: Request) -> bool:
    return any(parameter.value.shape == (2, 2) and parameter.value[0, 0] != 1 for parameter in request.circuit.parameters)


def test_a_gap_that_the_nearest_unitary_matrix_does_not_show_is_the_gates() -> None:
    world = World(lambda request: 0.3 if adjoint(request) and damped(request) else 0.0)
    diagnosis = found(world, symptoms(world, DAMPED, apart=(0,)))
    assert (diagnosis.code, diagnosis.confidence) == ("QD206", "confirmed")
    assert "the matrix U of QubitUnitary is 0.27 away from unitary" in diagnosis.because
    assert not diagnosis.fileable


def test_a_gap_that_it_shows_too_is_not() -> None:
    world = World(lambda request: 0.3 if adjoint(request) else 0.0)
    assert "QD206" in found(world, symptoms(world, DAMPED, apart=(0,))).ruled_out


def test_where_all_gates_are_unitary_it_is_out_of_the_question() -> None:
    world = World(lambda request: 0.3 if adjoint(request) else 0.0)
    assert "QD206" not in found(world, symptoms(world, TWO, apart=(0,))).ruled_out


# --- QD202: harmless complex-to-real warning -------------------------------------------------------------------------------

OWN = Casts(forward=False, backward=True, imaginary=0.73, real=1.0)


def test_a_warning_at_a_cast_from_real_to_complex_is_harmless_where_the_gradients_are_right() -> None:
    account = Account(OWN, gap=1e-16, without=ADJOINT)
    assert account.confidence == "confirmed"
    assert account.words.startswith("harmless (QD202, confirmed)")
    assert "0.73" in account.words
    assert "default.qubit/adjoint takes no such cast" in account.words


def test_it_is_only_likely_where_no_other_method_does_without_the_cast() -> None:
    assert Account(OWN, gap=1e-16).confidence == "likely"


@pytest.mark.parametrize(
    ("account", "doubt"),
    [
        (Account(replace(OWN, forward=True), 1e-16, ADJOINT), "the call itself warns"),
        (Account(replace(OWN, backward=False), 1e-16, ADJOINT), "outside of the circuit"),
        (Account(replace(OWN, imaginary=0.0), 1e-16, ADJOINT), "no imaginary part"),
        (Account(OWN, None, ADJOINT), "does not confirm the gradients"),
        (Account(None), "cannot be looked at"),
    ],
)
def test_it_is_never_called_harmless_in_doubt(account: Account, doubt: str) -> None:
    assert account.confidence == "unknown"
    assert account.words.startswith("not shown to be harmless")
    assert doubt in account.words


@pytest.mark.parametrize("warnings", [(), ("UserWarning: Casting complex values to real discards the imaginary part",)])
def test_it_is_no_cause_of_a_difference(warnings: tuple[str, ...]) -> None:
    world = World(lambda request: 6e-8 if adjoint(request) else 0.0)
    seen = symptoms(world, TWO, verdict=Verdict.ROUNDING, call={"warnings": warnings})
    assert diagnose(seen, complex_numbers.CAUSES, world).code != "QD202"


def test_what_real_parameters_have_wrong_as_well_is_no_matter_of_complex_ones() -> None:
    world = World(lambda request: 0.3 if adjoint(request) and tracks_complex(request) else 0.0)
    diagnosis = found(world, symptoms(world, complex_first(), apart=(0, 1)))
    assert diagnosis.code != "QD204"


def test_a_gradient_that_a_real_matrix_loses_as_well_is_lost_for_another_reason() -> None:
    matrix = Parameter(np.array([[0, -1j], [1j, 0]]), "torch", True)
    made = of(Node("QubitUnitary", (matrix,), (Wires((0,)), ()), (0,)), rotation(name="RY"))

    def loses(request: Request) -> float:
        return 0.3 if adjoint(request) and request.circuit.parameters[0].trainable else 0.0

    world = World(loses)
    assert "QD204" in found(world, symptoms(world, made, apart=(0,))).ruled_out
    other = World(lambda request: 0.3 if adjoint(request) and tracks_complex(request) else 0.0)
    assert found(other, symptoms(other, made, apart=(0,))).code == "QD204"
