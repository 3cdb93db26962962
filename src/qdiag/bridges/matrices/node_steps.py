"""Circuits on plain numbers: a node of the tree, with float64 values in place of its parameters, as steps and readings of `states`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Optional

import numpy as np

from qdiag.bridges.codec import flattening, operators
from qdiag.bridges.matrices import cross_examination, operator_matrices, step_slopes
from qdiag.bridges.matrices.contents import Named, named
from qdiag.bridges.matrices.operator_matrices import labels
from qdiag.errors import OpaqueCircuitError
from qdiag.model import operator_families as families
from qdiag.model.node import MeasuredOutcome, Node, parameters_of, walk
from qdiag.model.numerics import gates
from qdiag.model.numerics.states import Conditioned, Factor, Measured, NotSimulated, Reading, Step
from qdiag.model.numerics.tangents import arrays_of
from qdiag.model.parameter import Parameter

Row = tuple[Step, ...]

OFF_THE_SPHERE = 1e-12
"""Amplitudes whose norm is further from one were moved off it: rounding of a sum of squares in double precision stays far below."""

DEGENERATE = 1e-9
"""Eigenvalues closer than this are the same: those of a matrix of a few qubits are right to some 1e-15 times its norm."""


def double_precision_value(parameter: Parameter) -> np.ndarray:
    """A parameter's value in double precision; whole numbers and truth values stay what they are."""
    kind = parameter.value.dtype.kind
    if kind == "c":
        return parameter.value.astype(np.complex128)
    return parameter.value.astype(np.float64) if kind == "f" else parameter.value


KNOWN, SMALL = 4096, 1 << 16
"""So many operations are kept, whose matrices have no more bytes than that: other circuits have the same fixed gates."""

_known: dict[tuple[Named, bool], tuple[Row, ...]] = {}


def recorded_operation(node: Node, *, fresh: bool, trusted: bool = False) -> tuple[Row, ...]:
    """As `operation`, at the numbers that were recorded; what holds the same is worked out once."""
    key = named(node)
    found = _known.get((key, fresh)) if key is not None else None
    if found is None:
        values = [double_precision_value(parameter) for parameter in parameters_of(node)]
        found = operation(node, values, fresh=fresh, trusted=trusted)
        if key is not None and sum(array.nbytes for row in found for step in row for array in arrays_of(step)) <= SMALL:
            if len(_known) >= KNOWN:
                _known.clear()
            _known[key, fresh] = found
    return found


def operation(node: Node, values: Sequence[np.ndarray], *, fresh: bool, trusted: bool = False) -> tuple[Row, ...]:
    """What an operation does, for each row of its batch; one row where it has none.

    Parameters
    ----------
    node
        The operation.
    values
        Plain values for its parameters, in walk order.
    fresh
        Whether no earlier operation touched its wires.
    trusted
        Whether source code that the node carries may be executed.

    Raises
    ------
    NotSimulated
        If it cannot be written as matrices, or these numbers are outside its domain.
    """
    outcome = next((part for part in walk(node) if isinstance(part, MeasuredOutcome)), None)
    if outcome is not None:
        inner = next(part for part in node.data if isinstance(part, Node))
        if inner.name in families.MID_MEASUREMENTS:
            raise NotSimulated("a mid-circuit measurement under a condition")
        return tuple((Conditioned(outcome, row),) for row in operation(inner, values, fresh=False, trusted=trusted))
    live = _live(node, values, trusted)
    if flattening.is_mid_measurement(live):
        return ((Measured(labels(live.wires)[0], bool(getattr(live, "reset", False)), getattr(live, "postselect", None)),),)
    try:
        return tuple(operator_matrices.steps(row, fresh=fresh) for row in rows(live))
    except NotSimulated:
        raise
    except Exception as error:
        raise NotSimulated(f"{node.name} cannot be taken apart ({type(error).__name__}: {error})") from error


