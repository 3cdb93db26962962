"""A trace and an evaluator that follow a script: what the specifications of replaying are written against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np

from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import CallSource, Replay
from qdiag.model.call import Backward, Call, Configuration, Failure, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.trace.circuit_text import skeleton
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.methods import methods

Answer = Callable[[Request], Evaluation]
METHODS = methods("default.qubit/backprop", "default.qubit/adjoint", "default.qubit/parameter-shift")


def circuit(angle: float, dtype: str = "float64", gates: int = 1, shots: tuple[int, ...] = ()) -> Circuit:
    """RY rotations by the angle and a constant, measured by Z: its output is the cosine."""
    first = Node("RY", (Parameter(np.asarray(angle, dtype), "torch", True),), Wires((0,)), (0,))
    more = tuple(Node("S", (), Wires((0,)), (0,)) for _ in range(gates - 1))
    return Circuit((first, *more), (Node("ExpectationMP", (Node("PauliZ", wires=(0,)),), wires=(0,)),), shots)


def answer(request: Request) -> Evaluation:
    """The right answer."""
    angle = float(request.circuit.parameters[0].value)
    slope = -np.sin(angle)
    vjps = tuple((np.asarray(slope * float(c[0])),) for c in request.cotangents if c[0] is not None)
    jacobian = ((np.asarray(slope),),) if request.jacobian else None
    return Evaluation(request.method, (np.asarray(np.cos(angle)),), vjps, jacobian, norms=(1.0,), seconds=0.1)


def moved(evaluation: Evaluation, output: float = 0.0, gradient: float = 0.0) -> Evaluation:
    """An answer that is off."""
    return replace(
        evaluation,
        outputs=tuple(o + output for o in evaluation.outputs or ()),
        vjps=tuple(tuple(g + gradient for g in row) for row in evaluation.vjps),
        jacobian=evaluation.jacobian and tuple(tuple(g + gradient for g in row) for row in evaluation.jacobian),
    )


def failed(method: Method, *, refusal: bool = True, message: str = "not supported") -> Evaluation:
    """An answer that is an exception."""
    return Evaluation(method, failure=Failure("DeviceError", message, refusal=refusal))


def call(index: int, ran: Circuit, own: Method = METHODS[0], *, step: Optional[int] = None, **changes) -> Call:
    """A call whose record is what the right answer is."""
    place = SourceLine("train.py", 31)
    name = own.diff_method
    configuration = replace(
        Configuration("circuit", place, own.device, interface="torch", requested=name, resolved=name),
        device_options=own.device_options,
        gradient_options=own.gradient_options,
    )
    request = Request(ran, own, cotangents=((np.asarray(1.0),),))
    right = answer(request)
    backward = Backward((np.asarray(1.0),), right.vjps[0], (True,))
    base = Call(index, index if step is None else step, place, configuration, (), ran, right.outputs, backwards=(backward,))
    return replace(base, **changes)


class ScriptedTrace:
    """Calls in memory."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = list(calls)
        self.visible = len(self.calls)

    def __len__(self) -> int:
        return self.visible

    def refresh(self) -> int:
        return self.visible

    def call(self, index: int) -> Call:
        return self.calls[index]

    def structure_of(self, index: int) -> str:
        return skeleton(self.calls[index].circuit)[0]

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        firsts: dict[str, int] = {}
        for index in range(self.visible):
            firsts.setdefault(self.structure_of(index), index)
        return tuple(firsts.values())[:limit]


class ScriptedEvaluator(FakeEvaluator):
    """Answers rightly, except where a method has an answer of its own; counts what it is asked."""

    def __init__(self, offered: Sequence[Method] = METHODS, **by_method: Answer) -> None:
        self.methods = tuple(offered)
        self.answers = {name.replace("_", "-"): given for name, given in by_method.items()}
        self.requests: list[Request] = []

    def evaluate(self, request: Request) -> Evaluation:
        self.requests.append(request)
        return self.answers.get(request.method.diff_method, answer)(request)

    def asked(self, diff_method: str) -> int:
        """How often a method was evaluated."""
        return sum(1 for request in self.requests if request.method.diff_method == diff_method)


def locate(trace: CallSource, evaluator: Evaluator, plan: Optional[Plan] = None, **given: Any) -> Located:
    """What a replay comes to."""
    return Replay(trace, evaluator, plan or Plan(), **given).finish()


def training(length: int, dtype: str = "float64", own: Method = METHODS[0], **changes) -> ScriptedTrace:
    """So many calls, each with another angle."""
    return ScriptedTrace([call(i, circuit(0.3 + 0.01 * i, dtype), own, **changes) for i in range(length)])


def wrong_from(first: float, **off: float) -> Answer:
    """Wrong where the angle is at least so large."""
    return lambda request: moved(answer(request), **off) if float(request.circuit.parameters[0].value) >= first else answer(request)


def slow(request: Request) -> Evaluation:
    """Right, after four seconds."""
    return replace(answer(request), seconds=4.0)


def at_once(request: Request) -> Evaluation:
    """Right, after no time."""
    return replace(answer(request), seconds=0.0)
