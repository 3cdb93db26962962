"""The tracked numbers of a circuit as the few variables that a person would give them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.parameter import TENSORS, Parameter

_NAMES = ("x", "y", "z", "u", "v", "w")


@dataclass(frozen=True, eq=False)
class Variable:
    """An argument of the quantum function.

    Parameters
    ----------
    name
        Its name.
    value
        Its value: several scalars stacked to a vector, or one parameter of any shape.
    positions
        Which of the circuit's parameters it holds.
    imaginary
        Whether the circuit's parameters are ``1j`` times it.
    """

    name: str
    value: Parameter
    positions: tuple[int, ...]
    imaginary: bool = False

    @property
    def entries(self) -> Iterator[tuple[int, str]]:
        """Position of each parameter, and how the circuit refers to it."""
        factor = "1j * " if self.imaginary else ""
        for place, position in enumerate(self.positions):
            index = f"[{place}]" if self.stacked else ""
            yield position, f"{factor}{self.name}{index}"

    @property
    def stacked(self) -> bool:
        """Whether it is a vector of several scalar parameters."""
        return len(self.positions) > 1


def variables_of(circuit: Circuit, *, readable: bool, also_untracked: bool = False) -> tuple[Variable, ...]:
    """The variables that hold a circuit's tracked parameters.

    Parameters
    ----------
    circuit
        The circuit.
    readable
        Whether a purely imaginary parameter may be written as ``1j`` times a real one, as its user most likely did.
    also_untracked
        Whether untracked floating numbers become variables as well, so that a precision can be given to all of them.
    """
    groups: dict[object, list[int]] = {}
    for position, parameter in enumerate(circuit.parameters):
        floating = parameter.value.dtype.kind in "fc" and parameter.container in TENSORS
        if parameter.trainable or (also_untracked and floating):
            key = _group(position, parameter, readable)
            groups.setdefault(key, []).append(position)
    return tuple(_variable(_name(i), circuit, positions, readable) for i, positions in enumerate(groups.values()))


def _name(i: int) -> str:
    return _NAMES[i] if i < len(_NAMES) else f"p{i}"


def _group(position: int, parameter: Parameter, readable: bool) -> object:
    value = parameter.value
    if value.ndim or (value.dtype.kind == "c" and not (readable and _imaginary(value))):
        return position
    return parameter.container, parameter.dtype


def _imaginary(value: np.ndarray) -> bool:
    return value.dtype.kind == "c" and value.ndim == 0 and value.real == 0


def _variable(name: str, circuit: Circuit, positions: Sequence[int], readable: bool) -> Variable:
    parameters = [circuit.parameters[i] for i in positions]
    imaginary = readable and all(_imaginary(p.value) for p in parameters)
    values = [np.ascontiguousarray(p.value.imag).reshape(()) if imaginary else p.value for p in parameters]
    stacked = values[0] if len(values) == 1 else np.stack(values)
    return Variable(name, replace(parameters[0], value=stacked, trainable=True), tuple(positions), imaginary)
