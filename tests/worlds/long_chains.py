"""A circuit of many rotations on one wire, RY and RX in turn, measured by Z; what it gives is worked out with 2 × 2 matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import numpy as np

from qdiag.evaluation import remote
from qdiag.judging.parameter_samples import tracked_numbers
from qdiag.model.call import Backward, Call
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters
from tests.worlds.scripted import ScriptedEvaluator
from tests.worlds.scripted import call as single_call
from tests.worlds.scripted import circuit as single_circuit

_PAULIS = {"RX": np.array([[0, 1], [1, 0]]), "RY": np.array([[0, -1j], [1j, 0]])}
_Z = np.diag([1.0, -1.0])


def circuit(numbers: int, shift: float = 0.0) -> Circuit:
    """So many rotations, all tracked."""
    angles = np.linspace(0.1, 1.4, numbers) + shift
    names = ("RY", "RX")
    gates = [Node(names[k % 2], (Parameter(np.asarray(a), "torch", True),), Wires((0,)), (0,)) for k, a in enumerate(angles)]
    return Circuit(tuple(gates), (Node("ExpectationMP", (Node("PauliZ", wires=(0,)),), wires=(0,)),))


def template(numbers: int, index: int = 0, dtype: str = "float64") -> Call:
    """The same as one operation that holds all angles in an array."""
    made = chain(numbers, index)
    angles = np.array([float(p.value) for p in made.circuit.parameters], dtype)
    layers = Node("Layers", (Parameter(angles, "torch", True),), Wires((0,)), (0,))
    ran = replace(made.circuit, operations=(layers,))
    cotangents = made.backwards[0].cotangents
    right = answer(Request(ran, made.method, cotangents=(cotangents,)))
    return replace(made, circuit=ran, outputs=right.outputs, backwards=(Backward(cotangents, right.vjps[0], (True,)),))


def expanded(ran: Circuit) -> Optional[Circuit]:
    """The rotations that such an operation is made of; None where there is none."""
    if [node.name for node in ran.operations] != ["Layers"]:
        return None
    (angles,) = ran.parameters
    made = circuit(angles.value.size)
    return with_parameters(made, [replace(angles, value=np.asarray(angle)) for angle in angles.value])


def _in_one_array(rows: tuple[tuple[np.ndarray, ...], ...]) -> tuple[tuple[np.ndarray, ...], ...]:
    return tuple((np.array(row),) for row in rows)


def answer(request: Request) -> Evaluation:
    """The right answer, differentiated by the parameters that are tracked."""
    finer = expanded(request.circuit)
    if finer is not None:
        apart = answer(replace(request, circuit=finer))
        return replace(apart, vjps=_in_one_array(apart.vjps), jacobian=apart.jacobian and _in_one_array(apart.jacobian))
    steps = [(_PAULIS[node.name], float(node.data[0].value)) for node in request.circuit.operations]
    gates = [np.cos(a / 2) * np.eye(2) - 1j * np.sin(a / 2) * pauli for pauli, a in steps]

    def expectation(changed: list[np.ndarray]) -> float:
        state = np.array([1.0, 0.0], dtype=complex)
        for gate in changed:
            state = gate @ state
        return float(np.real(state.conj() @ _Z @ state))

    def slope(place: int) -> float:
        quarter = (np.eye(2) - 1j * steps[place][0]) / np.sqrt(2)
        forth, back = ([*gates[:place], turn @ gates[place], *gates[place + 1 :]] for turn in (quarter, quarter.conj().T))
        return (expectation(forth) - expectation(back)) / 2

    slopes = [slope(place) for place in request.circuit.trainable]
    vjps = tuple(tuple(np.asarray(float(c[0]) * s) for s in slopes) for c in request.cotangents if c[0] is not None)
    jacobian = (tuple(np.asarray(s) for s in slopes),) if request.jacobian else None
    return Evaluation(request.method, (np.asarray(expectation(gates)),), vjps, jacobian, norms=(1.0,), seconds=0.01)


def chain(numbers: int, index: int = 0) -> Call:
    """A call of so many rotations whose record is what the right answer is."""
    ran = circuit(numbers, 0.01 * index)
    base = single_call(index, single_circuit(0.3))
    one = (np.asarray(1.0),)
    right = answer(Request(ran, base.method, cotangents=(one,)))
    return replace(base, circuit=ran, outputs=right.outputs, backwards=(Backward(one, right.vjps[0], (True,) * numbers),))


class ChainEvaluator(ScriptedEvaluator):
    """Answers rightly about chains, except where a method has an answer of its own."""

    def evaluate(self, request: Request) -> Evaluation:
        self.requests.append(request)
        return self.answers.get(request.method.diff_method, answer)(request)

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return expanded(arguments[0]) if function is remote.rule_expansion else super().answer(function, *arguments)

    def numbers_asked(self, diff_method: str) -> list[int]:
        """By how many numbers each question to a method differentiates."""
        return [tracked_numbers(r.circuit) for r in self.requests if r.method.diff_method == diff_method]
