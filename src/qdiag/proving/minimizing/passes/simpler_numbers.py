"""Passes on numbers: constants for trainable ones, float64, plain containers, round values, few digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qdiag.model import operator_families as families
from qdiag.model.circuit import Circuit
from qdiag.model.edits import significant, with_elements, with_rounded_elements
from qdiag.model.node import Node, Tagged, Value, parts_of, walk
from qdiag.model.parameter import WIDER, Parameter
from qdiag.model.variants import with_parameters
from qdiag.proving.minimizing.changes import Changes, PennyLaneEdits, Propose
from qdiag.proving.minimizing.order import simplicity

UNITARY = families.UNITARY_MATRICES | families.UNITARY_DIAGONALS | families.KRAUS_MATRICES
"""Operators whose numbers mean something together only: changing one alone makes no operator."""


@dataclass(frozen=True, eq=False)
class Held:
    """A parameter, its position in `Circuit.parameters`, and the operator that holds it."""

    position: int
    parameter: Parameter
    owner: Node


def held_parameters(circuit: Circuit) -> tuple[Held, ...]:
    """The parameters that stand for numbers of the user's (not the index arrays of sparse matrices)."""
    positions = iter(range(len(circuit.parameters)))

    def below(value: Value, owner: Node, sparse: bool) -> Iterator[Held]:
        if isinstance(value, Parameter):
            position = next(positions)
            if not sparse:
                yield Held(position, value, owner)
        for part in parts_of(value):
            inner_owner = value if isinstance(value, Node) else owner
            yield from below(part, inner_owner, sparse or (isinstance(value, Tagged) and value.kind.startswith("sparse")))

    return tuple(found for node in circuit.nodes for found in below(node, node, False))


def _replacing(circuit: Circuit, replacements: list[tuple[int, Parameter]]) -> Changes:
    """Changes that each put another parameter at a position; of several for one position the first wins."""

    def make(items: frozenset[int]) -> Circuit:
        parameters = list(circuit.parameters)
        for item in sorted(items, reverse=True):
            position, parameter = replacements[item]
            parameters[position] = parameter
        return with_parameters(circuit, parameters)

    return Changes(len(replacements), make)


def freeze_parameters(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``RX(tensor(0.3, requires_grad=True))`` → ``RX(0.3)``."""
    frozen = [(i, _as_constant(replace(p, trainable=False))) for i, p in enumerate(circuit.parameters) if p.trainable]
    return _replacing(circuit, frozen)


def plain_containers(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """A constant ``tensor(0.3)`` → ``0.3``."""
    plain = [(i, _as_constant(p)) for i, p in enumerate(circuit.parameters) if not p.trainable]
    before = circuit.parameters
    return _replacing(circuit, [(i, p) for i, p in plain if p.container != before[i].container or p.marked is not before[i].marked])


def _as_constant(parameter: Parameter) -> Parameter:
    """The same constant as a Python number where it is one of its precision, else as numpy's."""
    if parameter.value.ndim:
        return replace(parameter, container="numpy", marked=False)
    exact = parameter.value.dtype.name in ("float64", "complex128", "int64", "bool")
    return replace(parameter, container="python" if exact else "numpy-scalar", marked=False)


def widen_precision(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``float32`` → ``float64``, ``complex64`` → ``complex128``."""
    narrow = [(i, p) for i, p in enumerate(circuit.parameters) if p.dtype in WIDER]
    return _replacing(circuit, [(i, replace(p, value=p.value.astype(WIDER[p.dtype]), foreign="")) for i, p in narrow])


# --- values ------------------------------------------------------------------------------------------------------------

Elements = list[tuple[int, int]]
"""Positions in `Circuit.parameters`, each with one in the flattened array, that must change together."""


def adjustable(circuit: Circuit) -> Iterator[tuple[Elements, complex]]:
    """Numbers that may be changed by themselves, with their values."""
    for found in held_parameters(circuit):
        value, name = found.parameter.value, found.owner.name
        if name in UNITARY or (name in families.STATE_DATA and not _normalizes(found.owner)):
            continue
        mirrored = name in families.HERMITIAN_MATRICES and value.ndim == 2
        for element, number in enumerate(value.reshape(-1)):
            row, column = divmod(element, value.shape[-1]) if mirrored else (0, 0)
            if row <= column:
                twin = [(found.position, column * value.shape[-1] + row)] if row != column else []
                yield [(found.position, element), *twin], number


def _normalizes(node: Node) -> bool:
    return any(isinstance(value, tuple) and value == ("normalize", True) for value in walk(node.metadata))


def set_numbers(number: float) -> Propose:
    """The pass that sets numbers to one value: ``RX(0.3512)`` → ``RX(1.0)``."""

    def propose(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
        kinds = [p.value.dtype for p in circuit.parameters]
        groups = [
            elements
            for elements, current in adjustable(circuit)
            if simplicity(number) < simplicity(current) and _holds(kinds[elements[0][0]], number)
        ]
        return Changes(len(groups), lambda items: with_elements(circuit, _elements_of_groups(groups, items), number))

    return propose


def _holds(kind: np.dtype[Any], number: float) -> bool:
    """Whether a dtype has this number."""
    return kind.kind in "fc" or (number in (0.0, 1.0)) or (kind.kind == "i" and number.is_integer())


def round_numbers(digits: int) -> Propose:
    """The pass that rounds numbers to some significant digits: ``RX(0.3512)`` → ``RX(0.4)``."""

    def propose(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
        kinds = [p.value.dtype for p in circuit.parameters]
        groups = [
            elements
            for elements, current in adjustable(circuit)
            if kinds[elements[0][0]].kind in "fc" and np.isfinite(current) and _shorter(current, digits)
        ]
        return Changes(len(groups), lambda items: with_rounded_elements(circuit, _elements_of_groups(groups, items), digits))

    return propose


def _shorter(number: complex, digits: int) -> bool:
    after = significant(number, digits)
    kind: Callable[[complex], complex] = type(number) if isinstance(number, np.generic) else complex
    return simplicity(kind(after if isinstance(number, (complex, np.complexfloating)) else after.real)) < simplicity(number)


def _elements_of_groups(groups: list[Elements], items: frozenset[int]) -> Elements:
    return [element for item in sorted(items) for element in groups[item]]


# --- matrices and states ------------------------------------------------------------------------------------------------


def simplify_matrices(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``QubitUnitary([[0.6, -0.8], [0.8, 0.6]])`` → ``QubitUnitary(identity)``, or the exchange of its basis states."""
    replacements = []
    for found in held_parameters(circuit):
        value = found.parameter.value
        if value.ndim == 2 and value.shape[0] == value.shape[1] and found.owner.name in UNITARY | families.HERMITIAN_MATRICES:
            identity = np.eye(len(value), dtype=value.dtype)
            replacements += [(found.position, replace(found.parameter, value=plain)) for plain in (identity, identity[::-1].copy())]
    return _replacing(circuit, replacements)


def simplify_states(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``StatePrep([0.6, 0.8])`` → ``StatePrep([0, 1])``, or the first basis state, or all amplitudes the same."""
    replacements = []
    for found in held_parameters(circuit):
        value = found.parameter.value
        if found.owner.name in families.STATE_DATA and value.ndim == 1 and value.dtype.kind in "fc":
            size = len(value)
            plain = [np.eye(size)[0], np.eye(size)[-1], np.full(size, size**-0.5)]
            replacements += [(found.position, replace(found.parameter, value=state.astype(value.dtype))) for state in plain]
    return _replacing(circuit, replacements)
