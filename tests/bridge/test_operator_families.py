"""The table of families against the installed PennyLane: every class that it ships is asked what it is.

A class of a new version that belongs to a family and is not in it fails here, and so does a name in a family that the installed
version means otherwise. Names of other versions, which this one does not have, are passed over.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Optional

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.classes import is_pennylane
from qdiag.bridges.matrices import operator_matrices
from qdiag.model import operator_families as families
from qdiag.model.numerics.states import Preparation

pytestmark = pytest.mark.stack

Gate = qml.operation.Operation

VECTOR = np.array([0.6, 0.0, 0.0, 0.8])


def below(kind: type[Any]) -> Iterator[type]:
    for inner in kind.__subclasses__():
        yield inner
        yield from below(inner)


def shipped(kind: Optional[type]) -> dict[str, type]:
    """PennyLane's own classes under one of its own, by name."""
    return {} if kind is None else {inner.__name__: inner for inner in below(kind) if is_pennylane(inner)}


OPERATORS = shipped(qml.operation.Operator)
MEASUREMENTS = shipped(getattr(qml.measurements, "MeasurementProcess", None)) if hasattr(qml, "measurements") else {}


def installed(family: frozenset[str], classes: dict[str, type] = OPERATORS) -> dict[str, type]:
    return {name: classes[name] for name in family if name in classes}


def test_channels_are_pennylanes_channels() -> None:
    kinds = shipped(qml.operation.Channel)
    assert set(kinds) <= families.CHANNELS
    assert set(installed(families.CHANNELS)) == set(kinds)
    assert len(kinds) >= 9


def test_what_sets_the_state_is_one_of_pennylanes_preparations_or_a_template_that_makes_the_same() -> None:
    base = getattr(qml.operation, "StatePrepBase", getattr(qml.operation, "StatePrep", None))
    if base is None:
        pytest.skip("this PennyLane has no class for state preparations")
    # what has neither amplitudes nor bits for its number, or is for qutrits, is decomposed like any template
    others = {"CosineWindow", "QutritBasisState"}
    assert set(shipped(base)) - others <= families.AMPLITUDES | families.BASIS_STATES | families.DENSITY_MATRICES


