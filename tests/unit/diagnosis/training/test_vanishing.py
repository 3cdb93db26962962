"""QD807: which kind of vanishing gradient it is, and that healthy ones are left in peace and cost nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.diagnosis.training.landscape import POINTS
from qdiag.diagnosis.training.structure import zero_by_structure
from qdiag.diagnosis.training.vanishing import remarks
from qdiag.evaluation import remote
from qdiag.judging.replay.located import Located
from qdiag.model.call import Backward, Call, Event, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Confidence, Divergence
from qdiag.model.method import Method
from qdiag.model.node import parameters_of
from qdiag.model.remarks import Remark
from qdiag.model.training import Gradient, Leaf, Optimiser, OptimiserStep, ParameterStep, SteppedArgument
from qdiag.trace import call_text
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.histories import history
from tests.worlds.results import call
from tests.worlds.small_circuits import expval, gate


class Cosines(FakeEvaluator):
    """A world in which a measurement gives, times some size, the cosine of all angles on its wire, but for those of RZ."""

    def __init__(self, size: float = 1.0) -> None:
        self.size = size
        self.asked = 0

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        assert function is remote.rows
        return ()

    def evaluate(self, request: Request) -> Evaluation:
        self.asked += 1
        circuit = request.circuit
        assert not circuit.shots
        vjps = [tuple(self.slope(circuit, cotangent, op) for op in _trained(circuit)) for cotangent in request.cotangents]
        outputs = [np.asarray(self.size * math.cos(_angle(circuit, measured.wires))) for measured in circuit.measurements]
        return Evaluation(request.method, tuple(outputs), vjps=tuple(vjps))

    def slope(self, circuit: Circuit, cotangent: Sequence[Optional[np.ndarray]], operation: Any) -> np.ndarray:
        total = 0.0
        for measurement, weight in zip(circuit.measurements, cotangent):
            if weight is not None and measurement.wires == operation.wires and operation.name != "RZ":
                total -= self.size * float(weight) * math.sin(_angle(circuit, measurement.wires))
        return np.asarray(total)


def _trained(circuit: Circuit) -> list[Any]:
    return [operation for operation in circuit.operations if any(p.trainable for p in parameters_of(operation))]


def _angle(circuit: Circuit, wires: Any) -> float:
    on = [op for op in circuit.operations if op.wires == wires and op.name != "RZ"]
    return sum(float(p.value) for op in on for p in parameters_of(op))


def training(
    *angles: float, name: str = "RX", wire: int = 0, steps: int = 3, gradient: float = 0.0, wires: int = 1, shots: tuple[int, ...] = ()
) -> list[Call]:
    """Steps of a training of some angles on one wire, where wire 0 is measured."""
    measured = (expval(gate("PauliZ", wires=(0,))),)
    idle = [gate("PauliX", wires=(other,)) for other in range(wires) if other not in (0, wire)]
    made = []
    for step in range(steps):
        operations = [gate(name, angle, wires=(wire,), trainable=True) for angle in angles]
        brought = Backward((np.asarray(1.0),), tuple(np.asarray(gradient) for _ in angles), (True,) * len(angles))
        ran = Circuit((*operations, *idle), measured, shots)
        made.append(replace(call(ran, step, backwards=(brought,)), outputs=(np.asarray(math.cos(sum(angles))),)))
    return made


def losses(*numbers: float) -> list[Event]:
    return [Event("loss", 0, number=number) for number in numbers]


def torch_steps(*gradients: Gradient, values: tuple[float, ...] = (0.3,), rate: float = 0.1, size: float = 0.0) -> list[Event]:
    optimiser = Optimiser(0, "SGD", SourceLine("train.py", 3), (Leaf(7, (len(values),), "float64", "weights", values=values),))
    steps = [OptimiserStep(0, n, (ParameterStep(7, gradient, size, rate),)) for n, gradient in enumerate(gradients)]
    told = [Event("step", 1, call_text.text_of(step)) for step in steps]
    return [Event("optimiser", 0, call_text.text_of(optimiser)), *told]


def said(calls: Sequence[Call], events: Sequence[Event] = (), world: Optional[FakeEvaluator] = None, **facts: Any) -> list[Remark]:
    return list(remarks(history(calls, events, evaluator=world or Cosines(), **facts)))


def only(calls: Sequence[Call], events: Sequence[Event] = (), world: Optional[FakeEvaluator] = None) -> str:
    (remark,) = said(calls, events, world)
    assert (remark.verdict, remark.diagnosis.code) == (Verdict.REMARK, "QD807")
    return remark.diagnosis.because


def test_a_training_that_moves_is_not_evaluated() -> None:
    world = Cosines()
    assert said(training(0.3, gradient=-0.3), losses(1.0, 0.7, 0.4), world) == []
    assert world.asked == 0


def test_a_training_whose_gradients_came_back_large_is_not_evaluated() -> None:
    world = Cosines()
    assert said(training(0.5, gradient=-math.sin(0.5)), losses(1.0, 1.0, 1.0), world) == []
    assert world.asked == 0


def test_a_parameter_whose_operation_cannot_reach_what_is_measured_is_named() -> None:
    because = only(training(0.3, wire=1), torch_steps(Gradient.ZERO, Gradient.ZERO))
    assert "the gradient of weights is zero" in because
    assert "RX on wire 1 cannot reach what is measured (wire 0)" in because


def test_a_parameter_that_changes_nothing_at_any_point_is_named() -> None:
    because = only(training(0.3, name="RZ"), torch_steps(Gradient.ZERO, Gradient.ZERO))
    assert "RZ on wire 0 changes no result at any of 4 random points" in because


def test_a_gradient_that_is_zero_up_to_rounding_is_zero() -> None:
    assert "zero at each step" in only(training(0.3, name="RZ"), torch_steps(Gradient.SOME, Gradient.ZERO, size=1e-9))
    assert said(training(0.3, name="RZ"), torch_steps(Gradient.SOME, Gradient.ZERO, size=1e-3)) == []


def test_an_argument_that_pennylanes_optimiser_never_moved_is_looked_at() -> None:
    argument = SteppedArgument("w", "autograd", "float64", (1,), True, "ab", "ab")
    steps = [Event("step", 1, call_text.text_of(OptimiserStep(0, n, (), (argument,)))) for n in range(2)]
    assert "no trained number" in only(training(0.3, name="RZ"), steps)
    assert said(training(0.3), steps) == []


def test_a_zero_that_structure_does_not_explain_is_left_to_others() -> None:
    assert said(training(0.3), torch_steps(Gradient.ZERO, Gradient.ZERO)) == []


def test_some_dead_entries_among_living_ones_are_usual() -> None:
    calls = training(0.3, 0.4, gradient=-0.6)
    mixed = [replace(c, circuit=replace(c.circuit, operations=(gate("RZ", 0.1, trainable=True), *c.circuit.operations))) for c in calls]
    whole = [replace(c, backwards=(replace(c.backwards[0], gradients=(), exact=()),)) for c in mixed]
    assert said(whole, losses(0.5, 0.5, 0.5)) == []


@pytest.mark.parametrize(("start", "what"), [(0.0, "at the ends of their range"), (math.pi, "at the ends of their range")])
def test_a_start_at_which_all_derivatives_are_zero_is_told_from_a_plateau(start: float, what: str) -> None:
    because = only(training(start), losses(0.5, 0.5, 0.5))
    assert what in because
    assert "plateau" not in because


def test_a_plateau_is_said_with_an_interval_where_random_points_are_no_steeper() -> None:
    world = Cosines(size=1e-3)
    because = only(training(0.3, wires=10, gradient=-1e-3 * math.sin(0.3)), losses(0.5, 0.5, 0.5), world)
    assert because.startswith(f"a plateau: over {POINTS} random points")
    assert "random states of 10 wires give 0.022" in because


@pytest.mark.parametrize(("angle", "found"), [(1.5, 1), (3.13, 0)], ids=["as at random points", "at the bottom"])
def test_a_training_that_began_at_the_bottom_of_a_valley_is_on_no_plateau(angle: float, found: int) -> None:
    calls = training(angle, wires=10, gradient=-1e-3 * math.sin(angle))
    calls = [replace(c, outputs=(np.asarray(1e-3 * math.cos(angle)),)) for c in calls]
    assert len(said(calls, losses(-7.86, -7.86, -7.86), Cosines(1e-3))) == found


@pytest.mark.parametrize(
    ("wires", "size", "gradient"),
    [(10, 1.0, -math.sin(0.3)), (3, 1e-3, -1e-3 * math.sin(0.3)), (10, 1e-3, 0.5)],
    ids=["steep", "few wires", "a gradient that is not right"],
)
def test_nothing_else_is_called_a_plateau(wires: int, size: float, gradient: float) -> None:
    assert said(training(0.3, wires=wires, gradient=gradient), losses(0.5, 0.5, 0.5), Cosines(size)) == []


def test_a_qnode_whose_gradient_is_in_doubt_is_left_alone() -> None:
    calls = training(0.0)
    pair = (Method("default.qubit", "backprop"), Method("default.qubit", "adjoint"))
    wrong = Divergence(calls[0], Comparison(pair, Verdict.ERROR, Signature.JACOBIAN))
    assert said(calls, losses(0.5, 0.5, 0.5), located=Located(divergences=(wrong,))) == []


@pytest.mark.parametrize(("noise", "found"), [(0.5, 1), (0.05, 0)])
def test_shot_noise_is_held_against_the_exact_gradient(noise: float, found: int) -> None:
    exact = -0.01 * math.sin(0.3) if noise == 0.5 else -math.sin(0.3)
    remarked = said(training(0.3, gradient=exact + noise, shots=(20,)), (), Cosines(0.01 if noise == 0.5 else 1.0))
    assert len(remarked) == found
    assert all("noise of 20 shots" in remark.diagnosis.because for remark in remarked)


def test_noise_that_a_difference_quotient_makes_large_is_no_matter_of_the_gradient() -> None:
    calls = training(0.3, gradient=-0.01 * math.sin(0.3) + 0.5, shots=(20,))
    differenced = [replace(one, configuration=replace(one.configuration, resolved="finite-diff")) for one in calls]
    assert said(differenced, (), Cosines(0.01)) == []


def leaping(*angles: float, shots: tuple[int, ...] = ()) -> list[Call]:
    each = [training(angle, steps=1, gradient=-1.0, shots=shots)[0] for angle in angles]
    return [replace(call, index=step, step=step) for step, call in enumerate(each)]


def test_steps_longer_than_a_quarter_turn_are_remarked_where_they_are_often_so() -> None:
    assert "at 2 of 3 steps" in only(leaping(0.0, 5.0, 1.0, 1.2))
    assert said(leaping(0.0, 5.0, 5.1, 5.2, 5.3)) == []
    assert said(leaping(0.0, 0.4, 0.8, 1.2)) == []


def test_long_steps_are_seen_and_not_tried_and_so_no_more_than_likely() -> None:
    (remark,) = said(leaping(0.0, 5.0, 1.0, 1.2))
    assert remark.diagnosis.confidence is Confidence.LIKELY


def test_under_shots_no_gradient_is_called_right_however_long_the_steps() -> None:
    assert said(leaping(0.0, 5.0, 1.0, 1.2, shots=(50,))) == []


def test_angles_that_data_move_are_no_long_steps() -> None:
    origins = '{"call":0,"grad_enabled":true,"arguments":[],"circuit":[7],"outputs":[true],"complete":true}'
    fed = [Event("origins", 0, origins), *torch_steps(Gradient.SOME, Gradient.SOME, rate=0.01, size=0.5)]
    assert said(leaping(0.0, 5.0, 1.0, 4.0), fed) == []


def test_others_may_ask_whether_structure_explains_a_zero() -> None:
    (first, *_) = training(0.3, 0.7, name="RZ")
    assert zero_by_structure(history([first], evaluator=Cosines()), first, (0.3,)) is not None
    assert zero_by_structure(history([first], evaluator=Cosines()), first, (0.5,)) is None
    (alive, *_) = training(0.3)
    assert zero_by_structure(history([alive], evaluator=Cosines()), alive, (0.3,)) is None
