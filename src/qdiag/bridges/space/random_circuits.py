"""Random circuits: a few gates after one another on three wires, with whatever numbers, read in whatever way.

They come after everything that can be gone through one by one, and look where nobody thought of looking: more than two things that
meet. What a circuit with a number looks like depends on the seed and on this number alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qdiag.bridges.codec import flattening
from qdiag.bridges.space.builds import Build
from qdiag.bridges.space.pool import Pool
from qdiag.bridges.space.specimens import rotations
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node
from qdiag.model.specimen import BARE, Rank, Specimen
from qdiag.model.variants import with_parameters, with_precision, with_trainable

WIRES = (0, 1, 2)

FEWEST, MOST = 2, 6
"""Gates after the first layer."""

OFTEN, SELDOM = 0.6, 0.2
"""How often a number is tracked; how often a circuit is in single precision, or tracked by autograd."""


def random_specimens(count: int, seed: int, made: tuple[Build, ...], names: frozenset[str] = frozenset()) -> Iterator[Specimen]:
    """So many random circuits; with names, such as hold one of these operations.

    Parameters
    ----------
    count
        How many.
    seed
        Of all draws.
    made
        The builds of the space.
    names
        Operations by class or build; empty for any.
    """
    pool = Pool(made)
    wanted = [gate for gate in pool.gates if names & {gate.core, gate.label}]
    if names and not wanted:
        return
    with warnings.catch_warnings(), flattening.stop_recording():
        warnings.simplefilter("ignore")
        for number in range(count):
            yield _random(pool, number, np.random.default_rng([seed, 1, number]), wanted)


def _random(pool: Pool, number: int, draws: np.random.Generator, wanted: list[Build]) -> Specimen:
    gates = [pool.node(WIRES, draws) for _ in range(int(draws.integers(FEWEST, MOST + 1)))]
    if wanted:
        gates.insert(int(draws.integers(len(gates) + 1)), pool.node(WIRES, draws, wanted))
    operations: list[Node] = [*rotations(WIRES, draws, tracked=True), *(gate for gate in gates if gate is not None)]
    name, measurements = pool.reading(WIRES, draws)
    circuit = Circuit(tuple(operations), measurements, returns="single" if len(measurements) == 1 else "tuple")
    tracked = [k for k in circuit.trainable if draws.uniform() < OFTEN] or list(circuit.trainable[:1])
    circuit = with_trainable(circuit, tracked)
    interface = "torch"
    if draws.uniform() < SELDOM:
        circuit = with_precision(circuit, "float32")
    elif draws.uniform() < SELDOM:
        circuit, interface = by_autograd(circuit), "autograd"
    return Specimen(BARE, BARE, name, circuit, Rank.RANDOM, f"random circuit {number}", interface=interface)


def by_autograd(circuit: Circuit) -> Circuit:
    """The circuit with its tracked numbers as autograd has them."""
    return with_parameters(circuit, [replace(p, container="autograd") if p.trainable else p for p in circuit.parameters])
