"""How an operator or measurement comes apart into data and metadata, and together again, on each PennyLane.

From 0.33 on PennyLane's ``_flatten`` does it, except for a few classes whose own one loses something. Mid-circuit
measurements carry random identifiers, and functions of their outcomes: here they become positions and lookup tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import lru_cache
from typing import Any, NamedTuple, Optional

import numpy as np
import pennylane as qml
from packaging.version import Version

from qdiag.bridges.codec import class_source, classes, constructors
from qdiag.bridges.stack import pennylane_version
from qdiag.errors import OpaqueCircuitError
from qdiag.model.node import MeasuredOutcome
from qdiag.model.operator_families import MID_MEASUREMENTS

FUNCTIONS = frozenset(["adjoint", "ctrl", "prod", "sum", "s_prod", "exp", "pow", "evolve", "dot"])
"""Functions of PennyLane's that a template may hold as its argument."""


class Identifier(NamedTuple):
    """The random identifier of a mid-circuit measurement, which its position replaces."""

    text: str


_PLAIN_FLATTEN = getattr(classes.OPERATOR, "_flatten", None)
_PLAIN_UNFLATTEN = getattr(getattr(classes.OPERATOR, "_unflatten", None), "__func__", None)


def is_mid_measurement(operator: Any) -> bool:
    """Whether an operation is a measurement in the middle of a circuit."""
    return type(operator).__name__ in MID_MEASUREMENTS


def identifier_of(measurement: Any) -> Any:
    """What tells one mid-circuit measurement from another in the live circuit."""
    return measurement.meas_uid if hasattr(measurement, "meas_uid") else measurement.id


class Way(NamedTuple):
    """How the operators of one class come apart.

    Attributes
    ----------
    name
        The name under which they are recorded.
    wires
        For the many classes whose instances are mostly data and wires alone: what gives the labels; else None.
    definition
        The source code of a class that is not PennyLane's.
    parts
        What gives name, data and metadata.
    held
        How its instances hold labels and data among their own variables, where reading them calls nothing (see `as_held`).
    """

    name: str
    wires: Optional[Callable[[Any], Optional[tuple[Any, ...]]]]
    definition: str
    parts: Callable[[Any], tuple[str, Any, Any]]
    held: str = ""


def way_of(kind: Any) -> Way:
    """How the operators of a class come apart; to be asked once a class, for it is slow."""
    name = classes.name_of(kind)
    if not classes.is_pennylane(kind):
        return Way(name, None, class_source.definition_of(kind), _parts_by(name, kind))
    special = _special(kind)
    if special is not None:
        return Way(name, None, "", lambda operator: (name, *special[0](operator)))
    return Way(name, _labels_getter(kind), "", _parts_by(name, kind), _held(kind))


PLAIN, CONTROLLED, MEASURED = "plain", "controlled", "measured"
"""How an operator holds labels and data: itself, as gates do; in two parts, as controlled gates do; with an observable."""

_MEASUREMENT_HOLDS = {"obs", "mv", "id", "_wires", "_eigvals"}


def _held(kind: Any) -> str:
    own = classes.OPERATOR
    if issubclass(kind, classes.MEASUREMENT):
        return MEASURED if getattr(kind, "_flatten", 0) is getattr(classes.MEASUREMENT, "_flatten", 1) else ""
    if _labels_getter(kind) is None or kind.hyperparameters is not own.hyperparameters:
        return ""
    return PLAIN if kind.wires is own.wires else CONTROLLED


def as_held(way: Way, operator: Any) -> Way:
    """A way whose ``held`` is true of an instance: versions differ in what their operators hold."""
    return way if _holds(way, operator) else way._replace(held="")


def _holds(way: Way, operator: Any) -> bool:
    names = vars(operator)
    try:
        if way.held == MEASURED:
            wires = names["_wires"]
            return names.keys() == _MEASUREMENT_HOLDS and (wires is None or wires._labels == wires.labels)
        if way.held == CONTROLLED:
            inside = names["_hyperparameters"]
            base = vars(inside["base"])
            same = inside["control_wires"]._labels + base["_wires"]._labels == way.wires(operator)  # type: ignore[misc]
            return bool(same) and base["data"] is operator.data
        wires = names["_wires"]
        return wires is operator.wires and wires._labels == wires.labels and names["data"] is operator.data
    except (KeyError, AttributeError):
        return False


