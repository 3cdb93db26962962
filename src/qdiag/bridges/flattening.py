"""How an operator or measurement comes apart into data and metadata, and together again, on each PennyLane.

From 0.33 on PennyLane's ``_flatten`` does it, except for a few classes whose own one loses something. Mid-circuit
measurements carry random identifiers, and functions of their outcomes: here they become positions and lookup tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pennylane as qml

from qdiag.circuit import Outcome
from qdiag.errors import OpaqueCircuitError

FUNCTIONS = frozenset(["adjoint", "ctrl", "prod", "sum", "s_prod", "exp", "pow", "evolve", "dot"])
"""Functions of PennyLane's that a template may hold as its argument."""


class Identifier:
    """Stands for the random identifier of a mid-circuit measurement, which its position replaces."""


_MID_MEASUREMENTS = ("MidMeasure", "MidMeasureMP", "PauliMeasure")


def is_mid_measurement(operator: Any) -> bool:
    """Whether an operation is a measurement in the middle of a circuit."""
    return type(operator).__name__ in _MID_MEASUREMENTS


def identifier_of(measurement: Any) -> Any:
    """What tells one mid-circuit measurement from another in the live circuit."""
    return getattr(measurement, "meas_uid", None) or measurement.id


def flatten(operator: Any) -> tuple[Any, Any]:
    """The data and the metadata of an operator or measurement."""
    name = type(operator).__name__
    if name == "Conditional":
        return (operator.base,), (operator.meas_val,)
    if name in _MID_MEASUREMENTS:
        data, metadata = operator._flatten()
        return data, _without_identifier(metadata, identifier_of(operator))
    return operator._flatten()


def _without_identifier(metadata: Any, identifier: Any) -> Any:
    if isinstance(metadata, tuple):
        return tuple(_without_identifier(part, identifier) for part in metadata)
    return Identifier() if isinstance(metadata, str) and metadata == identifier else metadata


def unflatten(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    """The operator or measurement of a class that `flatten` took apart."""
    if kind.__name__ == "Conditional":
        return kind(metadata[0], data[0])
    return kind._unflatten(data, metadata)  # type: ignore[attr-defined]


def decomposition(operator: Any) -> Sequence[Any]:
    """The operators that PennyLane itself puts in its place."""
    with stop_recording():
        return operator.decomposition()


def stop_recording() -> Any:
    """PennyLane's context in which a new operator does not join the circuit that is being recorded."""
    if hasattr(qml, "QueuingManager"):
        return qml.QueuingManager.stop_recording()
    from pennylane.tape import stop_recording as legacy

    return legacy()


# --- outcomes of mid-circuit measurements ----------------------------------------------------------------------------------


def outcome_of(value: Any, positions: dict[Any, int], most: int) -> Outcome:
    """A function of mid-circuit measurements as its table of values."""
    measurements = [positions[identifier_of(measurement)] for measurement in value.measurements]
    if len(measurements) > most:
        raise ValueError(f"it depends on {len(measurements)} mid-circuit measurements")
    return Outcome(tuple(measurements), tuple(_table_entry(entry) for entry in value.branches.values()))


def _table_entry(entry: Any) -> Any:
    plain = entry.item() if hasattr(entry, "item") else entry
    if type(plain) not in (bool, int, float):
        raise ValueError(f"a function of its outcomes gives a {type(entry).__name__}")
    return plain


def measurement_value(outcome: Outcome, measured: Sequence[Any]) -> Any:
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


def tape(operations: Sequence[Any], measurements: Sequence[Any], shots: tuple[int, ...]) -> Any:
    """A tape of this PennyLane's."""
    groups = None if not shots else shots[0] if len(shots) == 1 else list(shots)
    return qml.tape.QuantumScript(operations, measurements, shots=groups)
