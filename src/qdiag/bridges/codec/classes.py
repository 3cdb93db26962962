"""PennyLane's operator and measurement classes by name, and the script's own classes made from their recorded source.

A name from a file is only ever looked up among the classes that are loaded already: reading a circuit imports nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pennylane as qml

from qdiag.bridges.codec import class_source
from qdiag.errors import OpaqueCircuitError
from qdiag.model import class_names

OPERATOR: type[Any] = qml.operation.Operator
MEASUREMENT: type[Any] = qml.measurements.MeasurementProcess if hasattr(qml, "measurements") else qml.measure.MeasurementProcess

def is_pennylane(kind: type) -> bool:
    """Whether a class ships with PennyLane or its own simulators."""
    return kind.__module__.partition(".")[0] in ("pennylane", "pennylane_lightning")


def below(kind: type[Any]) -> Iterator[type[Any]]:
    """Every loaded class that inherits from a class."""
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


_known: dict[str, type] = {}
NAMES: dict[type, str] = {}
"""PennyLane's classes that were met so far, and the names under which they are recorded."""


def _index() -> None:
    for kind in (OPERATOR, MEASUREMENT, *below(OPERATOR), *below(MEASUREMENT)):
        if kind in NAMES or not is_pennylane(kind) or class_in_source(kind) is not kind:
            continue
        name = kind.__name__
        if name in _known and getattr(qml, name, None) is not kind:
            name = f"{kind.__module__}.{kind.__qualname__}"
        _known[name] = kind
        NAMES[kind] = class_names.plain(name)


def name_of(kind: type) -> str:
    """The name under which a class is recorded: its own, or the full one where another class took that already."""
    kind = class_in_source(kind)
    name = NAMES.get(kind)
    if name is None and is_pennylane(kind):
        _index()
        name = NAMES.get(kind)
    return name or kind.__name__


def class_in_source(kind: type) -> type:
    """The class that stands in PennyLane's source: before 0.31 each adjoint or power is of a class made for it alone."""
    for base in kind.__mro__[1:]:
        if base.__name__ == kind.__name__ and base.__module__ == kind.__module__:
            return base
    return kind


def class_named(name: str) -> type:
    """The loaded PennyLane class that is recorded under a name, here or on another release.

    Raises
    ------
    OpaqueCircuitError
        If this PennyLane has no such class.
    """
    if name not in _known:
        _index()
    for here in (name, *class_names.other_classes(name)):
        # before 0.32 StatePrep is what state preparations inherit from
        if here in _known and not inspect.isabstract(_known[here]):
            return _known[here]
    raise OpaqueCircuitError(
        f"PennyLane {qml.__version__} has no operation or measurement {name!r}",
        "replay on the version of PennyLane that recorded it, or trust the file if the class is the script's own",
    )


# --- classes of the user's -----------------------------------------------------------------------------------------------

_defined: dict[tuple[str, str], type] = {}


def class_defined(name: str, definition: str) -> type:
    """Execute the source of a recorded class. Call this only with the user's trust.

    Raises
    ------
    OpaqueCircuitError
        If the source does not run here, or does not define an operator of that name.
    """
    if (name, definition) not in _defined:
        _defined[name, definition] = _class_from_source(name, definition)
    return _defined[name, definition]


def _class_from_source(name: str, definition: str) -> type:
    import numpy as np

    scope: dict[str, Any] = {"__name__": "qdiag_recorded", "qml": qml, "pennylane": qml, "np": np, "numpy": np}
    scope.update(Operator=OPERATOR, Operation=qml.operation.Operation)
    try:
        exec(compile(definition, f"<{name}>", "exec"), scope)
    except Exception as error:
        raise OpaqueCircuitError(
            f"the recorded source of {name} does not run here ({type(error).__name__}: {error})",
            "run qdiag on the script itself, in the environment that it needs",
        ) from None
    kind = scope.get(name)
    if not isinstance(kind, type) or not issubclass(kind, (OPERATOR, MEASUREMENT)):
        raise OpaqueCircuitError(f"the recorded source of {name} does not define an operation", "record the trace again")
    class_source.remember(kind, definition)
    return kind
