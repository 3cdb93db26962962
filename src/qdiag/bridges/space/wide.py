"""More of the space, for a hunt: other sets and values of tracked numbers, two wraps, gates after one another, another interface.

A device is certified by what is asked of it one thing at a time. PennyLane's own faults sit where two things meet: a number that is
the only one tracked, or hidden in what an operation is made from; an entry of a state that is zero; a power that is controlled; a
gate after another. All pairs of gates come last, since there are many: read in the plainest way, and then in each other one.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.space.builds import Build, arithmetic_builds, build_of, builds, wrapped_builds
from qdiag.bridges.space.further_by_hand import FURTHER
from qdiag.bridges.space.instances import make_or_none, measurements
from qdiag.bridges.space.pool import is_gate
from qdiag.bridges.space.readings import PROBABILITIES, PRODUCT, READINGS, as_made
from qdiag.bridges.space.specimens import specimen_of, track, with_numbers
from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Node, parameters_of
from qdiag.model.operator_families import MATRICES_OF_NUMBERS
from qdiag.model.parameter import Parameter
from qdiag.model.specimen import Rank, Specimen, in_order
from qdiag.model.variants import with_parameters, with_wire_labels

MOST_TRACKED = 4
"""So many numbers of an operation are each tracked alone."""

TWICE = (
    ("squared", "controlled"), ("controlled", "squared"), ("adjoint", "controlled"), ("controlled", "adjoint"),
    ("adjoint", "squared"), ("squared", "adjoint"), ("controlled on 0", "controlled"),
)  # fmt: skip
"""The inner wrap and the one around it."""

TINY = 1e-9

PAIRED_WIRES, PAIRED_NUMBERS = 2, 3
"""Gates on no more wires, with no more numbers, stand beside each other."""


def wide_specimens(seed: int = 0, module: str = "", names: frozenset[str] = frozenset()) -> tuple[Specimen, ...]:
    """All further circuits, in the order in which they are asked.

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
        return in_order(_all(seed, builds(module), names))


def _all(seed: int, every: Sequence[Build], names: frozenset[str]) -> Iterator[Specimen]:
    def wanted(build: Build) -> bool:
        return not names or bool(names & {build.core, build.label, PRODUCT, PROBABILITIES})

    made = [build for build in every if wanted(build)]
    yield from _further(seed)
    for build in made:
        yield from _of_numbers(build, seed)
        yield from _by_autograd(build, seed)
        yield from _wrapped_in_arithmetic(build, seed)
        if build.first:
            yield _in_the_middle(build, seed)
        if is_gate(build, PAIRED_WIRES, PAIRED_NUMBERS):
            yield from _wrapped_twice(build, seed)
    yield from _measured_before(seed)
    yield from _met_in_another_order(seed)
    yield from _read_as_made(seed)
    gates = [build for build in every if is_gate(build, PAIRED_WIRES, PAIRED_NUMBERS)]
    for first, second in product(gates, repeat=2):
        if wanted(first) or wanted(second):
            yield from (_after(first, second, measurement, seed) for measurement in READINGS)


def _further(seed: int) -> Iterator[Specimen]:
    """What the certificates' tables have not, alone and wrapped, and with other sets of numbers."""
    for label, make in FURTHER.items():
        operator = make_or_none(make)
        build = None if operator is None else build_of(label, operator)
        if build is None:
            continue
        yield specimen_of(build, PRODUCT, READINGS[PRODUCT], seed, Rank.ALONE)
        yield specimen_of(build, PROBABILITIES, READINGS[PROBABILITIES], seed, Rank.PROBABILITIES)
        for words, wrapped in wrapped_builds(build):
            yield replace(specimen_of(wrapped, PRODUCT, READINGS[PRODUCT], seed, Rank.WRAPPED), variation=words)
        yield from _of_numbers(build, seed)
        yield from _by_autograd(build, seed)


# --- numbers --------------------------------------------------------------------------------------------------------------------------