def operation_slopes(
    node: Node, values: Sequence[np.ndarray], rates: Sequence[Sequence[np.ndarray]], *, trusted: bool = False
) -> Optional[list[tuple[Row, ...]]]:
    """How the steps of an operation move where its numbers do, for each of several rates; None where our own table has no law for it.

    Parameters
    ----------
    node, values
        As in `operation`.
    rates
        For each direction one array for each of the values.

    Returns
    -------
    list or None
        For each direction the rows of `operation`, whose steps hold derivatives in the place of their matrices.
    """
    outcome = next((part for part in walk(node) if isinstance(part, MeasuredOutcome)), None)
    inner = next(part for part in node.data if isinstance(part, Node)) if outcome is not None else node
    live = _live(inner, values, trusted)
    data = getattr(live, "data", ())
    if len(data) != len(values) or not all(np.array_equal(one, other) for one, other in zip(data, values)):
        # what it holds is not what it was given
        return None
    found: list[tuple[Row, ...]] = []
    parts = rows(live)
    for direction in rates:
        moved = [step_slopes.slopes(part, _row_of(live, direction, row)) for row, part in enumerate(parts)]
        known: list[Row] = [steps for steps in moved if steps is not None]
        if len(known) < len(moved):
            return None
        found.append(tuple((Conditioned(outcome, steps),) if outcome is not None else steps for steps in known))
    return found


def _row_of(live: Any, rates: Sequence[np.ndarray], row: int) -> list[np.ndarray]:
    """One row's part of the rates of numbers of which some carry the batch."""
    if getattr(live, "batch_size", None) is None:
        return list(rates)
    return [rate[row] if np.ndim(rate) > ndim else rate for rate, ndim in zip(rates, live.ndim_params)]


def _number(parameter: Parameter, value: np.ndarray) -> Any:
    """A Python number where the user wrote one or where it is no whole number; some templates insist on numpy's whole numbers."""
    if value.ndim:
        return value
    return value.item() if parameter.container == "python" or value.dtype.kind in "fc" else value[()]


def _live(node: Node, values: Sequence[np.ndarray], trusted: bool) -> Any:
    """The operator of a node on plain numbers."""
    numbers = [_number(parameter, value) for parameter, value in zip(parameters_of(node), values)]
    try:
        return operators.operator_of(node, iter(numbers), trusted=trusted)
    except OpaqueCircuitError as error:
        raise NotSimulated(error.cause) from error
    except (ArithmeticError, ValueError) as error:
        # they may refuse a state of another norm than one: a derivative along the sphere leaves it at second order
        if node.name in families.AMPLITUDES and any(abs(np.linalg.norm(value) - 1) > OFF_THE_SPHERE for value in values):
            return _live(node, [value / np.linalg.norm(value, axis=-1, keepdims=True) for value in values], trusted)
        raise NotSimulated(f"{node.name} does not take these numbers: {error}") from error


def rows(operator: Any) -> tuple[Any, ...]:
    """The operator for each row of its batch."""
    size = getattr(operator, "batch_size", None)
    if size is None:
        return (operator,)
    from pennylane.ops.functions import bind_new_parameters

    plain = tuple(zip(operator.data, operator.ndim_params))
    with flattening.stop_recording():
        found = tuple(
            bind_new_parameters(operator, [value[row] if np.ndim(value) > ndim else value for value, ndim in plain])
            for row in range(size)
        )
    for bound in found:
        if getattr(bound, "_batch_size", None) is not None:
            # what is copied with other numbers keeps what was found out about its old ones
            bound._batch_size = None
    return found


# --- measurements ---------------------------------------------------------------------------------------------------------

_KINDS = {
    "ExpectationMP": "expval", "VarianceMP": "var", "ProbabilityMP": "probs", "StateMP": "state", "DensityMatrixMP": "density",
    "PurityMP": "purity", "VnEntropyMP": "entropy", "VnEntanglementEntropyMP": "entropy", "MutualInfoMP": "mutual-info",
    # PennyLane before 0.29 has one class and says by its return type what is measured.
    "expval": "expval", "var": "var", "probs": "probs", "state": "state", "vnentropy": "entropy", "mutualinfo": "mutual-info",
}  # fmt: skip


