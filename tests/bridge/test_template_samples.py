"""Real templates in a replay: methods that shift each number see sixteen of their array, and are seen wrong in it all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.evaluation.evaluate import evaluate
from qdiag.evaluation.workers import Inline
from qdiag.judging.parameter_samples import SAMPLED
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Call, Configuration, SourceLine
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from tests.worlds.methods import BACKPROP, SHIFT
from tests.worlds.scripted import ScriptedTrace

pytestmark = pytest.mark.stack

WIRES = tuple(range(4))


def weights(*shape: int) -> torch.Tensor:
    size = int(np.prod(shape))
    return (0.1 + 0.37 * torch.arange(size, dtype=torch.float64)).reshape(shape).requires_grad_()


def call_of(build: Callable[[], Any]) -> Call:
    """A call of a QNode with one template, as a trace has it."""
    tape = getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)()
    with tape:
        build()
        qml.expval(qml.PauliZ(0))
    circuit, place = circuit_of(tape), SourceLine("train.py", 1)
    name = BACKPROP.diff_method
    configuration = Configuration("circuit", place, "default.qubit", WIRES, interface="torch", requested=name, resolved=name)
    ran = evaluate(Request(circuit, BACKPROP, device_wires=WIRES, interface="torch"))
    return Call(0, 0, place, configuration, (), circuit, ran.outputs)


def located(build: Callable[[], Any], shift: Callable[[Evaluation], Evaluation] = lambda found: found) -> tuple[Located, list[Request]]:
    """What a replay comes to, and what was asked of parameter-shift, whose answers may be changed."""
    asked: list[Request] = []

    def answered(request: Request) -> Evaluation:
        if request.method.diff_method != "parameter-shift":
            return evaluate(request)
        asked.append(request)
        return shift(evaluate(request))

    methods: tuple[Method, ...] = (SHIFT,)
    return Replay(ScriptedTrace([call_of(build)]), Inline(answered), Plan(methods=methods)).finish(), asked


def layers() -> Any:
    return qml.StronglyEntanglingLayers(weights(4, 4, 3), wires=WIRES)


def test_a_healthy_template_is_taken_apart() -> None:
    found, asked = located(layers)
    assert (found.verdict, found.divergences, found.unfaithful) == (Verdict.AGREE, (), ())
    assert found.parameters == ((SHIFT, SAMPLED, 48),)
    assert {len(request.circuit.trainable) for request in asked} == {SAMPLED}


def test_a_method_that_is_wrong_by_its_numbers_is_wrong_by_its_array() -> None:
    def scaled(found: Evaluation) -> Evaluation:
        jacobian = found.jacobian and tuple(tuple(slope * 1.01 for slope in row) for row in found.jacobian)
        return replace(found, vjps=tuple(tuple(slope * 1.01 for slope in row) for row in found.vjps), jacobian=jacobian)

    found, asked = located(layers, scaled)
    (one,) = found.divergences
    assert (one.verdict, one.comparison.methods) == (Verdict.ERROR, (BACKPROP, SHIFT))
    assert one.comparison.element is not None
    assert one.comparison.element.by == "StronglyEntanglingLayers#0"
    assert asked[-1].circuit.trainable == (0,)


def test_a_template_whose_angles_are_worked_out_is_asked_about_whole() -> None:
    found, asked = located(lambda: qml.ParticleConservingU2(weights(5, 7), wires=WIRES, init_state=[1, 1, 0, 0]))
    assert (found.verdict, found.divergences) == (Verdict.AGREE, ())
    assert {request.circuit.parameters[request.circuit.trainable[0]].value.size for request in asked} == {35}