def _parts_by(name: str, kind: Any) -> Callable[[Any], tuple[str, Any, Any]]:
    if _PLAIN_FLATTEN is not None:
        return lambda operator: (name, *operator._flatten())
    if kind is classes.MEASUREMENT:
        return constructors.measurement_parts
    if issubclass(kind, classes.MEASUREMENT):
        return lambda measurement: (name, *constructors.parts_of_measurement(measurement))
    if name in _SYMBOLIC:
        return lambda operator: (name, *_SYMBOLIC[name](operator))
    return lambda operator: (name, *constructors.parts(operator))


def _labels_getter(kind: Any) -> Optional[Callable[[Any], Optional[tuple[Any, ...]]]]:
    if _PLAIN_FLATTEN is None or not issubclass(kind, classes.OPERATOR):
        return None
    if kind._flatten is _PLAIN_FLATTEN and kind.wires is classes.OPERATOR.wires:
        return lambda operator: None if operator.hyperparameters else operator.wires.labels
    if kind.__name__ in _CONTROLLED and kind.__module__.endswith(".controlled_ops"):
        # PennyLane joins the two at each question, which takes longer than all the rest.
        return lambda operator: operator.hyperparameters["control_wires"].labels + operator.base.wires.labels
    return None


_CONTROLLED = frozenset(["CH", "CY", "CZ", "CNOT", "CCZ", "CSWAP", "Toffoli", "CRX", "CRY", "CRZ", "CRot", "ControlledPhaseShift"])


