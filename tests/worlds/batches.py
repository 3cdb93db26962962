"""A batch in one call: RX by a number of each row, then RY by one that all share, measured by Z: the output is cos(x) · cos(w)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qdiag.evaluation import remote
from qdiag.model.call import Backward, Call
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.scripted import ScriptedEvaluator
from tests.worlds.scripted import call as single_call
from tests.worlds.scripted import circuit as single_circuit

ROWS = 12
BATCHED = (0,)
"""Positions of the parameters that carry the batch."""


def circuit(values: np.ndarray, shared: float = 0.4) -> Circuit:
    """The circuit with a row for each of these values."""
    gates = (("RX", np.asarray(values, np.float64)), ("RY", np.asarray(shared, np.float64)))
    operations = tuple(Node(name, (Parameter(value, "torch", True),), Wires((0,)), (0,)) for name, value in gates)
    return Circuit(operations, (Node("ExpectationMP", (Node("PauliZ", wires=(0,)),), wires=(0,)),))


def answer(request: Request) -> Evaluation:
    """The right answer."""
    x, w = (parameter.value for parameter in request.circuit.parameters)
    output = np.cos(x) * np.cos(w)
    by_x, by_w = -np.sin(x) * np.cos(w), -np.cos(x) * np.sin(w)
    vjps = tuple((np.asarray(c[0] * by_x), np.asarray(np.sum(c[0] * by_w))) for c in request.cotangents if c[0] is not None)
    jacobian = ((np.diag(by_x), by_w),) if request.jacobian else None
    return Evaluation(request.method, (output,), vjps, jacobian, norms=(1.0,), seconds=0.1)


def batch(rows: int, index: int = 0) -> Call:
    """A call of so many rows whose record is what the right answer is."""
    ran = circuit(np.linspace(0.2, 1.1, rows) + 0.01 * index)
    whole = np.linspace(-1.0, 1.0, rows)
    base = single_call(index, single_circuit(0.3))
    right = answer(Request(ran, base.method, cotangents=((whole,),)))
    return replace(base, circuit=ran, outputs=right.outputs, backwards=(Backward((whole,), right.vjps[0], (True, True)),))


class BatchEvaluator(ScriptedEvaluator):
    """Answers rightly about batches, except where a method has an answer of its own."""

    def evaluate(self, request: Request) -> Evaluation:
        self.requests.append(request)
        return self.answers.get(request.method.diff_method, answer)(request)

    def answer(self, function: object, *arguments: object) -> object:
        assert function is remote.batched_parameters
        return BATCHED

    def rows_asked(self, diff_method: str) -> list[int]:
        """How many rows each question to a method had."""
        return [len(r.circuit.parameters[0].value) for r in self.requests if r.method.diff_method == diff_method]