def prepares(kind: type) -> Optional[bool]:
    """Whether a class takes a vector of norm one for its only number and leaves two qubits in just that state; None for no gate."""
    try:
        with flattening.stop_recording(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            operator: Any = kind(VECTOR, wires=[0, 1])
            if len(operator.data) != 1 or not np.array_equal(np.asarray(operator.data[0]), VECTOR) or operator.num_params != 1:
                return False
        device = qml.device("default.qubit", wires=[0, 1])
        state = qml.QNode(lambda: (qml.apply(operator), qml.state())[1], device)()
    except Exception:
        return None
    return bool(np.allclose(state, VECTOR))


def test_amplitudes_are_the_operations_that_prepare_the_vector_they_hold() -> None:
    gates = {name: kind for name, kind in shipped(qml.operation.Operation).items() if "observables" not in kind.__module__}
    found = {name for name, kind in gates.items() if prepares(kind)}
    assert found <= families.AMPLITUDES
    assert found == set(installed(families.AMPLITUDES))


@pytest.mark.parametrize("name", sorted(families.AMPLITUDES))
def test_our_own_simulation_prepares_amplitudes_without_a_decomposition(name: str) -> None:
    if name not in OPERATORS:
        pytest.skip("not in this PennyLane")
    with flattening.stop_recording():
        operator: Any = OPERATORS[name](VECTOR, wires=[0, 1])
    (step,) = operator_matrices.steps(operator, fresh=True)
    assert isinstance(step, Preparation)
    np.testing.assert_allclose(step.state, VECTOR)


def test_measurements_in_the_middle_are_pennylanes() -> None:
    mid = {kind.__name__ for kind in (*OPERATORS.values(), *MEASUREMENTS.values()) if issubclass(kind, _mid_classes())}
    assert mid <= families.MID_MEASUREMENTS


def _mid_classes() -> tuple[type, ...]:
    homes = [getattr(qml, "ops", None), getattr(qml.ops, "mid_measure", None), getattr(qml, "measurements", None)]
    named = [getattr(home, name, None) for home in homes for name in ("MidMeasure", "MidMeasureMP", "PauliMeasure")]
    return tuple(kind for kind in named if isinstance(kind, type))


@pytest.mark.parametrize("name", sorted(families.UNITARY_MATRICES | families.HERMITIAN_MATRICES))
def test_operators_given_as_a_matrix_hold_that_matrix(name: str) -> None:
    if name not in OPERATORS:
        pytest.skip("not in this PennyLane")
    matrix = np.array([[0, 1], [1, 0]])
    controls = {"control_wires": [1]} if name == "ControlledQubitUnitary" and MUST_NAME_CONTROLS else {}
    given: dict[str, Any] = {"wires": [0], **controls}
    if name == "ControlledQubitUnitary" and not MUST_NAME_CONTROLS:
        given = {"wires": [1, 0]}
    if name == "BasisRotation":
        given = {"wires": [0, 1]}
    with flattening.stop_recording():
        operator: Any = OPERATORS[name](*([] if name == "BasisRotation" else [matrix]), **given, **_rotation(name, matrix))
    held = [np.asarray(part) for part in (*operator.data, *getattr(operator, "hyperparameters", {}).values()) if np.ndim(part) == 2]
    assert any(np.array_equal(part, matrix) for part in held)


MUST_NAME_CONTROLS = tuple(int(part) for part in qml.__version__.split(".")[:2]) < (0, 41)
"""From then on the matrix's size tells which wires are controls."""


def _rotation(name: str, matrix: np.ndarray) -> dict[str, Any]:
    return {"unitary_matrix": matrix} if name == "BasisRotation" else {}


def test_products_and_sums_are_what_pennylane_makes_of_operators() -> None:
    with flattening.stop_recording():
        product = qml.PauliX(0) @ qml.PauliZ(1)
        assert type(product).__name__ in families.PRODUCTS
        assert type(qml.Hamiltonian([0.5, 0.3], [qml.PauliX(0), qml.PauliZ(1)])).__name__ in families.WEIGHTED_SUMS
        if hasattr(qml, "prod") and hasattr(qml, "s_prod"):
            assert type(qml.prod(qml.PauliX(0), qml.PauliZ(1))).__name__ in families.PRODUCTS
            assert type(qml.sum(qml.PauliX(0), qml.PauliZ(1))).__name__ in families.SUMS
            assert type(qml.s_prod(0.5, qml.PauliX(0))).__name__ in families.SCALED
    base = getattr(qml.ops, "CompositeOp", None)
    # a change of basis has its parts in places of their own: none can be left out
    assert set(shipped(base)) - families.WEIGHTED_SUMS - {"ChangeOpBasis"} <= families.GATHERING


def test_what_is_under_control_wires_is_known_as_such() -> None:
    with flattening.stop_recording():
        gate = qml.IsingXX(0.3, wires=[0, 1])
        try:
            controlled = qml.ctrl(gate, control=2)
        except Exception:
            pytest.skip("this PennyLane puts functions under control wires only")
    if callable(controlled):
        pytest.skip("this PennyLane puts functions under control wires only")
    assert type(controlled).__name__ in families.CONTROLLED


@pytest.mark.parametrize("name", families.PAULIS)
def test_the_paulis_square_to_one_and_differ(name: str) -> None:
    with flattening.stop_recording():
        matrix = operator_matrices.matrix_of(OPERATORS[name](wires=0))
    np.testing.assert_allclose(matrix @ matrix, np.eye(2))
    assert abs(np.trace(matrix)) == 0


@pytest.mark.skipif(getattr(OPERATORS.get("X"), "__module__", "").startswith("pennylane.ops.cv"), reason="quadratures have other names")
def test_observables_of_no_qubits_are_those_of_modes_and_of_qutrits() -> None:
    modes = {name for name, kind in OPERATORS.items() if kind.__module__.startswith("pennylane.ops.cv") and not issubclass(kind, Gate)}
    qutrits = {name for name, kind in OPERATORS.items() if kind.__module__.startswith("pennylane.ops.qutrit.observables")}
    assert modes | qutrits <= families.OF_NO_QUBITS
    assert set(installed(families.OF_NO_QUBITS)) == modes | qutrits


def test_each_measurement_of_the_families_is_one() -> None:
    if "ExpectationMP" not in MEASUREMENTS:
        pytest.skip("this PennyLane has one class for all measurements")
    listed = families.NON_LINEAR | families.REAL_NUMBERS | families.WHOLE_STATES | families.RAW_SAMPLES
    old = {"var", "variance", "vnentropy", "mutualinfo", "VnEntanglementEntropyMP"}
    later = {name for name in listed - old if name not in MEASUREMENTS}
    assert later <= {"DensityMatrixMP", "PurityMP", "CountsMP", "ClassicalShadowMP"}


def test_states_are_the_measurements_that_pennylane_calls_so() -> None:
    if "StateMP" not in MEASUREMENTS:
        pytest.skip("this PennyLane has one class for all measurements")
    kinds = {name for name, kind in MEASUREMENTS.items() if issubclass(kind, MEASUREMENTS["StateMP"])}
    assert kinds <= families.WHOLE_STATES
