"""Parameters as samples: a call cut down to some of what it is differentiated by, where it is differentiated by much.

A method that evaluates the circuit anew for each parameter has one rule for each kind of operation, so a few parameters of each kind
show what its rules do, and cost what a few cost. The kinds are read off the circuit: the operation with all that it is made of, which
of its numbers, and whether it is one at which rules tend to break down. Methods whose cost does not grow see every parameter.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.model.call import Backward, Call
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison
from qdiag.model.element import Kind, parameter_names
from qdiag.model.method import Method
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters

SAMPLED, FEW = 16, 8
"""So many numbers of a circuit with more than twice as many are looked at, or one of each kind where there are more kinds: of one whose
evaluations take long, fewer."""

LONG = 1.0
"""Processor seconds for the circuits that shift as many numbers, from which on evaluations take long: two for each, each of which takes
about what a gradient takes under the script's own method."""

NEAR = 1e-6
"""How close to a multiple of a right angle a number is of a kind of its own."""

Positions = tuple[int, ...]


def tracked_numbers(circuit: Circuit) -> int:
    """How many numbers PennyLane differentiates a circuit by: those that the interface tracks, and those that are marked only."""
    return sum(circuit.parameters[position].value.size for position in (*circuit.trainable, *circuit.marked))


def most_numbers(seconds: float) -> int:
    """How many numbers are looked at where a gradient takes so long under the script's own method."""
    return FEW if 2 * SAMPLED * seconds > LONG else SAMPLED


def goes_by_parameters(method: Method, circuit: Circuit, most: int = SAMPLED) -> bool:
    """Whether a method takes a circuit's parameters one after the other, and is shown a few of them, about so many numbers.

    One that was told something of each parameter is shown all: of some of them it would take the words that are meant for others.
    """
    by_kind = method.per_parameter and not method.told_of_each_parameter
    return by_kind and bool(circuit.trainable) and tracked_numbers(circuit) > 2 * most


def sampled_parameters(circuit: Circuit, key: str, flagged: Collection[str] = (), most: int = SAMPLED) -> Positions:
    """Positions in `Circuit.parameters` of those that are looked at.

    The first of each kind, those that something flags, and others that a seed chooses, the shortest kinds first.

    Parameters
    ----------
    circuit
        The circuit.
    key
        `circuit_key` of it, from which the seed is taken: another call of a training is seen in other parameters.
    flagged
        Names of parameters, as elements call them, by which something differs.
    most
        How many numbers they have together, where there are not more kinds.
    """
    names = parameter_names(circuit)
    chosen: dict[int, None] = {position: None for position in circuit.trainable if names[position] in flagged}
    for position in _firsts_of_kinds(circuit, names):
        chosen.setdefault(position)
    rest = np.random.default_rng(int(key[:16], 16)).permutation([p for p in circuit.trainable if p not in chosen])
    seen = sum(circuit.parameters[position].value.size for position in chosen)
    for position in map(int, rest):
        size = circuit.parameters[position].value.size
        if seen + size <= most:
            chosen[position] = None
            seen += size
    return tuple(sorted(chosen))


def is_coarse(circuit: Circuit, sampled: Positions, most: int = SAMPLED) -> bool:
    """Whether a sample is of many numbers all the same, since it can only have whole parameters, and some of these are large arrays."""
    return sum(circuit.parameters[position].value.size for position in sampled) > 2 * most


def _firsts_of_kinds(circuit: Circuit, names: tuple[str, ...]) -> Iterable[int]:
    kinds: dict[tuple[str, str, bool], int] = {}
    for position in circuit.trainable:
        label, _, slot = names[position].partition("#")
        kinds.setdefault((label, slot.partition(":")[2], _is_singular(circuit.parameters[position])), position)
    return kinds.values()


def _is_singular(parameter: Parameter) -> bool:
    """Whether any number is next to a multiple of a right angle, where square roots, phases and eigenvalues meet."""
    turns = np.real(parameter.value).astype(float) / (math.pi / 2)
    return bool(np.any(np.abs(turns - np.round(turns)) * (math.pi / 2) < NEAR))


def flagged_parameter(comparison: Comparison) -> Optional[str]:
    """The name of the parameter by whose derivative a comparison shows a difference; None where it shows none."""
    element = comparison.element
    return element.by if element is not None and element.kind in (Kind.JACOBIAN, Kind.PRODUCT, Kind.SECOND) else None


def with_tracked(call: Call, kept: Positions) -> Call:
    """The call as if it had been made with these parameters tracked alone; its outputs are the same."""
    circuit = call.circuit
    chosen = frozenset(kept)
    places = [place for place, position in enumerate(circuit.trainable) if position in chosen]
    parameters = [p if i in chosen else _left_alone(p) for i, p in enumerate(circuit.parameters)]
    return replace(
        call,
        circuit=with_parameters(circuit, parameters),
        written=None,
        backwards=tuple(_backward_with(backward, places) for backward in call.backwards),
    )


def _left_alone(parameter: Parameter) -> Parameter:
    return replace(parameter, trainable=False, marked=False) if parameter.trainable or parameter.marked else parameter


def _backward_with(backward: Backward, places: list[int]) -> Backward:
    return replace(
        backward,
        gradients=tuple(backward.gradients[place] for place in places if place < len(backward.gradients)),
        exact=tuple(backward.exact[place] for place in places if place < len(backward.exact)),
    )
