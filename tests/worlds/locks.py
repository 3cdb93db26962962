"""Locks made by hand, and stacks on which a circuit gives what it should, or something else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qdiag.judging.arbiter.reference import Reference, reference
from qdiag.judging.replay.questions import cotangents_of
from qdiag.model.call import Call, Environment
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.lock import LeftOut, Lock, Locked, Missing
from qdiag.trace.evaluation_text import read_evaluation, write_evaluation
from qdiag.trace.keys import circuit_key
from tests.worlds.scripted import ScriptedEvaluator, answer, call, circuit, failed, moved

THEN = Environment("3.11.7", packages=(("pennylane", "0.44.1"), ("numpy", "2.4.6")))
NOW = Environment("3.11.7", packages=(("pennylane", "0.45.1"), ("numpy", "2.4.6")))


def asked(made: Call) -> Request:
    """What a call's circuit is asked in a lock."""
    cotangents = cotangents_of(replace(made, backwards=()), circuit_key(made.circuit))
    return Request.of(made.circuit, made.method, made.configuration, trusted=False, cotangents=tuple(map(tuple, cotangents)))


def locked(angle: float = 0.3, **off: float) -> Locked:
    """A rotation, with what a stack gave that may have been off."""
    made = call(0, circuit(angle))
    request = asked(made)
    given = replace(moved(answer(request), **off), seconds=0.0)
    return Locked(made.configuration, request, read_evaluation(*write_evaluation(given)))


def lock(*circuits: Locked) -> Lock:
    return Lock("models/train.py", THEN, 0, circuits or (locked(),), (LeftOut(Missing.TOO_LARGE, 2),))


class Stack(ScriptedEvaluator):
    """A stack that gives what it should, except under methods with an answer of their own; its arbiter knows the rotation.

    Parameters
    ----------
    blind
        Whether the arbiter cannot say anything.
    by_method
        What methods answer.
    """

    def __init__(self, *, blind: bool = False, **by_method: Any) -> None:
        super().__init__(**by_method)
        self.blind = blind

    def answer(self, function: Any, *arguments: Any) -> Any:
        if function is reference:
            return Reference(reason="it is not at hand") if self.blind else _reference(arguments[0])
        return super().answer(function, *arguments)


def _reference(ran: Any) -> Reference:
    angle = float(ran.parameters[0].value)
    return Reference(
        outputs=(np.asarray(np.cos(angle)),),
        errors=(1e-15,),
        norms=(1.0,),
        ranges=((-1.0, 1.0),),
        directions=np.ones((1, 1)),
        slopes=np.asarray([[-np.sin(angle)]]),
        slope_errors=np.asarray([[1e-14]]),
        axes=(0,),
    )


def raising(request: Request) -> Evaluation:
    """A stack's own exception."""
    return failed(request.method, refusal=False, message="no such gate")
