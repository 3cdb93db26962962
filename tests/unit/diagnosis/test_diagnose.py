"""Causes predict, experiments decide: the engine with scripted evaluations, no framework in sight."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable

import numpy as np
import pytest

from qdiag.diagnosis.cause import Cause, Experiment, Prediction, flips, leaves, survives
from qdiag.diagnosis.causes import CAUSES
from qdiag.diagnosis.causes.difference_quotients import FINITE_DIFFERENCE_STEP
from qdiag.diagnosis.causes.precision import COMPLEX64_DEVICE, FLOAT32_PARAMETERS
from qdiag.diagnosis.diagnose import diagnose
from qdiag.diagnosis.experiments.point import NUDGED, NUDGED_FAR
from qdiag.diagnosis.experiments.precision import FLOAT64_PARAMETERS, narrow_again
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.comparison.compare import compare
from qdiag.judging.question import Question, question_of
from qdiag.model.call import Call, Configuration, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Tolerance, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Divergence, Outcome
from qdiag.model.method import parse
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.evaluators import FakeEvaluator


def gate(angle: float, dtype: str = "float64") -> Node:
    return Node("RX", (Parameter(np.array(angle, dtype), "torch", True),), (Wires((0,)), ()), (0,))


def circuit(dtype: str = "float64") -> Circuit:
    z = Node("PauliZ", (), (Wires((0,)), ()), (0,))
    return Circuit((gate(0.1, dtype), gate(0.2, dtype)), (Node("ExpectationMP", (z, None), (("wires", None),), (0,)),))


WITHOUT_THE_SECOND = Experiment(
    "without the second gate",
    lambda question, evaluator: replace(question, circuit=replace(question.circuit, operations=question.circuit.operations[:1])),
)


@dataclass
class World(FakeEvaluator):
    """An evaluator whose truth is a function from a request to the error that its method makes."""

    error: Callable[[Request], float]
    asked: list[str] = field(default_factory=list)

    def evaluate(self, request: Request) -> Evaluation:
        self.asked.append(str(request.method))
        gradients = tuple(np.array(0.5) for _ in request.circuit.trainable)
        wrong = (np.array(0.5 + self.error(request)), *gradients[1:])[: len(gradients)]
        return Evaluation(request.method, outputs=(np.array(0.3),), jacobian=(wrong,), norms=(1.0,))


def symptoms(
    world: World, methods: str = "default.qubit/backprop,default.qubit/adjoint", dtype: str = "float64", **facts: Any
) -> Symptoms:
    first, second = (parse(name) for name in methods.split(","))
    configuration = Configuration("f", SourceLine("train.py", 1), "default.qubit", interface="torch", resolved="backprop")
    call = Call(0, 0, SourceLine("train.py", 9), configuration, (), circuit(dtype), (np.array(0.3),))
    question = question_of(call, (first, second), where=Signature.JACOBIAN, trusted=False, tolerance=Tolerance())
    sides = [world.submit(question.request(side)).result() for side in (0, 1)]
    comparison = compare(sides[0], sides[1], call.circuit)
    return Symptoms(Divergence(call, comparison, **facts), question)


def like(code: str, predictions: tuple[Prediction, ...]) -> Cause:
    """A cause that always comes into question and predicts just this."""
    texts = (code.lower(), "made up", "")
    return Cause(code, *texts, lambda symptoms: True, lambda symptoms: predictions, lambda symptoms: "", verdicts=tuple(Verdict))


def float32_only(size: float) -> Callable[[Request], float]:
    def error(request: Request) -> float:
        narrow = request.circuit.parameters[0].value.dtype == np.float32
        return size if narrow and request.method.diff_method == "backprop" else 0.0

    return error


def test_a_gap_that_float64_heals_and_float32_brings_back_is_confirmed_as_float32_parameters() -> None:
    world = World(float32_only(6e-8))
    found = diagnose(symptoms(world, dtype="float32"), CAUSES, world)
    assert (found.code, found.confidence) == ("QD101", "confirmed")
    predicted = {one.experiment: one.predicts for one in found.evidence}
    assert predicted == {"float64 parameters": Outcome.HEALS, "back in float32": Outcome.PERSISTS}
    assert found.evidence[0].after == 0.0


def test_a_gap_that_stays_in_float64_is_not_blamed_on_precision() -> None:
    world = World(lambda request: 1e-3 if request.method.diff_method == "adjoint" else 0.0)
    found = diagnose(symptoms(world, dtype="float32"), [FLOAT32_PARAMETERS], world)
    assert found.code == "QD901"
    assert found.ruled_out == ("QD101",)


def gates_and_rounding(request: Request) -> float:
    """Off by the second gate, and in float32 by a little on top of that, under another method than backprop."""
    if request.method.diff_method == "backprop":
        return 0.0
    narrow = request.circuit.parameters[0].value.dtype == np.float32
    return 0.03 * (len(request.circuit.operations) - 1) + 0.02 * narrow


def test_what_heals_in_float64_alone_is_seen_where_the_gap_is_there_too() -> None:
    world = World(gates_and_rounding)
    rule = like("QD301", flips(WITHOUT_THE_SECOND))
    found = diagnose(symptoms(world, dtype="float32"), [FLOAT32_PARAMETERS, rule], world)
    assert (found.code, found.confidence, found.ruled_out) == ("QD301", "confirmed", ("QD101",))
    (evidence,) = found.evidence
    assert evidence.experiment == "float64 parameters, without the second gate"
    assert evidence.before == pytest.approx(0.03)
    assert evidence.after == 0.0


def test_what_float64_alone_heals_is_not_put_down_to_what_is_changed_beside_it() -> None:
    world = World(lambda request: gates_and_rounding(request) * (request.circuit.parameters[0].value.dtype == np.float32))
    found = diagnose(symptoms(world, dtype="float32"), [like("QD301", flips(WITHOUT_THE_SECOND))], world)
    assert found.code == "QD901"


def test_the_device_and_not_the_finite_difference_is_blamed_when_a_larger_step_changes_nothing() -> None:
    def error(request: Request) -> float:
        return 3e-8 if request.method.device_precision == "complex64" else 0.0

    world = World(error)
    methods = "lightning.qubit[complex64]/finite-diff,default.qubit/backprop"
    found = diagnose(symptoms(world, methods), [FINITE_DIFFERENCE_STEP, COMPLEX64_DEVICE], world)
    assert found.code != "QD105"


def test_two_causes_that_explain_everything_make_neither_confirmed() -> None:
    world = World(float32_only(6e-8))
    twin = like("QD998", flips(FLOAT64_PARAMETERS))
    found = diagnose(symptoms(world, dtype="float32"), [FLOAT32_PARAMETERS, twin], world)
    assert found.confidence == "likely"


def test_an_experiment_that_two_causes_share_is_made_once() -> None:
    world = World(float32_only(6e-8))
    twin = like("QD998", flips(FLOAT64_PARAMETERS))
    prepared = symptoms(world, dtype="float32")
    world.asked.clear()
    diagnose(prepared, [FLOAT32_PARAMETERS, twin], world)
    assert len(world.asked) == 4  # two experiments, two sides each


def test_a_rival_is_told_apart_by_the_experiment_on_which_they_disagree() -> None:
    def singular(request: Request) -> float:
        return 0.2 if request.method.diff_method == "adjoint" and float(request.circuit.parameters[0].value) == 0.1 else 0.0

    world = World(singular)
    at_the_point = like("QD997", flips(NUDGED))
    everywhere = like("QD996", leaves(NUDGED_FAR))
    found = diagnose(symptoms(world), [everywhere, at_the_point], world)
    assert (found.code, found.confidence, found.ruled_out) == ("QD997", "confirmed", ("QD996",))


def far_away(request: Request) -> bool:
    return abs(float(request.circuit.parameters[0].value) - 0.1) > 1e-6


@pytest.mark.parametrize(("there", "confidence"), [(1e-3, "confirmed"), (float("nan"), "likely")])
def test_an_experiment_against_a_rival_that_has_no_answer_leaves_the_rival_standing(there: float, confidence: str) -> None:
    def error(request: Request) -> float:
        off = there if far_away(request) else 1e-3
        return off if request.method.diff_method == "adjoint" and len(request.circuit.operations) > 1 else 0.0

    world = World(error)
    named = like("QD995", (*flips(WITHOUT_THE_SECOND), *survives(NUDGED_FAR)))
    found = diagnose(symptoms(world), [named], world)
    assert (found.code, found.confidence) == ("QD995", confidence)


def test_a_cause_whose_flip_could_not_be_tried_is_not_named() -> None:
    world = World(lambda request: 1e-3 if request.method.diff_method == "adjoint" else 0.0)
    impossible = Experiment("impossible here", lambda question, evaluator: None)
    hopeful = like("QD994", (*flips(impossible), *leaves(NUDGED_FAR)))
    assert diagnose(symptoms(world), [hopeful], world).code == "QD901"


def test_an_experiment_that_breaks_down_is_one_that_does_not_apply() -> None:
    def breaks(question: Question, evaluator: Evaluator) -> Question:
        raise RuntimeError("a worker was lost")

    world = World(lambda request: 1e-3 if request.method.diff_method == "adjoint" else 0.0)
    fragile = like("QD993", (*flips(Experiment("breaks", breaks)), *leaves(NUDGED_FAR)))
    assert diagnose(symptoms(world), [fragile], world).code == "QD901"


def test_without_a_flip_a_cause_is_at_most_likely() -> None:
    world = World(float32_only(6e-8))
    pattern = like("QD995", leaves(narrow_again("float32")))
    assert diagnose(symptoms(world, dtype="float32"), [pattern], world).confidence == "likely"


def test_the_registry_is_the_table_of_the_design() -> None:
    families = {"1": 9, "2": 6, "3": 12, "4": 4, "5": 11, "6": 4, "7": 3, "8": 13}
    codes = [f"QD{family}{number:02}" for family, count in families.items() for number in range(1, count + 1)]
    assert sorted(cause.code for cause in CAUSES) == sorted([*codes, "QD901"])
    assert len({cause.slug for cause in CAUSES}) == len(CAUSES)