def unflatten(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    """The operator or measurement of a class that `flatten` took apart."""
    if type(metadata) is tuple and len(metadata) == 4 and isinstance(metadata[2], qml.wires.Wires):
        metadata = (*metadata[:3], _kinds_of_work_wires().get(metadata[3], metadata[3]))
    special = _special(kind)
    if special is not None and classes.is_pennylane(kind):
        return special[1](kind, data, metadata)
    if kind.__name__ == "Pow" and classes.is_pennylane(kind):
        # its exponent stands among the data up to 0.41, and beside them since then
        return kind(*data, *metadata)
    if not hasattr(kind, "_unflatten"):
        if kind.__name__ in _SYMBOLIC:
            return kind(*data, *metadata)
        make = constructors.measurement_from if issubclass(kind, classes.MEASUREMENT) else constructors.operator_from
        return make(kind, data, metadata)
    if kind.__name__ in _CONTROLLED and metadata == (metadata[0], ()):
        # taken apart by their numbers and wires (see `_labels_getter`), whatever their own way is
        return kind(*data, wires=metadata[0])
    if getattr(kind._unflatten, "__func__", None) is _PLAIN_UNFLATTEN:
        return _unflatten_plainly(kind, data, metadata)
    return kind._unflatten(data, metadata)


@lru_cache(maxsize=1)
def _kinds_of_work_wires() -> dict[Any, str]:
    """The kinds of work wires of a controlled gate as this release calls them, by what others do: 0.43 has given both other names."""
    names = {"dirty": "borrowed", "clean": "zeroed"}
    return names if pennylane_version() >= Version("0.43") else {new: old for old, new in names.items()}


def _unflatten_plainly(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    """As the inherited ``_unflatten`` does: some versions list hyperparameters that their own constructor does not take."""
    wires, pairs = constructors.wires_and_pairs(metadata)
    return kind(*data, wires=wires, **constructors.accepted_keywords(kind, pairs))


def _flatten_conditional(operator: Any) -> tuple[Any, Any]:
    return (getattr(operator, "base", None) or operator.then_op,), (operator.meas_val,)


def _unflatten_conditional(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    return kind(metadata[0], data[0])


def _flatten_measurement(operator: Any) -> tuple[Any, Any]:
    data, metadata = operator._flatten()
    postselect = getattr(operator, "postselect", None)
    if postselect is not None and isinstance(metadata[0], tuple) and "postselect" not in dict(metadata):
        # up to 0.37 it is left out
        metadata = (*metadata, ("postselect", postselect))
    return data, _without_identifier(metadata, identifier_of(operator))


def _unflatten_measurement(kind: Any, data: tuple[Any, ...], metadata: Any) -> Any:
    as_operator = bool(metadata) and isinstance(metadata[0], qml.wires.Wires)
    if hasattr(kind, "_unflatten") and as_operator == issubclass(kind, classes.OPERATOR):
        return kind._unflatten(data, metadata)
    # a measurement in one release is an operator in another
    wires, given = constructors.wires_and_pairs(metadata) if as_operator else (None, dict(metadata))
    identifier = given.pop("meas_uid", given.pop("id", None))
    own = "meas_uid" if constructors.accepted_keywords(kind, {"meas_uid": identifier}) else "id"
    named = {"wires": wires, **given, own: identifier}
    # what an option says that is off, a release that has no such option does anyway
    return kind(**{name: value for name, value in named.items() if value is not None and value is not False})


def _flatten_tensor(operator: Any) -> tuple[Any, Any]:
    return tuple(operator.obs), None


def _unflatten_tensor(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    return kind(*data)


def _flatten_amplitudes(operator: Any) -> tuple[Any, Any]:
    """The features before PennyLane, up to 0.33, made them complex: the chain rule goes on with the real part of their gradient."""
    data, metadata = constructors.parts(operator) if _PLAIN_FLATTEN is None else operator._flatten()
    return (_real(data[0]), *data[1:]), metadata


def _unflatten_amplitudes(kind: Any, data: tuple[Any, ...], metadata: Any) -> Any:
    make = _unflatten_plainly if hasattr(kind, "_unflatten") else constructors.operator_from
    return make(kind, data, metadata)


def _real(features: Any) -> Any:
    plain = qml.math.unwrap([features])[0]
    return features if np.any(np.imag(plain)) else qml.math.real(features)


@lru_cache(maxsize=1)
def _makes_amplitudes_complex() -> bool:
    with stop_recording():
        return np.iscomplexobj(qml.AmplitudeEmbedding(np.array([0.6, 0.8]), wires=0).data[0])


def _flatten_controlled(operator: Any) -> tuple[Any, Any]:
    return tuple(operator.subtape.operations), operator.control_wires


def _unflatten_controlled(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    return kind(tape(data, (), ()), metadata)


def _unflatten_projector(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    return qml.Projector(data[0], wires=metadata[0])


_SYMBOLIC: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "Adjoint": lambda operator: ((operator.base,), ()),
    "Pow": lambda operator: ((operator.base, operator.z), ()),
    "Controlled": lambda operator: (
        (operator.base,), (operator.control_wires, tuple(operator.control_values), operator.work_wires),
    ),
    "Exp": lambda operator: ((operator.base, operator.coeff), ()),
    "Evolution": lambda operator: ((operator.base, operator.param), ()),
    "SProd": lambda operator: ((operator.scalar, operator.base), ()),
    **dict.fromkeys(("Prod", "Sum"), lambda operator: (tuple(operator.operands), ())),
}  # fmt: skip
"""Operators of operators before they had a ``_flatten``, taken apart as it does."""

_BY_CONSTRUCTOR = (constructors.parts, constructors.operator_from)

_SPECIAL: dict[str, tuple[Callable[[Any], tuple[Any, Any]], Callable[..., Any]]] = {
    "Conditional": (_flatten_conditional, _unflatten_conditional),
    **dict.fromkeys(MID_MEASUREMENTS, (_flatten_measurement, _unflatten_measurement)),
    "Tensor": (_flatten_tensor, _unflatten_tensor),
    "ControlledOperation": (_flatten_controlled, _unflatten_controlled),
    **dict.fromkeys(("SelectOnlyQRAM", "IQP", "ControlledQutritUnitary", "TwoLocalSwapNetwork"), _BY_CONSTRUCTOR),
}
"""Classes without a ``_flatten`` of their own, or whose own one loses something or cannot be undone."""

_FLAWED: dict[str, tuple[Callable[[Any], tuple[Any, Any]], Callable[..., Any]]] = {
    **dict.fromkeys(("Snapshot", "QubitChannel", "IQPEmbedding"), _BY_CONSTRUCTOR),
    **dict.fromkeys(("BasisStateProjector", "StateVectorProjector"), (lambda operator: operator._flatten(), _unflatten_projector)),
}
"""Classes that lose something where the version gives them only the inherited ``_flatten``."""


def _special(kind: Any) -> Optional[tuple[Callable[[Any], tuple[Any, Any]], Callable[..., Any]]]:
    if _PLAIN_FLATTEN is not None and kind.__name__ in _FLAWED and kind._flatten is _PLAIN_FLATTEN:
        return _FLAWED[kind.__name__]
    if kind.__name__ == "AmplitudeEmbedding" and _makes_amplitudes_complex():
        return _flatten_amplitudes, _unflatten_amplitudes
    return _SPECIAL.get(kind.__name__)


def _without_identifier(metadata: Any, identifier: Any) -> Any:
    if type(metadata) is tuple:
        return tuple(_without_identifier(part, identifier) for part in metadata)
    return Identifier(metadata) if isinstance(metadata, str) and metadata == identifier else metadata


def decomposition(operator: Any) -> Sequence[Any]:
    """The operators that PennyLane itself puts in its place."""
    with stop_recording():
        if hasattr(operator, "expand") and not hasattr(operator, "_flatten"):
            return operator.expand().operations
        return operator.decomposition()


_AS_IT_IS = nullcontext()


def stop_recording() -> Any:
    """PennyLane's context in which a new operator does not join the circuit that is being recorded."""
    manager = getattr(qml, "QueuingManager", None)
    if manager is not None:
        return manager.stop_recording() if manager.recording() else _AS_IT_IS
    from pennylane.tape import stop_recording as legacy

    return legacy()


# --- outcomes of mid-circuit measurements ----------------------------------------------------------------------------------


def outcome_of(value: Any, positions: dict[Any, int], most: int) -> MeasuredOutcome:
    """A function of mid-circuit measurements as its table of values."""
    measured = [positions[identifier_of(measurement)] for measurement in value.measurements]
    if len(measured) > most:
        raise ValueError(f"it depends on {len(measured)} mid-circuit measurements")
    # PennyLane orders them by their random identifiers; in order of execution the table is the same in every run.
    order = sorted(range(len(measured)), key=measured.__getitem__)
    entries = {tuple(branch[i] for i in order): _table_entry(entry) for branch, entry in value.branches.items()}
    return MeasuredOutcome(tuple(measured[i] for i in order), tuple(entries[branch] for branch in sorted(entries)))


def _table_entry(entry: Any) -> Any:
    plain = entry.item() if hasattr(entry, "item") else entry
    if type(plain) not in (bool, int, float):
        raise ValueError(f"a function of its outcomes gives a {type(entry).__name__}")
    return plain


def measurement_value(outcome: MeasuredOutcome, measured: Sequence[Any]) -> Any:
    """A function of the mid-circuit measurements made so far that looks its values up."""
    if any(position >= len(measured) for position in outcome.measurements):
        raise OpaqueCircuitError(
            "an operation depends on a mid-circuit measurement that the circuit does not make before it",
            "keep the measurement, or remove what depends on it",
        )
    made = [measured[position] for position in outcome.measurements]
    if outcome.table == (0, 1) and len(made) == 1:
        return _bare_value(made[0])
    table = outcome.table

    def looked_up(*branch: Any) -> Any:
        return table[int("".join(str(int(bit)) for bit in branch), 2)]

    return _measurement_value_class()(made, looked_up)


def _bare_value(measurement: Any) -> Any:
    kind = _measurement_value_class()
    return kind([measurement]) if "None" in str(kind.__init__.__annotations__) else kind([measurement], lambda bit: bit)


def _measurement_value_class() -> Any:
    for home in ("ops", "measurements"):
        if hasattr(getattr(qml, home, None), "MeasurementValue"):
            return getattr(qml, home).MeasurementValue
    raise OpaqueCircuitError("this PennyLane has no mid-circuit measurements", "replay on the version that recorded it")


def operations_of(tape: Any) -> Iterator[Any]:
    """The operations of a tape; an old one may hold tapes among them, which stand for their operations."""
    for operation in tape.operations:
        if hasattr(operation, "measurements") and hasattr(operation, "operations"):
            yield from operations_of(operation)
        else:
            yield operation


def tape(operations: Sequence[Any], measurements: Sequence[Any], shots: tuple[int, ...]) -> Any:
    """A tape of this PennyLane's."""
    if not hasattr(qml.tape, "QuantumScript"):
        with getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)() as legacy:
            for item in (*operations, *measurements):
                item.queue()
        return legacy
    if not shots or not hasattr(qml.tape.QuantumScript, "shots"):
        # before 0.31 the device has them
        return qml.tape.QuantumScript(operations, measurements)
    return qml.tape.QuantumScript(operations, measurements, shots=shots[0] if len(shots) == 1 else list(shots))
