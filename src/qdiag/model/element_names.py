"""What elements of results are called in reports: ``output[1][0]``, ``d output[0] / d RY#2``, ``d loss / d Rot#0:1``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from qdiag.model.circuit import Circuit, Node, parameters_of


@lru_cache(maxsize=16)
def trainable_names(circuit: Circuit) -> tuple[str, ...]:
    """A name for each trainable parameter: its operation, counted among its like from 0, and which of its numbers."""
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


def _label(node: Node) -> str:
    inner = next((part for part in node.data if isinstance(part, Node)), None)
    return node.name if inner is None else f"{node.name}({_label(inner)})"


def output_name(outputs: int, output: int, index: Sequence[int] = ()) -> str:
    """An element of an output; the output is numbered only where there are several."""
    return ("output" if outputs == 1 else f"output[{output}]") + _subscript(index)


def jacobian_name(outputs: int, output: int, ndim: int, parameter: str, index: Sequence[int]) -> str:
    """An element of a Jacobian, whose index is that of the output (of ``ndim`` axes) and then that of the parameter."""
    return f"d {output_name(outputs, output, index[:ndim])} / d {parameter}{_subscript(index[ndim:])}"


def vjp_name(loss: str, parameter: str, index: Sequence[int]) -> str:
    """An element of a vector-Jacobian product."""
    return f"d {loss} / d {parameter}{_subscript(index)}"


def _subscript(index: Sequence[int]) -> str:
    return f"[{', '.join(map(str, index))}]" if len(index) else ""
