"""Whether the axis of an argument that is trained became the axis of a batch: each circuit has trained numbers of its own.

In a batch, rows differ in their data and share what is trained. Where an entry of a trained argument goes into one of the circuits
only, a vector was given where one angle was meant. Several sets of parameters, run side by side on purpose, have their axis first, and
nothing in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.bridges.live import qnode_attributes
from qdiag.bridges.live.arguments import like
from qdiag.bridges.live.probe_subject import SEED, Subject
from qdiag.bridges.results import array_of
from qdiag.model.probe import Probe, ProbedVectors

MOST_ENTRIES = 6
"""Entries of an argument that are moved one by one."""

AWAY = 0.3
"""How far."""


def with_vectors(subject: Subject, probe: Probe) -> Probe:
    """The probe with what it saw of vectors that were given for angles; as it is where there is nothing of the kind."""
    circuits = qnode_attributes.circuits_of(subject.qnode)
    if circuits < 2:
        return probe
    operation, wires = qnode_attributes.given_vectors(subject.qnode)
    for position, leaf in enumerate(subject.leaves):
        if leaf.begins and leaf.array.ndim and leaf.array.dtype.kind == "f":
            reached = list(_circuits_reached(subject, position, circuits))
            if any(circuit is not None for _, circuit in reached) and not _meant(reached, leaf.array.ndim):
                return replace(probe, vectors=ProbedVectors(circuits, operation, wires, leaf.name, leaf.array.shape))
    return probe


Reached = tuple[tuple[int, ...], Optional[int]]
"""An entry, and the one circuit into which it goes; None where that is none, or several."""


def _meant(reached: list[Reached], axes: int) -> bool:
    """Whether these are sets of parameters: the first of several axes counts the circuits, and no entry is shared."""
    return axes > 1 and all(circuit == index[0] for index, circuit in reached)


def _circuits_reached(subject: Subject, position: int, circuits: int) -> Iterator[Reached]:
    leaf = subject.leaves[position]
    before = _parameters(subject, subject.here)
    entries = np.random.default_rng(SEED).permutation(leaf.array.size)[:MOST_ENTRIES]
    for entry in entries:
        index = tuple(int(i) for i in np.unravel_index(int(entry), leaf.array.shape))
        moved = np.array(leaf.array)
        moved[index] += AWAY
        values = subject.here
        values[position] = like(leaf, moved)
        yield index, _only_circuit(before, _parameters(subject, values), circuits)


def _parameters(subject: Subject, values: list[object]) -> list[np.ndarray]:
    subject.evaluate(subject.qnode, values)
    return [array for array in map(array_of, subject.circuit_parameters()) if array.dtype.kind in "fc"]


def _only_circuit(before: list[np.ndarray], after: list[np.ndarray], circuits: int) -> Optional[int]:
    reached: set[int] = set()
    for a, b in zip(before, after):
        if a.shape != b.shape or np.array_equal(a, b, equal_nan=True):
            continue
        if not a.ndim or a.shape[0] != circuits:
            return None
        reached |= {int(circuit) for circuit in np.flatnonzero((a != b).reshape(circuits, -1).any(axis=1))}
    return reached.pop() if len(reached) == 1 else None
