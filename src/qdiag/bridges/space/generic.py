"""Operators that PennyLane ships, made with arguments chosen by the look of their signatures."""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pennylane as qml

from qdiag.bridges.space.ingredients import hermitian, unitary, vector
from qdiag.errors import UsageError

ABSTRACT = {
    "Operation", "Channel", "CVOperation", "StatePrepBase", "CV", "CVObservable", "Observable", "Operator", "DiagonalOperation",
    "CompositeOp", "SymbolicOp", "ScalarSymbolicOp", "SampleMeasurement", "StateMeasurement", "MeasurementTransform",
    "PowOperation", "AdjointOperation", "ControlledOp", "PowObs", "AdjointObs", "ResourcesOperation", "ErrorOperation",
    "SymbolicOperation", "Tensor", "Projector",
}  # fmt: skip
"""Bases that are not meant to be made, and classes that PennyLane swaps for another when they are."""

OUTSIDE = ("pennylane.labs", "pennylane.estimator", "pennylane.resource", "pennylane.ftqc", "pennylane.io", "pennylane.beta")
"""Parts of PennyLane whose operators no device executes."""

KINDS: dict[str, Callable[[int, int], Any]] = {
    "number": lambda wires, position: 0.1 + 0.2 * position,
    "vector": lambda wires, position: vector(wires),
    "unitary": lambda wires, position: unitary(wires),
    "hermitian": lambda wires, position: hermitian(wires),
    "phases": lambda wires, position: np.exp(1j * np.arange(2**wires)),
    "bits": lambda wires, position: np.arange(wires) % 2,
    "base": lambda wires, position: qml.PauliX(0),
}


def below(kind: type[Any]) -> Iterator[type]:
    """All classes below one."""
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


def classes() -> list[type]:
    """Every operator class of the installed PennyLane that can stand in a circuit."""
    found = dict.fromkeys(below(qml.operation.Operator))
    return [
        kind
        for kind in found
        if kind.__module__.startswith("pennylane.")
        and not kind.__module__.startswith(OUTSIDE)
        and kind.__name__ not in ABSTRACT
        and not kind.__name__.startswith("_")
    ]


def classes_of(module: str) -> list[type]:
    """The operator classes that a module defines.

    Raises
    ------
    UsageError
        If it cannot be imported.
    """
    try:
        importlib.import_module(module)
    except Exception as error:
        # a module may raise anything
        words = f"importing {module} raised {type(error).__name__}: {error}"
        raise UsageError(words, "run qdiag in the folder that holds it, or install it") from None
    found = dict.fromkeys(below(qml.operation.Operator))
    return [kind for kind in found if kind.__module__ == module and not kind.__name__.startswith("_")]


def generic_makers(kind: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What an instance of a class may be made of, and a maker of it: each kind of argument, on wires in several numbers."""
    signature = inspect.signature(kind.__init__)
    names = [
        name
        for name, parameter in list(signature.parameters.items())[1:]
        if parameter.default is parameter.empty and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    star = any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values())
    count = kind.num_params if star and isinstance(getattr(kind, "num_params", None), int) else int(star)
    fixed = getattr(kind, "num_wires", None)
    widths = [fixed] if isinstance(fixed, int) and not isinstance(fixed, bool) and fixed > 0 else [2, 1, 3, 4]
    takes_wires = star or "wires" in signature.parameters
    for what, width in itertools.product(KINDS, widths):

        def make(what: str = what, width: int = width) -> Any:
            keywords = {name: KINDS[what](width, i) for i, name in enumerate(n for n in names if n != "wires")}
            positional = [KINDS[what](width, i) for i in range(count)]
            wires = {"wires": list(range(width))} if takes_wires else {}
            return kind(*positional, **keywords, **wires)

        yield what, make


def is_usable(operator: Any) -> bool:
    """Whether PennyLane itself can do something with the instance (its own constructors accept some nonsense)."""
    if any(isinstance(label, qml.operation.Operator) for label in operator.wires):
        return False
    for use in ("decomposition", "matrix", "eigvals", "kraus_matrices", "decompose", "heisenberg_expand"):
        try:
            attribute = getattr(operator, use, None)
            result = attribute() if callable(attribute) else attribute
        except Exception:
            continue
        if result is not None:
            return True
    return type(operator).__module__.startswith(("pennylane.ops.cv", "pennylane.ops.qutrit", "pennylane.ops.channel"))
