"""Trained numbers that nothing measured depends on: no method is wrong to give them a gradient of exactly zero, at any point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np

from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.landscape import Angle, Landscape, landscape_of
from qdiag.diagnosis.training.light_cone import inside_the_cone
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit

POINTS = 4
"""Random points: a derivative that is zero at each is so everywhere, since it is a sum of sines."""

ALIKE = 1e-6
"""Two numbers no further apart, relative to their size, are one: a parameter, and what of it is in a circuit in float32."""

MOST_NAMED = 3
"""Operations that are named one by one."""


def zero_by_structure(history: History, call: Call, values: Sequence[float]) -> Optional[str]:
    """Why a trained tensor can have no gradient but zero, in words; None where it can have one, or this cannot be told.

    Parameters
    ----------
    history
        The training.
    call
        A call in whose circuit the tensor's numbers are.
    values
        Its numbers at that call.
    """
    landscape = landscape_of(history, call, POINTS)
    if landscape is None or not len(values):
        return None
    mine = entries_of(landscape, values)
    if not mine.any() or not all(np.isclose(landscape.values, value, rtol=ALIKE, atol=ALIKE).any() for value in values):
        return None
    return said_of_dead(call.circuit, landscape, mine) if landscape.dead[mine].all() else None


def entries_of(landscape: Landscape, values: Sequence[float]) -> np.ndarray:
    """Which entries have one of these numbers."""
    near = np.isclose(landscape.values[:, None], np.asarray(values)[None, :], rtol=ALIKE, atol=ALIKE)
    return np.asarray(near.any(axis=1))


def said_of_dead(circuit: Circuit, landscape: Landscape, entries: np.ndarray) -> str:
    """Of which operations entries are, and why they change nothing."""
    cone, start = inside_the_cone(circuit), 0
    far: list[str] = []
    still: list[str] = []
    for angle in landscape.angles:
        if entries[start : start + angle.size].any():
            (still if cone[angle.operation] else far).append(_name(circuit, angle))
        start += angle.size
    wires = list(dict.fromkeys(wire for m in circuit.measurements for wire in m.wires))
    measured = f"wire{'s' * (len(wires) > 1)} {', '.join(map(str, wires))}"
    parts = []
    if far:
        parts.append(f"{_listed(far)} cannot reach what is measured ({measured}): no operation leads there from its wires")
    if still:
        parts.append(f"{_listed(still)} changes no result at any of {len(landscape.slopes)} random points")
    return "; ".join(parts)


def _name(circuit: Circuit, angle: Angle) -> str:
    operation = circuit.operations[angle.operation]
    return f"{operation.name} on wire{'s' * (len(operation.wires) > 1)} {', '.join(map(str, operation.wires))}"


def _listed(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - MOST_NAMED} more" if len(distinct) > MOST_NAMED else ""
    return ", ".join(distinct[:MOST_NAMED]) + more
