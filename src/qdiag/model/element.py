"""Elements of results: which number of which output or derivative, as a value; ``str`` is what reports call it.

Written ``output[1][0]``, ``d output[0] / d RY#2``, ``d loss / d Rot#0:1``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Optional

from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, parameters_of


class Kind(Enum):
    """What an element is one of."""

    OUTPUT = "an output"
    JACOBIAN = "the derivative of an output by a parameter"
    PRODUCT = "the derivative of a loss by a parameter: a vector-Jacobian product"
    SECOND = "the derivative of a slope by a parameter"
    ARGUMENT = "the slope along an argument of the QNode, which a live probe has looked at"
    TRACKED = "the QNode's outputs on tracked arguments, beside those on plain ones"
    LAYER = "what a layer handed on of its QNode's result"


@dataclass(frozen=True)
class Element:
    """One number of a result, or a whole tensor where the indices are empty.

    Parameters
    ----------
    kind
        What it is one of.
    output, outputs
        Which output, and of how many.
    index
        Where in the output.
    by
        The parameter as `parameter_names` calls it, or the argument as the quantum function calls it.
    at
        Where in that parameter; of an argument, its position among those that the probe looked at.
    loss
        Which of several vector-Jacobian products, None where there is one that matters.
    """

    kind: Kind
    output: int = 0
    outputs: int = 1
    index: tuple[int, ...] = ()
    by: str = ""
    at: tuple[int, ...] = ()
    loss: Optional[int] = None

    @property
    def of_output(self) -> bool:
        """Whether it is a number of an output, and no derivative."""
        return self.kind in (Kind.OUTPUT, Kind.TRACKED)

    def __str__(self) -> str:
        output = ("output" if self.outputs == 1 else f"output[{self.output}]") + _subscript(self.index)
        by = f"{self.by}{_subscript(self.at)}"
        loss = "loss" if self.loss is None else f"loss {self.loss}"
        return {
            Kind.OUTPUT: output,
            Kind.JACOBIAN: f"d {output} / d {by}",
            Kind.PRODUCT: f"d {loss} / d {by}",
            Kind.SECOND: f"d slope / d {by}",
            Kind.ARGUMENT: f"argument {self.by}",
            Kind.TRACKED: "output on tracked arguments",
            Kind.LAYER: "the layer's result",
        }[self.kind]


def _subscript(index: Sequence[int]) -> str:
    return f"[{', '.join(map(str, index))}]" if len(index) else ""


def trainable_names(circuit: Circuit) -> tuple[str, ...]:
    """A name for each trainable parameter: its operation, counted among its like from 0, and which of its numbers."""
    return _trainable_names(circuit.form)


@lru_cache(maxsize=64)
def _trainable_names(circuit: Circuit) -> tuple[str, ...]:
    names = parameter_names(circuit)
    return tuple(names[i] for i in circuit.trainable)


def parameter_names(circuit: Circuit) -> tuple[str, ...]:
    """A name for each of `Circuit.parameters`."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for top in circuit.nodes:
        label = _label(top)
        title = f"{label}#{seen[label]}"
        seen[label] += 1
        count = len(parameters_of(top))
        names += [title] if count == 1 else [f"{title}:{k}" for k in range(count)]
    return tuple(names)


def owner_of(circuit: Circuit, by: str) -> Optional[Node]:
    """The operation or measurement of which a parameter's name tells; None where no name is that."""
    names, position = parameter_names(circuit), 0
    for top in circuit.nodes:
        number = len(parameters_of(top))
        if by in names[position : position + number]:
            return top
        position += number
    return None


def _label(node: Node) -> str:
    inner = next((part for part in node.data if isinstance(part, Node)), None)
    return node.name if inner is None else f"{node.name}({_label(inner)})"