def _of_numbers(build: Build, seed: int) -> Iterator[Specimen]:
    own = parameters_of(build.node)
    ask = partial(specimen_of, build, PRODUCT, READINGS[PRODUCT], seed, Rank.NUMBERS)
    if build.tracked:
        yield replace(ask(layers=False), variation="its own numbers alone")
        if 1 < len(build.tracked) <= MOST_TRACKED:
            for k, position in enumerate(build.tracked, 1):
                node = _tracking(build.node, {position: own[position].value})
                yield replace(ask(node=node, layers=False), variation=f"number {k} alone")
    if build.scalars:
        for name, value in (("tiny numbers", TINY), ("equal numbers", 0.4)):
            yield replace(ask(partial(_all_equal, value)), variation=name)
        yield replace(ask(lambda value: np.asarray(value * np.array([1.0, 0.7]))), variation="batch of 2", rows=2)
        yield replace(ask(node=with_integers(build)), variation="integers")
    hidden = {k: p.value for k, p in enumerate(own) if k not in build.tracked and p.value.ndim == 0 and p.value.dtype.kind in "fc"}
    if hidden and not build.first:
        yield replace(ask(node=_tracking(build.node, hidden)), variation="hidden numbers tracked")
        for k in list(hidden)[:1]:
            zero = {**hidden, k: np.zeros_like(hidden[k])}
            yield replace(ask(node=_tracking(build.node, zero)), variation="hidden numbers tracked, one zero")
    constant = {k: p.value for k, p in enumerate(own) if k not in build.tracked and p.value.ndim and p.value.dtype.kind in "fc"}
    if constant and not build.first:
        yield replace(ask(node=_kept_as_tensors(build.node, constant)), variation="constants as tensors")
    yield from _of_entries(build, own, ask)


def _kept_as_tensors(node: Node, positions: Collection[int]) -> Node:
    """The node with these of its numbers as tensors that nobody tracks: what is taken out of them before it runs is bound anew."""
    own = [replace(p, container="torch") if k in positions else p for k, p in enumerate(parameters_of(node))]
    return with_parameters(Circuit((node,), ()), own).operations[0]


def _all_equal(value: float, _: np.ndarray) -> np.ndarray:
    return np.asarray(value)


def _of_entries(build: Build, own: Sequence[Parameter], ask: Any) -> Iterator[Specimen]:
    """The entries of a state, or of a matrix that may have any: real, one of them zero, and complex where they may be."""
    arrays = {k: p.value for k, p in enumerate(own) if p.value.ndim and p.value.dtype.kind in "fc" and k not in build.tracked}
    if not arrays or not (build.first or build.core in MATRICES_OF_NUMBERS):
        return
    real = {k: _scaled(np.real(value), value) for k, value in arrays.items()}
    yield replace(ask(node=_tracking(build.node, real)), variation="entries tracked")
    holed = {k: _scaled(np.where(np.arange(v.size).reshape(v.shape) == v.size - 1, 0.0, v), v) for k, v in real.items()}
    yield replace(ask(node=_tracking(build.node, holed)), variation="entries tracked, one zero")
    # angles of a preparation are no amplitudes
    if build.core in MATRICES_OF_NUMBERS or all(np.isclose(np.linalg.norm(value), 1.0) for value in arrays.values()):
        turned = {k: value * np.exp(1j * np.linspace(0.2, 1.1, value.size)).reshape(value.shape) for k, value in real.items()}
        yield replace(ask(node=_tracking(build.node, turned)), variation="complex entries tracked")


def _scaled(value: np.ndarray, like: np.ndarray) -> np.ndarray:
    """An array as long as another one; that, where nothing is left of it."""
    length = float(np.linalg.norm(value))
    return np.asarray(value * float(np.linalg.norm(like)) / length if length else np.abs(like), dtype=np.float64)


def _tracking(node: Node, numbers: Mapping[int, np.ndarray]) -> Node:
    """The node with these numbers in it, and tracked; the others are plain."""
    circuit = Circuit((node,), ())
    parameters = [
        replace(track(p), value=np.asarray(numbers[k])) if k in numbers else p for k, p in enumerate(parameters_of(node))
    ]
    return with_parameters(circuit, parameters).operations[0]


def with_integers(build: Build) -> Node:
    """The node with an integer, which nobody can track, in the place of each of its numbers."""
    circuit = Circuit((build.node,), ())
    one = [Parameter(np.asarray(1), "python", False) if k in build.tracked else p for k, p in enumerate(parameters_of(build.node))]
    return with_parameters(circuit, one).operations[0]


def _by_autograd(build: Build, seed: int) -> Iterator[Specimen]:
    if not build.tracked and not build.first:
        return
    one = specimen_of(build, PRODUCT, READINGS[PRODUCT], seed, Rank.INTERFACE)
    parameters = [replace(p, container="autograd") if p.trainable else p for p in one.circuit.parameters]
    yield replace(one, variation="autograd", interface="autograd", circuit=with_parameters(one.circuit, parameters))


# --- surroundings ---------------------------------------------------------------------------------------------------------------------


