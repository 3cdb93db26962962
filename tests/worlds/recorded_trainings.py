"""Trainings as they were recorded, made by hand: a few calls, and the facts around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import numpy as np

from qdiag.diagnosis.training.history import History
from qdiag.model.call import Argument, Backward, Call, Configuration, Event, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node
from qdiag.model.parameter import Parameter
from qdiag.model.step_probe import StepProbe
from qdiag.model.training import (
    ArgumentOrigin,
    CallOrigins,
    Gradient,
    Leaf,
    Optimiser,
    OptimiserStep,
    ParameterStep,
    Root,
    SteppedArgument,
)
from qdiag.trace.call_text import text_of
from tests.worlds import histories
from tests.worlds.evaluators import FakeEvaluator

CALLS = SourceLine("train.py", 10, "forward")
LOSS = SourceLine("train.py", 20, "train")
STEPS = SourceLine("train.py", 21, "train")
MAKES = SourceLine("train.py", 5, "train")
QNODE = SourceLine("train.py", 2, "circuit")


def call(index: int, *constants: float, measured: str = "ExpectationMP", came_back: bool = False) -> Call:
    """A call whose circuit holds some constants."""
    gates = tuple(Node("RX", (Parameter(np.array(value)),)) for value in constants)
    return Call(
        index=index,
        step=index,
        source=CALLS,
        configuration=Configuration("circuit", QNODE, "default.qubit"),
        arguments=(Argument("x", "torch", "float64", (2,), False),),
        circuit=Circuit(gates, (Node(measured),)),
        outputs=(np.array(0.5),),
        backwards=(Backward((np.array(1.0),)),) if came_back else (),
    )


class Told:
    """The facts of a training, in the order in which they are told."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.events: list[Event] = []

    def fact(self, kind: str, value: Any, number: Optional[float] = None) -> None:
        self.events.append(Event(kind, len(self.calls), text_of(value), number))

    def optimiser(self, *leaves: Leaf, kind: str = "Adam", number: int = 0) -> None:
        self.fact("optimiser", Optimiser(number, kind, MAKES, leaves))

    def calls_qnode(
        self,
        *,
        circuit: tuple[int, ...] = (),
        arguments: tuple[ArgumentOrigin, ...] = (ArgumentOrigin("x", False),),
        outputs: tuple[bool, ...] = (True,),
        grad_enabled: bool = True,
        **made: Any,
    ) -> int:
        index = len(self.calls)
        constants = made.pop("constants", ())
        self.calls.append(call(index, *constants, **made))
        self.fact("origins", CallOrigins(index, grad_enabled, arguments, circuit, outputs), index)
        return index

    def root(self, *leaves: int, calls: tuple[int, ...] = (), digest: str = "", **fields: Any) -> None:
        self.fact("root", Root((), LOSS, fields.pop("tracked", True), leaves, calls, digest=digest, **fields))

    def step(self, *parameters: ParameterStep, number: int = 0, optimiser: int = 0) -> None:
        self.fact("step", OptimiserStep(optimiser, number, parameters, (), STEPS), optimiser)

    def pennylane_step(self, *arguments: SteppedArgument, number: int = 0) -> None:
        self.fact("step", OptimiserStep(0, number, (), arguments, STEPS), 0)

    def history(
        self, folder: Optional[Path] = None, step_probes: Sequence[StepProbe] = (), evaluator: Optional[FakeEvaluator] = None
    ) -> History:
        return replace(histories.history(self.calls, self.events, step_probes=step_probes, evaluator=evaluator), folder=folder)


def leaf(token: int, name: str = "", *values: float, requires_grad: bool = True, shape: tuple[int, ...] = (2,)) -> Leaf:
    """A parameter."""
    return Leaf(token, shape, "float64", name, requires_grad, values)


def none(token: int, **fields: Any) -> ParameterStep:
    """A step that had no gradient for a parameter."""
    return ParameterStep(token, Gradient.NONE, 0.0, 0.1, False, **fields)


def some(token: int, size: float = 0.5, rate: float = 0.1, moved: bool = True, **fields: Any) -> ParameterStep:
    """A step that had one."""
    return ParameterStep(token, Gradient.SOME, size, rate, moved, **fields)


def argument(name: str, given: str, returned: str, trainable: bool = True, values: tuple[float, ...] = ()) -> SteppedArgument:
    """What a step of PennyLane's was given, and what came back."""
    return SteppedArgument(name, "autograd", "float64", (2,), trainable, given, returned, values)
