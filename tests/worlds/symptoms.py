"""Divergences made to order, and a world in which a method's error is whatever a test says it is: for the specifications of causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Optional, Union

import numpy as np

from qdiag.diagnosis.causes import CAUSES
from qdiag.diagnosis.diagnose import diagnose
from qdiag.diagnosis.symptoms import Blamed, Symptoms
from qdiag.judging.comparison.compare import compare
from qdiag.judging.question import AskArbiter, question_of
from qdiag.model.call import Call, Configuration, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Tolerance, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Diagnosis, Divergence
from qdiag.model.method import ARBITER, Method
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.methods import ADJOINT, BACKPROP

Error = Callable[[Request], Union[float, Evaluation]]
PAIR = (ADJOINT, BACKPROP)


def rotation(angle: float = 0.4, name: str = "RX", *, trainable: bool = True, wire: int = 0, dtype: str = "float64") -> Node:
    """A gate with one angle."""
    return Node(name, (Parameter(np.array(angle, dtype), "torch", trainable),), (Wires((wire,)), ()), (wire,))


def expectation(name: str = "PauliZ", wire: int = 0) -> Node:
    """The expectation value of a Pauli word of one letter."""
    observable = Node(name, (), (Wires((wire,)), ()), (wire,))
    return Node("ExpectationMP", (observable, None), (("wires", None),), (wire,))


def observable_of(measurement: Node) -> Node:
    """What a measurement like `expectation` measures."""
    (observable, *_) = measurement.data
    assert isinstance(observable, Node)
    return observable


def of(*operations: Node, measurement: Optional[Node] = None, shots: tuple[int, ...] = ()) -> Circuit:
    """A circuit with one measurement."""
    return Circuit(operations, (measurement or expectation(),), shots)


@dataclass
class World(FakeEvaluator):
    """An evaluator whose truth is a function from a request to the error that its method makes; facts by the name of who asks."""

    error: Error
    output: bool = False
    facts: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def evaluate(self, request: Request) -> Evaluation:
        error = self.error(request)
        if isinstance(error, Evaluation):
            return error
        slopes = tuple(np.full(request.circuit.parameters[i].value.shape, 0.5) for i in request.circuit.trainable)
        off = 0.0 if self.output else error
        jacobian = (tuple(slope + off * (number == 0) for number, slope in enumerate(slopes)),)
        output = np.array(0.3 + (error if self.output else 0.0))
        return Evaluation(request.method, (output,), jacobian=jacobian if request.jacobian else None, norms=(1.0,))

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        known = self.facts.get(function.__name__)
        return known(*arguments) if known is not None else super().answer(function)


def arbiter_of(world: World) -> AskArbiter:
    """The arbiter of a world, which knows the truth as every other side does."""
    return lambda question: world.evaluate(question.request(question.methods.index(ARBITER)))


def symptoms(
    world: World,
    circuit: Circuit,
    pair: Sequence[Method] = PAIR,
    *,
    verdict: Optional[Verdict] = None,
    configuration: Optional[Configuration] = None,
    call: Optional[dict[str, Any]] = None,
    **facts: Any,
) -> Symptoms:
    """What a world shows of a pair of methods at a circuit, of which the first is wrong."""
    own, other = pair
    made = configuration or Configuration(
        "circuit", SourceLine("train.py", 3), own.device, interface="torch", requested=own.diff_method, resolved=own.diff_method
    )
    seen = Call(0, 0, SourceLine("train.py", 9), made, (), circuit, (np.array(0.3),))
    seen = replace(seen, **(call or {}))
    where = Signature.OUTPUT if world.output else Signature.JACOBIAN
    question = question_of(seen, (own, other), where=where, trusted=False, tolerance=Tolerance())
    sides = [world.submit(question.request(side)).result() for side in (0, 1)]
    comparison = compare(sides[0], sides[1], circuit)
    if verdict is not None:
        comparison = replace(comparison, verdict=verdict)
    wrong = (pair[0],) if comparison.verdict is Verdict.ERROR else ()
    return Symptoms(Divergence(seen, comparison, wrong), question, **facts)


def found(world: World, seen: Symptoms) -> Diagnosis:
    """What all causes together make of it."""
    return diagnose(seen, CAUSES, world, seen.reference)


TWO = of(rotation(), rotation(name="RY", angle=0.7))
FIRST = Blamed("operation", 0, "RX", (0,))


def adjoint(request: Request) -> bool:
    """Whether the adjoint method is asked."""
    return request.method.diff_method == "adjoint"


def tracked(request: Request, position: int = 0) -> bool:
    """Whether the number at a position is tracked."""
    parameters = request.circuit.parameters
    return position < len(parameters) and parameters[position].trainable


def at_the_point(request: Request, reach: float) -> bool:
    """Whether the first number is near the one that `rotation` has."""
    return abs(float(request.circuit.parameters[0].value) - 0.4) < reach


def measured(request: Request, name: str) -> bool:
    """Whether this is what is measured first."""
    return request.circuit.measurements[0].name == name


def of_wire(name: str) -> Circuit:
    """The circuit `TWO` with a measurement of its own of the first wire."""
    return of(*TWO.operations, measurement=Node(name, (None, None), (("wires", Wires((0,))),), (0,)))


def no_number(world: World, **facts: Any) -> Symptoms:
    """The first of the pair gives no number at the circuit `TWO`."""
    seen = symptoms(World(lambda request: 0.0), TWO, verdict=Verdict.ERROR, **facts)
    comparison = Comparison(PAIR, Verdict.ERROR, Signature.NAN, max_abs=float("inf"), max_rel=float("inf"))
    return replace(seen, divergence=replace(seen.divergence, comparison=comparison, wrong=PAIR[:1]))
