"""The one order on circuits: what "smaller" means, for every pass alike.

A key is a tuple, most important first: operations, wires, parameters, measurements, numbers (and with them batch rows and
matrices), nesting, simpler operations, simpler numbers. The search adopts nothing whose key is not below that of the best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, nodes_of, parameters_of
from qdiag.model.parameter import NARROW, Parameter

Key = tuple[tuple[int, ...], ...]
"""What the order compares."""

PLAIN_GATES = (
    "Identity", "PauliX", "PauliZ", "PauliY", "Hadamard", "S", "T", "SX",
    "RX", "RY", "RZ", "PhaseShift", "U1", "Rot", "U2", "U3",
    "CNOT", "CZ", "CY", "CH", "SWAP", "ISWAP",
    "CRX", "CRY", "CRZ", "ControlledPhaseShift", "CPhase", "IsingXX", "IsingYY", "IsingZZ", "IsingXY", "CRot",
    "SingleExcitation", "MultiRZ", "PauliRot", "Toffoli", "CCZ", "CSWAP", "DoubleExcitation",
)  # fmt: skip
"""Gates that every reader knows, simplest first; whatever is not among them is taken to be made of several."""

_RANKS = {name: rank for rank, name in enumerate(PLAIN_GATES)}
_COMPOSITE = len(PLAIN_GATES)

def is_plain(node: Node) -> bool:
    """Whether every reader knows a gate."""
    return node.name in _RANKS


NUMBERS_PER_OPERATION = 3
"""An operation with more numbers than the general rotation stands for several: a layered template does not count as one."""

PI_FRACTIONS = tuple(sign * math.pi / part for part in (1, 2, 4, 3) for sign in (1, -1))
"""Multiples of π that read as such, simplest first."""


def key(circuit: Circuit) -> Key:
    """What a circuit is compared by: smaller is simpler."""
    operations = [_measure_node(node) for node in circuit.operations]
    measurements = [_measure_node(node) for node in circuit.measurements]
    both = operations + measurements
    wires = circuit.wires
    return (
        (sum(part.weight for part in operations),),
        (len(wires), sum(len(node.wires) for node in circuit.nodes)),
        (sum(part.parameters for part in both), sum(part.trainable for part in both)),
        (len(circuit.measurements), len(circuit.shots), sum(circuit.shots)),
        (sum(part.numbers for part in both), sum(part.axes for part in both)),
        (sum(part.nodes for part in both), sum(part.depth for part in both)),
        (sum(part.rank for part in both),),
        (sum(part.container for part in both), sum(part.complexity for part in both)),
        (sum(label != position for position, label in enumerate(wires)), int(circuit.returns != "single")),
    )


def smaller(one: Circuit, other: Circuit) -> bool:
    """Whether one circuit comes before the other."""
    return key(one) < key(other)


@dataclass(frozen=True)
class _Measured:
    """What one node contributes to the key."""

    weight: int
    parameters: int
    trainable: int
    numbers: int
    axes: int
    nodes: int
    depth: int
    rank: int
    container: int
    complexity: int


# Edits share the nodes that they leave alone, so most of a candidate has been measured before. Nodes compare by identity.
@lru_cache(maxsize=1 << 15)
def _measure_node(node: Node) -> _Measured:
    parameters = parameters_of(node)
    nodes = nodes_of(node)
    return _Measured(
        weight=max(1, -(-sum(map(_length, parameters)) // NUMBERS_PER_OPERATION)),
        parameters=len(parameters),
        trainable=sum(parameter.value.size for parameter in parameters if parameter.trainable),
        numbers=sum(parameter.value.size for parameter in parameters),
        axes=sum(parameter.value.ndim for parameter in parameters),
        nodes=len(nodes),
        depth=_depth(node),
        rank=sum(_RANKS.get(inner.name, _COMPOSITE) for inner in nodes),
        container=sum(map(_container, parameters)),
        complexity=sum(_complexity(parameter.value) for parameter in parameters),
    )


def _length(parameter: Parameter) -> int:
    """How many numbers a reader sees: a matrix or a batch is one thing, as long as its side."""
    shape = parameter.value.shape
    return math.isqrt(parameter.value.size) if len(shape) == 2 and shape[0] == shape[1] else parameter.value.size


def _depth(node: Node) -> int:
    inner = [nested for nested in nodes_of(node) if nested is not node]
    return 1 + max((_depth(nested) for nested in inner), default=0)


def _container(parameter: Parameter) -> int:
    narrow = parameter.dtype in NARROW
    foreign = not parameter.trainable and parameter.container != ("numpy" if parameter.value.ndim else "python")
    return 2 * narrow + foreign


def _complexity(value: np.ndarray) -> int:
    return sum(simplicity(number) for number in value.reshape(-1))


def simplicity(number: complex) -> int:
    """How much there is to read in a number: 0, 1 and −1 come first, then fractions of π, then few digits."""
    if isinstance(number, (complex, np.complexfloating)):
        return simplicity(number.real) + (simplicity(number.imag) + 1 if number.imag else 0)
    plain = float(number)
    if plain in (0.0, 1.0, -1.0):
        return (0.0, 1.0, -1.0).index(plain)
    kind = type(number) if isinstance(number, np.floating) else float
    for rank, fraction in enumerate(PI_FRACTIONS):
        if number == kind(fraction):
            return 3 + rank
    return 12 + 2 * _digits(number) + (plain < 0)


def _digits(number: complex) -> int:
    """Significant decimal digits of the shortest text that gives the number back."""
    text = str(number).lower().partition("e")[0]
    return len(text.replace(".", "").replace("-", "").strip("0"))