def measurement(node: Node, values: Sequence[np.ndarray], *, trusted: bool = False) -> Reading:
    """What a measurement reads.

    Raises
    ------
    NotSimulated
        If it is none that has one exact value.
    """
    outcomes = tuple(part for part in walk(node) if isinstance(part, MeasuredOutcome))
    if outcomes:
        return Reading(_kind(node.name, None), outcomes=outcomes)
    live = _live(node, values, trusted)
    kind = _kind(node.name, live)
    wires = labels(live.wires)
    observable = getattr(live, "obs", None)
    if kind in ("expval", "var"):
        if observable is None:
            raise NotSimulated(f"{node.name} without an observable")
        return Reading(kind, terms=operator_matrices.terms(observable), wires=wires)
    if kind == "probs":
        return Reading(kind, wires=wires, basis=() if observable is None else _eigenbasis(observable))
    if kind == "mutual-info":
        parts = [labels(part) for part in (live.raw_wires if hasattr(live, "raw_wires") else live._wires)]
        return Reading(kind, wires=parts[0], others=parts[1], log_base=_log_base(live))
    if node.name == "VnEntanglementEntropyMP":
        wires = labels(live.raw_wires[0])
    if kind == "state" and wires and node.name != "StateMP":
        kind = "density"
    return Reading(kind, wires=() if kind == "state" else wires, log_base=_log_base(live))


def _kind(name: str, live: Any) -> str:
    written = name if name in _KINDS else getattr(getattr(live, "return_type", None), "value", name)
    if written not in _KINDS:
        raise NotSimulated(f"{name} has no exact value")
    return _KINDS[written]


def _log_base(live: Any) -> float:
    base = getattr(live, "log_base", None)
    return math.e if base is None else float(base)


def _eigenbasis(observable: Any) -> tuple[Factor, ...]:
    """Matrices that turn the eigenbasis of an observable into the computational one, in PennyLane's order of eigenvalues."""
    parts = getattr(observable, "operands", None) or (observable.obs if type(observable).__name__ == "Tensor" else None)
    if parts is not None and type(observable).__name__ in families.PRODUCTS:
        return tuple(factor for part in parts for factor in _eigenbasis(part))
    wires, name = labels(observable.wires), type(observable).__name__
    if name in ("PauliZ", "Identity"):
        return ()
    if name in _TO_Z:
        return (Factor(_TO_Z[name], wires),)
    if name in families.HERMITIAN_MATRICES:
        values, vectors = np.linalg.eigh(operator_matrices.matrix_of(observable))
        if len(values) > 1 and np.min(np.diff(values)) < DEGENERATE:
            raise NotSimulated("probabilities in the eigenbasis of a degenerate observable")
        return (Factor(vectors.conj().T, wires),)
    raise NotSimulated(f"probabilities in the eigenbasis of {name}")


_TO_Z = {
    "PauliX": gates.HADAMARD,
    "PauliY": gates.HADAMARD @ np.diag([1, -1j]),
    "Hadamard": gates.rotation("Y", -math.pi / 4),
}


# --- cross-examination ------------------------------------------------------------------------------------------------------


def disagreement(node: Node, *, trusted: bool = False) -> tuple[str, bool]:
    """What speaks against an operation's own descriptions at its recorded numbers, or "".

    Returns
    -------
    text, defined
        See `cross_examination.disagreement` and `cross_examination.is_defined`.
    """
    found = named(node)
    # a circuit's fixed gates, and those that stand in many circuits, are examined once
    return _examined(found, trusted) if found is not None else _examine(node, trusted)


@lru_cache(maxsize=4096)
def _examined(found: Named, trusted: bool) -> tuple[str, bool]:
    return _examine(found.node, trusted)


def _examine(node: Node, trusted: bool) -> tuple[str, bool]:
    try:
        live = rows(_live(node, [double_precision_value(parameter) for parameter in parameters_of(node)], trusted))[0]
        if flattening.is_mid_measurement(live):
            return "", True
        found = cross_examination.disagreement(live)
        return (f"{node.name}: {found}", cross_examination.is_defined(live)) if found else ("", True)
    except Exception:
        return "", True
