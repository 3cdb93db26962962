"""A circuit beside itself, where the arbiter has no word: the rows of its batch alone, other wires, a gate undone, another interface.

What is not known to the arbiter may still contradict itself. Each row of a batch alone is a plain circuit, which the arbiter may know:
together they are the reference of the whole. Else the same circuit is written in another way that must not matter, and whatever
differs by more than rounding is wrong in one of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.judging.arbiter.reference import Reference
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.node import Node
from qdiag.model.parameter import Parameter
from qdiag.model.specimen import Specimen
from qdiag.model.variants import with_parameters, with_wire_labels

OTHER_INTERFACE = {"torch": "autograd", "autograd": "torch"}

Ask = Callable[[Request], Evaluation]


def rows_of(specimen: Specimen) -> tuple[Circuit, ...]:
    """One circuit for each row of the batch that a specimen's own numbers carry; empty where they carry none."""
    if not specimen.rows:
        return ()
    circuit, own = specimen.circuit, frozenset(specimen.own)
    return tuple(
        with_parameters(circuit, [_row_of(p, row) if k in own else p for k, p in enumerate(circuit.parameters)])
        for row in range(specimen.rows)
    )


def _row_of(parameter: Parameter, row: int) -> Parameter:
    return replace(parameter, value=np.asarray(parameter.value[row]))


def joined_references(rows: Sequence[Reference]) -> Reference:
    """The outputs of a batch from those of its rows; without slopes, which belong to another set of numbers for each row."""
    unknown = next((row for row in rows if row.outputs is None), None)
    if unknown is not None or not rows:
        return Reference(reason="" if unknown is None else unknown.reason)
    columns = zip(*(row.outputs or () for row in rows))
    return replace(
        rows[0],
        outputs=tuple(np.stack(column) for column in columns),
        errors=tuple(map(max, zip(*(row.errors for row in rows)))),
        norms=tuple(map(max, zip(*(row.norms for row in rows)))),
        directions=np.zeros((0, 0)),
        slopes=np.zeros((0, 0)),
        slope_errors=np.zeros((0, 0)),
        axes=(),
        doubts=tuple(dict.fromkeys(doubt for row in rows for doubt in row.doubts)),
    )


def contradiction(found: Evaluation, request: Request, bound: float, ask: Ask) -> tuple[str, float]:
    """In what a circuit contradicts itself and by how much; "" and 0 where it does not.

    Parameters
    ----------
    found
        Its evaluation.
    request
        What was evaluated.
    bound
        What rounding explains, for outputs and vector-Jacobian products of size one.
    ask
        Evaluates.
    """
    for words, other in _companions(request):
        theirs = ask(other)
        if theirs.failure is not None:
            continue
        gap = max(_gap(found.outputs, theirs.outputs), *map(_gap, found.vjps, theirs.vjps), 0.0)
        if gap > bound:
            return words, gap
    return "", 0.0


def _companions(request: Request) -> Iterator[tuple[str, Request]]:
    """The same circuit written in other ways that must not matter."""
    circuit = request.circuit
    labels = {label: f"q{label}" for label in circuit.wires}
    labels |= {label: f"q{label}" for label in request.device_wires if isinstance(label, (int, str))}
    device_wires = tuple(labels[label] for label in request.device_wires if isinstance(label, (int, str)))
    yield "on wires with other names", replace(request, circuit=with_wire_labels(circuit, labels), device_wires=device_wires)
    undone = _undone(circuit)
    if undone is not None:
        yield "with a rotation and its inverse at the end", replace(request, circuit=undone)
    other = OTHER_INTERFACE.get(request.interface)
    if other is not None:
        parameters = [replace(p, container=other) if p.container == request.interface else p for p in circuit.parameters]
        yield f"with numbers of {other}", replace(request, circuit=with_parameters(circuit, parameters), interface=other)


def _undone(circuit: Circuit) -> Optional[Circuit]:
    """The circuit with one of its own plain rotations and the inverse at the end; None where it has none."""
    for node in circuit.operations:
        if node.name in ("RX", "RY", "RZ") and len(node.data) == 1:
            there, back = (_turned(node, sign) for sign in (1.0, -1.0))
            if there is not None and back is not None:
                return replace(circuit, operations=(*circuit.operations, there, back))
    return None


def _turned(node: Node, sign: float) -> Optional[Node]:
    (number,) = node.data
    if not isinstance(number, Parameter) or number.trainable or number.value.ndim:
        return None
    return replace(node, data=(replace(number, value=np.asarray(sign * number.value)),))


def _gap(mine: Optional[Sequence[Optional[np.ndarray]]], theirs: Optional[Sequence[Optional[np.ndarray]]]) -> float:
    """The largest distance of arrays in a row; infinite where only one of two has a number."""
    pairs = zip(mine or (), theirs or ())
    return max((_distance(np.asarray(a), np.asarray(b)) for a, b in pairs if a is not None and b is not None), default=0.0)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    if a.size != b.size:
        return float("inf")
    a, b = a.reshape(-1), b.reshape(-1)
    finite = np.isfinite(a)
    if (finite != np.isfinite(b)).any():
        return float("inf")
    return float(np.max(np.abs(a[finite] - b[finite]), initial=0.0))
