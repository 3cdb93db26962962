"""Hypothesis strategies for circuits: every kind of value that a tree may hold, with the odd ones well represented."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from qdiag.model.circuit import Circuit
from qdiag.model.node import Mapping, MeasuredOutcome, Node, Tagged, Value, Wires
from qdiag.model.parameter import Parameter

NAMES = ("RX", "RY", "CNOT", "Rot", "Adjoint", "Controlled", "QubitUnitary", "StronglyEntanglingLayers", "Mine")
MEASUREMENTS = ("ExpectationMP", "VarianceMP", "ProbabilityMP", "StateMP")
FLOATING = ("float32", "float64", "complex64", "complex128")
DTYPES = ("bool", "int8", "int64", "uint8", "float16", *FLOATING)
PYTHON = {"bool": np.bool_, "int": np.int64, "float": np.float64, "complex": np.complex128}


def labels() -> st.SearchStrategy[Any]:
    """Wire labels."""
    return st.one_of(st.integers(0, 5), st.sampled_from(["a", "b", "aux", "0", "ä \ud800"]))


@st.composite
def _array(draw: st.DrawFn, dtypes: tuple[str, ...], shape: tuple[int, ...]) -> np.ndarray:
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    size = int(np.prod(shape)) * dtype.itemsize
    # Any bits at all: infinities, subnormals, and every not-a-number.
    raw = draw(st.binary(min_size=size, max_size=size))
    flat = np.frombuffer(raw, np.uint8) % 2 == 1 if dtype.kind == "b" else np.frombuffer(raw, dtype)
    return flat.reshape(shape)


SHAPES = ((), (), (0,), (1,), (3,), (2, 2), (2, 0, 3), (1, 2, 2))


@st.composite
def parameters(draw: st.DrawFn, dtypes: tuple[str, ...] = DTYPES) -> Parameter:
    """Numbers in every container, non-finite ones and empty arrays among them."""
    container = draw(st.sampled_from(["python", "numpy-scalar", "numpy", "autograd", "torch"]))
    if container == "python":
        python = tuple(np.dtype(kind).name for kind in PYTHON.values())
        value = draw(_array(tuple(name for name in python if name in dtypes) or dtypes, ()))
    elif container == "numpy-scalar":
        value = draw(_array(dtypes, ()))
    else:
        value = draw(_array(dtypes, draw(st.sampled_from(SHAPES))))
    trainable = container in ("autograd", "torch") and draw(st.booleans())
    return Parameter(value, container, trainable)


def outcomes() -> st.SearchStrategy[MeasuredOutcome]:
    """Lookup tables over up to three mid-circuit measurements."""
    entries = st.one_of(st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False))
    positions = st.lists(st.integers(0, 4), min_size=0, max_size=3, unique=True)
    return positions.flatmap(
        lambda chosen: st.lists(entries, min_size=2 ** len(chosen), max_size=2 ** len(chosen)).map(
            lambda table: MeasuredOutcome(tuple(chosen), tuple(table))
        )
    )


def plain() -> st.SearchStrategy[Value]:
    """Values that hold no others."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.complex_numbers(),
        st.text(max_size=5),
        parameters(),
        st.lists(labels(), max_size=3).map(lambda chosen: Wires(tuple(chosen))),
        outcomes(),
    )


def _compound(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    few = st.lists(inner, max_size=3)
    return st.one_of(
        few.map(tuple),
        few,
        st.lists(st.tuples(st.text(max_size=4), inner), max_size=3).map(lambda items: Mapping(tuple(items))),
        st.tuples(st.sampled_from(["set", "slice", "PauliWord", "class"]), inner).map(lambda pair: Tagged(*pair)),
        nodes(inner),
    )


def values() -> st.SearchStrategy[Value]:
    """Anything that a circuit's tree may hold, nested."""
    return st.recursive(plain(), _compound, max_leaves=8)


@st.composite
def nodes(draw: st.DrawFn, inner: st.SearchStrategy[Value] | None = None, names: tuple[str, ...] = NAMES) -> Node:
    """Operators; the common kind with data and wires alone as often as the rest."""
    inside = plain() if inner is None else inner
    wires = tuple(draw(st.lists(labels(), max_size=3, unique=True)))
    data = tuple(draw(st.lists(st.one_of(parameters(), inside), max_size=3)))
    simple: Value = (Wires(wires), ())
    metadata = draw(st.one_of(st.just(simple), inside))
    definition = draw(st.sampled_from(["", "", "class Mine(qml.operation.Operation):\n    num_wires = 1\n"]))
    opaque = draw(st.sampled_from(["", "", "", "it holds a function"]))
    return Node(draw(st.sampled_from(names)), data, metadata, wires, definition, opaque)


NODES = nodes(values())
OBSERVED = nodes(values(), MEASUREMENTS)


@st.composite
def circuits(draw: st.DrawFn) -> Circuit:
    """Whole circuits, of any structure that the file format knows: most of them are no circuits that PennyLane could run."""
    return Circuit(
        operations=tuple(draw(st.lists(NODES, max_size=3))),
        measurements=tuple(draw(st.lists(OBSERVED, max_size=2))),
        shots=tuple(draw(st.lists(st.integers(1, 10**6), max_size=3))),
        returns=draw(st.sampled_from(["single", "tuple", "list", "dict:a,b"])),
        notes=tuple(draw(st.lists(st.text(max_size=8), max_size=2))),
    )


ROTATIONS = ("RX", "RY", "RZ", "PhaseShift")


@st.composite
def runnable_circuits(draw: st.DrawFn, wires: int = 3, most: int = 5) -> Circuit:
    """Small circuits of rotations and CNOTs with expectation values of Paulis, which every PennyLane can run."""
    container = draw(st.sampled_from(["python", "numpy", "torch"]))
    dtype = "float64" if container == "python" else draw(st.sampled_from(["float32", "float64"]))
    operations = [draw(_gate(wires, container, dtype)) for _ in range(draw(st.integers(1, most)))]
    observed = draw(st.lists(st.integers(0, wires - 1), min_size=1, max_size=2, unique=True))
    measurements = tuple(_expectation(wire) for wire in observed)
    return Circuit(tuple(operations), measurements, returns="single" if len(measurements) == 1 else "tuple")


@st.composite
def _gate(draw: st.DrawFn, wires: int, container: str, dtype: str) -> Node:
    if draw(st.booleans()):
        pair = tuple(draw(st.permutations(range(wires)))[:2])
        return Node("CNOT", (), (Wires(pair), ()), pair)
    wire = (draw(st.integers(0, wires - 1)),)
    angle = np.array(draw(st.floats(-3, 3, allow_subnormal=False)), dtype)
    parameter = Parameter(angle, container, trainable=container == "torch")
    return Node(draw(st.sampled_from(ROTATIONS)), (parameter,), (Wires(wire), ()), wire)


def _expectation(wire: int) -> Node:
    observable = Node("PauliZ", (), (Wires((wire,)), ()), (wire,))
    return Node("ExpectationMP", (observable, None), (("wires", None),), (wire,))
