"""Circuits near others: one thing changed in one that was wrong, or in one of a user's.

A fault has sisters: the same at another operation of its kind, read in another way, at another number. A mutation changes one of
these; what circuit it is depends on the seed, the pattern and its number alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.bridges.codec import flattening
from qdiag.bridges.space.builds import Build
from qdiag.bridges.space.pool import POINTS, Pool
from qdiag.bridges.space.random_circuits import by_autograd
from qdiag.model.node import parameters_of
from qdiag.model.specimen import BARE, Rank, Specimen
from qdiag.model.variants import with_parameters, with_trainable, with_values

Mutated = Optional[Specimen]
"""What was changed stands in its variation; None where there is nothing to change."""


def mutations(patterns: Sequence[Specimen], each: int, seed: int, made: tuple[Build, ...]) -> Iterator[Specimen]:
    """Circuits near some others, so many of each.

    Parameters
    ----------
    patterns
        The circuits that are changed.
    each
        How many there are of each.
    seed
        Of all draws.
    made
        The builds of the space.
    """
    pool = Pool(made)
    with warnings.catch_warnings(), flattening.stop_recording():
        warnings.simplefilter("ignore")
        for place, pattern in enumerate(patterns):
            for number in range(each):
                found = _mutation(pattern, pool, np.random.default_rng([seed, 2, place, number]))
                if found is not None:
                    words = f"near {_name(pattern)}, {number}: {found.variation}"
                    yield replace(found, variation=words, near=pattern.key)


def _name(pattern: Specimen) -> str:
    operation = "" if pattern.operation == BARE else pattern.operation
    return " ".join(filter(None, (operation, pattern.measurement, pattern.variation)))


def _mutation(pattern: Specimen, pool: Pool, draws: np.random.Generator) -> Optional[Specimen]:
    """The pattern with one thing changed, drawn; None where that cannot be changed in it."""
    change = CHANGES[int(draws.integers(len(CHANGES)))]
    found = change(pattern, pool, draws)
    if found is None or not found.circuit.operations:
        return None
    # wires that only the device has, for what takes work wires
    wires = tuple(dict.fromkeys((*pattern.device_wires, *found.circuit.wires))) if pattern.device_wires else ()
    return replace(found, rank=Rank.NEAR, own=(), rows=0, device_wires=wires)


def _with_reading(pattern: Specimen, pool: Pool, draws: np.random.Generator) -> Mutated:
    name, measurements = pool.reading(pattern.circuit.wires, draws)
    if name == pattern.measurement or not measurements:
        return None
    circuit = replace(pattern.circuit, measurements=measurements, returns="single" if len(measurements) == 1 else "tuple")
    return replace(pattern, measurement=name, circuit=circuit, variation=f"read as {name}")


def _with_autograd(pattern: Specimen, pool: Pool, draws: np.random.Generator) -> Mutated:
    if pattern.interface == "autograd":
        return None
    return replace(pattern, circuit=by_autograd(pattern.circuit), interface="autograd", variation="by autograd")


def _with_sister(pattern: Specimen, pool: Pool, draws: np.random.Generator) -> Mutated:
    """Another gate on the wires of one."""
    circuit = pattern.circuit
    place = int(draws.integers(len(circuit.operations)))
    wires = circuit.operations[place].wires
    sisters = [gate for gate in pool.gates if len(gate.node.wires) == len(wires)]
    if not sisters:
        return None
    sister = sisters[int(draws.integers(len(sisters)))]
    node = pool.placed(sister, wires, draws)
    if node is None:
        return None
    operations = (*circuit.operations[:place], node, *circuit.operations[place + 1 :])
    words = f"{node.name} for {circuit.operations[place].name}"
    return replace(pattern, circuit=replace(circuit, operations=operations), variation=words)


def _with_gate_more(pattern: Specimen, pool: Pool, draws: np.random.Generator) -> Mutated:
    circuit = pattern.circuit
    place = int(draws.integers(len(circuit.operations) + 1))
    node = pool.node(circuit.wires, draws)
    if node is None:
        return None
    operations = (*circuit.operations[:place], node, *circuit.operations[place:])
    return replace(pattern, circuit=replace(circuit, operations=operations), variation=f"{node.name} more")


def _with_gate_less(pattern: Specimen, pool: Pool, draws: np.random.Generator) -> Mutated:
    circuit = pattern.circuit
    place = int(draws.integers(len(circuit.operations)))
    less = (*circuit.operations[:place], *circuit.operations[place + 1 :])
    changed = replace(circuit, operations=less)
    if not changed.trainable or set(changed.wires) != set(circuit.wires):
        return None
    return replace(pattern, circuit=changed, variation=f"{circuit.operations[place].name} less")


def _with_number(pattern: Specimen, pool: Pool, draws: np.random.Generator) -> Mutated:
    """One tracked number at another point."""
    parameters = pattern.circuit.parameters
    scalars = [k for k in pattern.circuit.trainable if parameters[k].value.ndim == 0 and parameters[k].value.dtype.kind == "f"]
    if not scalars:
        return None
    at = scalars[int(draws.integers(len(scalars)))]
    point = POINTS[int(draws.integers(1, len(POINTS)))]
    value = np.asarray(point(parameters[at].value))
    circuit = with_values(pattern.circuit, {at: value})
    return replace(pattern, circuit=circuit, variation=f"number {at} at {float(value):.3g}")


def _with_other_tracked(pattern: Specimen, pool: Pool, draws: np.random.Generator) -> Mutated:
    """One tracked number plain, or a plain one of an operation tracked."""
    circuit = pattern.circuit
    count = len(parameters_of(circuit.operations))
    able = [k for k, p in enumerate(circuit.parameters[:count]) if p.value.dtype.kind == "f" and p.value.ndim == 0]
    if not able:
        return None
    at = able[int(draws.integers(len(able)))]
    tracked = sorted(set(circuit.trainable) ^ {at})
    if not tracked:
        return None
    parameters = tuple(replace(p, container=pattern.interface) if k in tracked else p for k, p in enumerate(circuit.parameters))
    words = "plain" if at in circuit.trainable else "tracked"
    changed = with_trainable(with_parameters(circuit, parameters), tracked)
    return replace(pattern, circuit=changed, variation=f"number {at} {words}")


CHANGES: tuple[Callable[[Specimen, Pool, np.random.Generator], Mutated], ...] = (
    _with_sister, _with_sister, _with_sister, _with_reading, _with_reading, _with_autograd,
    _with_gate_more, _with_gate_less, _with_number, _with_other_tracked,
)  # fmt: skip
"""What may be changed; another gate or another reading more often than the rest."""
