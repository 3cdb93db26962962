"""The circuits of the space: each operation between a preparation that makes all amplitudes generic and a last layer that mixes them.

Deterministic by a seed, which draws the angles around the operation and scales its own: what a circuit is called does not depend on it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.space.builds import Build, builds, on_wires, wrapped_builds
from qdiag.bridges.space.readings import (
    PAIRS,
    PROBABILITIES,
    PRODUCT,
    READINGS,
    WITH_SHOTS,
    Reading,
    measurement_readings,
    weighted_readings,
)
from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Node, parameters_of
from qdiag.model.parameter import Parameter
from qdiag.model.specimen import BARE, Rank, Specimen, in_order
from qdiag.model.variants import with_parameters, with_precision

ANGLES = {"0": 0.0, "π/2": np.pi / 2, "π": np.pi}
"""Points at which rules may be singular."""

SHOTS = 10_000
"""So many are asked of a device where it is to sample: an error of a tenth is then beyond chance."""

RANKS = {PRODUCT: Rank.ALONE, PROBABILITIES: Rank.PROBABILITIES}
"""How an operation is read before all else."""

_PROBABILITIES, _PRODUCT = (PROBABILITIES, READINGS[PROBABILITIES]), (PRODUCT, READINGS[PRODUCT])


def specimens(seed: int = 0, module: str = "", names: frozenset[str] = frozenset()) -> tuple[Specimen, ...]:
    """All circuits of the space, in the order in which they are asked.

    Parameters
    ----------
    seed
        Of the angles.
    module
        A module whose operations stand beside PennyLane's, or "".
    names
        Operations and measurements, by class or build: operations of which none is about them are left out. Empty for all.
    """
    with warnings.catch_warnings(), flattening.stop_recording():
        warnings.simplefilter("ignore")
        return in_order(_all_specimens(seed, module, names))


def _all_specimens(seed: int, module: str, names: frozenset[str]) -> Iterator[Specimen]:
    for name, read in READINGS.items():
        yield specimen_of(None, name, read, seed, Rank.GROUND)
    for name, read in measurement_readings().items():
        yield specimen_of(None, name, read, seed, Rank.MEASURED)
    for name, read in weighted_readings().items():
        one = specimen_of(None, name, read, seed, Rank.MEASURED)
        yield replace(one, circuit=_with_tracked_measurements(one.circuit))
    for name, read in PAIRS.items():
        yield replace(specimen_of(None, name, read, seed, Rank.MEASURED), variation="two measurements")
    for name in sorted(WITH_SHOTS):
        one = specimen_of(None, name, READINGS[name], seed, Rank.SHOTS)
        yield replace(one, variation=f"{SHOTS:,} shots", circuit=replace(one.circuit, shots=(SHOTS,)))
    for build in builds(module):
        if names and not names & {build.core, build.label, *READINGS}:
            continue
        for name, read in READINGS.items():
            yield specimen_of(build, name, read, seed, RANKS.get(name, Rank.OTHER_MEASUREMENT))
        yield from _variations(build, seed)
        for words, wrapped in wrapped_builds(build):
            yield replace(specimen_of(wrapped, *_PRODUCT, seed, Rank.WRAPPED), variation=words)


def _variations(build: Build, seed: int) -> Iterator[Specimen]:
    """The same operation on other wires, at other numbers, in another precision, for several rows at once."""
    plain = specimen_of(build, *_PRODUCT, seed, Rank.ALONE)
    for variation, labels in _other_wires(len(build.node.wires)).items():
        moved = on_wires(build, labels)
        if moved is not None:
            yield replace(specimen_of(moved, *_PRODUCT, seed, Rank.WIRES), variation=variation)
    yield replace(plain, rank=Rank.WIRES, variation="unused wires", device_wires=_with_unused(plain.wires))
    if not build.tracked:
        return
    yield replace(plain, rank=Rank.PRECISION, variation="float32", circuit=with_precision(plain.circuit, "float32"))
    if build.scalars:
        for name, angle in ANGLES.items():
            at = specimen_of(build, *_PROBABILITIES, seed, Rank.SINGULAR, partial(_constant, angle))
            yield replace(at, variation=f"at {name}")
        for rows in (1, 3):
            batch = specimen_of(build, *_PRODUCT, seed, Rank.BATCH, partial(_rows, rows))
            yield replace(batch, variation=f"batch of {rows}", rows=rows)


def _constant(angle: float, value: np.ndarray) -> np.ndarray:
    return np.asarray(angle)


def _rows(count: int, value: np.ndarray) -> np.ndarray:
    return np.asarray(value * np.linspace(1.0, 0.6, count))


def _other_wires(count: int) -> dict[str, tuple[Label, ...]]:
    return {"wires reversed": tuple(reversed(range(count))), "wires with names": tuple("dacb"[:count])}


def _with_unused(labels: Sequence[Label]) -> tuple[Label, ...]:
    """These wires in another order, with more of them at both ends."""
    return (len(labels) + 3, *reversed(labels), len(labels) + 1)


# --- a circuit ------------------------------------------------------------------------------------------------------------------------

SPARE = "s"
"""The wire beside those of the operation: it is entangled with them."""


def specimen_of(
    build: Optional[Build],
    measurement: str,
    read: Reading,
    seed: int,
    rank: Rank,
    numbers: Callable[[np.ndarray], np.ndarray] = lambda value: value,
    *,
    node: Optional[Node] = None,
    between: Sequence[Node] = (),
    layers: bool = True,
) -> Specimen:
    """An operation between its layers, read in one way.

    Parameters
    ----------
    build, measurement, read, seed, rank
        The operation, how it is read, the seed of the angles, and when it is asked.
    numbers
        What becomes of the operation's own tracked numbers.
    node
        The operation as it stands in the circuit, where not that.
    between
        What stands right before it.
    layers
        Whether an angle of each layer is tracked.
    """
    draws = np.random.default_rng(seed)
    wires = (0, 1) if build is None else build.node.wires
    empty = () if build is None else build.empty
    integers = [label for label in (*wires, *empty) if isinstance(label, int)]
    spare: Label = SPARE if any(isinstance(label, str) for label in wires) else 1 + max(integers)
    everything = (*wires, spare) if len(wires) < 4 else wires
    before = everything if build is None else tuple(w for w in everything if w not in empty and not (build.first and w in wires))
    prepared = [*rotations(before, draws, layers), *_entangle(before), *_phases(before, draws)]
    last = [*rotations(everything, draws, layers), *_entangle(tuple(reversed(everything)))]
    own = [] if build is None else [node or with_numbers(build, numbers, float(draws.uniform(0.75, 1.0)))]
    # a preparation stands first: what devices take as one they take there alone
    operations = [*own, *prepared, *last] if build is not None and build.first else [*prepared, *between, *own, *last]
    reading = [everything[k % len(everything)] for k in range(3)]
    nodes = [Encoding().whole(measured) for measured in read(_as_in_order(reading))]
    circuit = Circuit(tuple(operations), tuple(nodes), returns="single" if len(nodes) == 1 else "tuple")
    if build is None:
        return Specimen(BARE, BARE, measurement, circuit, rank)
    outside = tuple(label for label in empty if label not in circuit.wires)
    # work wires that an operation does not count among its own
    device_wires = (*everything, *outside) if outside else ()
    about = Specimen(build.label, build.core, measurement, circuit, rank, device_wires=device_wires, made_of=build.made_of)
    first = 0 if build.first else sum(len(parameters_of(part)) for part in (*prepared, *between))
    inside = range(first, first + len(parameters_of(own[0])))
    return replace(about, own=tuple(k for k in circuit.trainable if k in inside), tracked=bool(build.tracked))


def _as_in_order(labels: list[Label]) -> list[Label]:
    return labels if len(labels) > 1 else labels * 2


def _gate(name: str, wires: Sequence[Label], *angles: float, tracked: bool = False) -> Node:
    node = _gate_at_zero(name, tuple(wires), len(angles))
    numbers = [Parameter(np.asarray(angle), "torch" if tracked else "python", tracked) for angle in angles]
    return replace(node, data=tuple(numbers))


@cache
def _gate_at_zero(name: str, wires: tuple[Label, ...], angles: int) -> Node:
    return Encoding().whole(getattr(qml, name)(*[0.0] * angles, wires=list(wires)))


def track(parameter: Parameter) -> Parameter:
    """The number as one by which users differentiate."""
    return replace(parameter, container="torch", trainable=True)


def _with_tracked_measurements(circuit: Circuit) -> Circuit:
    """The same with a derivative by each coefficient of its measurements: the entries of a matrix mean something together only."""
    before = len(parameters_of(circuit.operations))
    numbers = [track(p) if k >= before and p.value.ndim == 0 else p for k, p in enumerate(circuit.parameters)]
    return with_parameters(circuit, numbers)


def rotations(wires: Sequence[Label], draws: np.random.Generator, tracked: bool) -> list[Node]:
    """Two rotations for each wire; the first one's angle may be tracked."""
    places = [(k, wire, name) for k, wire in enumerate(wires) for name in ("RY", "RX")]
    return [_gate(name, [wire], float(draws.uniform(0.4, 1.3)), tracked=tracked and (k, name) == (0, "RY")) for k, wire, name in places]


def _phases(wires: Sequence[Label], draws: np.random.Generator) -> list[Node]:
    return [_gate("RZ", [wire], float(draws.uniform(0.4, 1.3))) for wire in wires]


def _entangle(wires: Sequence[Label]) -> list[Node]:
    return [_gate("CNOT", pair) for pair in zip(wires, wires[1:])]


def with_numbers(build: Build, numbers: Callable[[np.ndarray], np.ndarray], factor: float) -> Node:
    """The operation's node with its tracked numbers drawn anew; factors below one keep probabilities what they are."""
    circuit = Circuit((build.node,), ())
    chosen = frozenset(build.tracked)
    parameters = [
        replace(track(p), value=np.asarray(numbers(p.value * factor), dtype=np.float64)) if k in chosen else p
        for k, p in enumerate(parameters_of(build.node))
    ]
    return with_parameters(circuit, parameters).operations[0]