def _wrapped_in_arithmetic(build: Build, seed: int) -> Iterator[Specimen]:
    for words, wrapped in arithmetic_builds(build):
        yield replace(specimen_of(wrapped, PRODUCT, READINGS[PRODUCT], seed, Rank.TWICE), variation=words)


def _wrapped_twice(build: Build, seed: int) -> Iterator[Specimen]:
    for inner, once in wrapped_builds(build):
        for outer, twice in wrapped_builds(once):
            if (inner, outer) in TWICE:
                yield replace(specimen_of(twice, PRODUCT, READINGS[PRODUCT], seed, Rank.TWICE), variation=f"{inner}, {outer}")
                if build.scalars:
                    at = partial(specimen_of, twice, PROBABILITIES, READINGS[PROBABILITIES], seed, Rank.TWICE)
                    yield replace(at(lambda _: np.asarray(0.0)), variation=f"{inner}, {outer}, at 0")


def _in_the_middle(build: Build, seed: int) -> Specimen:
    """A state preparation after other operations: its own wires are untouched until then."""
    one = specimen_of(build, PRODUCT, READINGS[PRODUCT], seed, Rank.BESIDE)
    wires: tuple[Label, ...] = build.node.wires
    others = [op for op in one.circuit.operations[1:] if not set(op.wires) & set(wires)]
    rest = [op for op in one.circuit.operations[1:] if set(op.wires) & set(wires)]
    operations = (*others, one.circuit.operations[0], *rest)
    return replace(one, variation="not at the start", circuit=replace(one.circuit, operations=operations))


def _measured_before(seed: int) -> Iterator[Specimen]:
    """The plain layers with a wire measured between them."""
    kinds: dict[str, dict[str, Any]] = {
        "a measured wire": {},
        "a postselected wire": {"postselect": 1},
        "a reset wire": {"reset": True},
    }
    for name, given in kinds.items():
        # the target of a gate: what the others are in once it has been measured depends on all angles before it
        measured = Encoding().whole(qml.measure(1, **given).measurements[0])
        for measurement, read in READINGS.items():
            one = specimen_of(None, measurement, read, seed, Rank.BESIDE)
            cut = next(k for k, op in enumerate(one.circuit.operations) if op.name == "RZ")
            operations = (*one.circuit.operations[:cut], measured, *one.circuit.operations[cut:])
            # a measurement that is deferred to the end takes a wire for itself, one that is postselected or reset another
            wires = (*one.wires, len(one.wires), len(one.wires) + 1)
            circuit = replace(one.circuit, operations=operations)
            yield replace(one, variation=f"after {name}", circuit=circuit, device_wires=wires)


def _met_in_another_order(seed: int) -> Iterator[Specimen]:
    """The plain layers on a device whose wires the circuit meets the other way round."""
    for measurement, read in READINGS.items():
        one = specimen_of(None, measurement, read, seed, Rank.BESIDE)
        turned = dict(zip(one.wires, reversed(one.wires)))
        operations = with_wire_labels(replace(one.circuit, measurements=()), turned).operations
        circuit = replace(one.circuit, operations=operations)
        yield replace(one, variation="wires met in another order", circuit=circuit, device_wires=one.wires)


def _read_as_made(seed: int) -> Iterator[Specimen]:
    """Measurements that PennyLane's own instances have and the readings have not."""
    for instance in measurements():
        if instance.label.startswith(("expval of", "var of")) and set(instance.operator.wires) <= {0, 1}:
            read = partial(as_made, instance.operator)
            yield specimen_of(None, f"{instance.label} (PennyLane's)", read, seed, Rank.MEASURED)


def _after(first: Build, second: Build, measurement: str, seed: int) -> Specimen:
    """A gate after another one, read in one way."""
    factor = float(np.random.default_rng(seed + 1).uniform(0.75, 1.0))
    before, after = (with_numbers(build, lambda value: value, factor) for build in (first, second))
    rank = Rank.PAIRS if measurement == PRODUCT else Rank.PAIRS_OTHERWISE
    # the layers are those of the one with more wires
    wider = first if len(before.wires) > len(after.wires) else second
    circuit = specimen_of(wider, measurement, READINGS[measurement], seed, rank, node=after, between=[before]).circuit
    made_of = second.made_of | first.made_of
    about = Specimen(second.label, second.core, measurement, circuit, rank, f"after {first.label}", made_of=made_of)
    return replace(about, beside=first.label, tracked=bool(first.tracked or second.tracked))
