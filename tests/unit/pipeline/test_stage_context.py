"""Errors in low precision stand only where the arbiter finds one of the pair wrong; and what cannot be asked is an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.judging.arbiter import arbiter
from qdiag.judging.arbiter.arbiter import Arbitration
from qdiag.judging.arbiter.circuit_function import MOST_WIRES
from qdiag.judging.arbiter.method_verdicts import MethodVerdict
from qdiag.judging.arbiter.reference import Reference
from qdiag.judging.question import question_of
from qdiag.judging.row_samples import SAMPLED, WHOLE, sampled_rows
from qdiag.model.call import Backward, Environment
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Tolerance, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Divergence
from qdiag.model.method import ARBITER
from qdiag.model.node import Node, Wires
from qdiag.model.variants import with_values
from qdiag.pipeline.stage_arbitrate import once_rounding, unanimous_errors
from qdiag.pipeline.stage_context import StageContext, excuse_as_rounding
from qdiag.trace.keys import circuit_key
from tests.worlds.batches import ROWS, BatchEvaluator, answer, batch
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.long_chains import chain
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT
from tests.worlds.scripted import ScriptedTrace, call, circuit, failed

PAIR = (BACKPROP, ADJOINT)
EPS32 = float(np.finfo(np.float32).eps)


def apart(
    gap: float, index: int = 0, verdict: Verdict = Verdict.ERROR, signature: Signature = Signature.VJP, eps: float = EPS32
) -> Divergence:
    comparison = Comparison(PAIR, verdict, signature, max_abs=gap, max_rel=gap, eps=eps, bound=1e-6)
    return Divergence(call(index, circuit(0.3, "float32")), comparison)


def judgement(*verdicts: str, gradient_reason: str = "", held: Signature = Signature.VJP) -> Arbitration:
    found = tuple(MethodVerdict(name, said, held, 1e-5, 3e-5, held=frozenset({held})) for name, said in zip(PAIR, verdicts))
    return Arbitration(Reference(gradient_reason=gradient_reason), found, "in a sentence")


class Judging(StageContext):
    """A bench whose arbiter says what the script says."""

    said = judgement("right", "right")

    def by_products_too(self, found, call, methods):
        return found

    def arbitrate(self, call, methods, *, second=False, outputs=False, entries=False):
        return self.said


def judged(divergence: Divergence, said: Arbitration, tolerance: Optional[Tolerance] = None) -> Divergence:
    context = type("Scripted", (Judging,), {"said": said})(None, None, tolerance or Tolerance())
    return context.with_arbiters_word(divergence, PAIR)


class Multiplying(Judging):
    """One whose arbiter says something else of products with what came back."""

    by_products = judgement("wrong", "right")

    def _arbitrate_once(self, call, methods, where, *, entries):
        assert where is Signature.VJP
        return self.by_products

    by_products_too = StageContext.by_products_too


def first_off(gap: float) -> Arbitration:
    (first, second) = judgement("wrong", "right").methods
    return Arbitration(Reference(), (replace(first, gap=gap, bound=1e-9), second), "in a sentence")


@pytest.mark.parametrize(("gap", "wrong"), [(1.0, PAIR[:1]), (5e-9, ())])
def test_a_product_that_is_clearly_wrong_decides_where_every_entry_of_the_jacobian_is_right(gap: float, wrong: tuple[Any, ...]):
    context = type("Scripted", (Multiplying,), {"by_products": first_off(gap)})(None, None, Tolerance())
    back = (Backward((np.array(40.0),)),)
    assert context.by_products_too(judgement("right", "right"), call(0, circuit(0.3), backwards=back), PAIR).wrong == wrong
    assert context.by_products_too(judgement("right", "right"), call(0, circuit(0.3), backwards=()), PAIR).wrong == ()


def test_two_methods_that_are_both_right_differ_by_rounding():
    found = judged(apart(5e-5), judgement("right", "right"))
    assert (found.verdict, found.wrong) == (Verdict.ROUNDING, ())
    assert found.comparison.bound == pytest.approx(6e-5)


@pytest.mark.parametrize(
    ("divergence", "said"),
    [
        (apart(5e-5), judgement("wrong", "right")),
        (apart(5e-5), judgement("unknown", "right")),
        (apart(5e-5), judgement("right", "right", gradient_reason="takes too long")),
        (apart(5e-5, eps=2.2e-16), judgement("right", "right")),
        (apart(5e-5, signature=Signature.NAN), judgement("right", "right")),
        (apart(5e-5), judgement("right", "right", held=Signature.OUTPUT)),
        (apart(5e-5, signature=Signature.OUTPUT), judgement("right", "right")),
    ],
    ids=[
        "one is wrong",
        "one is not known",
        "no gradients to judge by",
        "in double precision",
        "no number",
        "right in outputs alone",
        "right in gradients alone",
    ],
)
def test_otherwise_an_error_stays_one(divergence, said):
    assert judged(divergence, said).verdict is Verdict.ERROR


class Asked(FakeEvaluator):
    """Takes down the cotangents that come with a request."""

    def __init__(self) -> None:
        self.cotangents: list[Any] = []
        self.jacobians: list[bool] = []

    def evaluate(self, request: Request) -> Evaluation:
        self.cotangents.append(request.cotangents)
        self.jacobians.append(request.jacobian)
        return Evaluation(request.method, (np.array(0.3),))


@pytest.mark.parametrize(("output", "angle", "asked"), [("c", "c", True), ("c", "f", False), ("f", "c", False)])
def test_of_complex_results_by_complex_parameters_products_are_judged(monkeypatch, output, angle, asked):
    kinds = {"c": np.complex128, "f": np.float64}
    monkeypatch.setattr(arbiter, "arbitrate", lambda circuit, *rest, **_: rest)
    evaluator, ran = Asked(), circuit(0.3)
    ran = with_values(ran, {0: np.asarray(0.3, kinds[angle])})
    one = call(0, circuit(0.3), circuit=ran, outputs=(np.asarray(0.3, kinds[output]),), backwards=())
    StageContext(evaluator, Environment()).arbitrate(one, [BACKPROP])
    assert [bool(cotangents) for cotangents in evaluator.cotangents] == [asked]


@pytest.mark.parametrize(("results", "options", "formed"), [(256, {}, True), (257, {}, False), (257, {"entries": True}, True)])
def test_of_many_results_products_are_judged_unless_entries_differ(monkeypatch, results, options, formed):
    monkeypatch.setattr(arbiter, "arbitrate", lambda circuit, *rest, **_: rest)
    evaluator = Asked()
    one = call(0, circuit(0.3), outputs=(np.linspace(0.0, 1.0, results),), backwards=())
    StageContext(evaluator, Environment()).arbitrate(one, [BACKPROP], **options)
    assert (evaluator.jacobians, [bool(cotangents) for cotangents in evaluator.cotangents]) == ([formed], [not formed])


def test_a_tolerance_of_the_users_own_is_not_overruled():
    assert judged(apart(5e-5), judgement("right", "right"), Tolerance(absolute=1e-7)).verdict is Verdict.ERROR


def test_rounding_is_left_as_it_is():
    comparison = apart(1e-7, verdict=Verdict.ROUNDING).comparison
    assert excuse_as_rounding(comparison, judgement("right", "right")) is comparison


def test_of_what_is_only_rounding_each_qnode_keeps_the_first_and_worst():
    given = [apart(5e-5, 1), apart(2e-5, 0), apart(4e-5, 0), apart(1e-7, 0, Verdict.ROUNDING)]
    found = once_rounding(given, [judged(d, judgement("right", "right")) for d in given])
    assert [(d.call.index, d.comparison.max_abs, d.verdict) for d in found] == [(0, 4e-5, Verdict.ROUNDING)]


def test_errors_that_stand_are_all_kept():
    given = [apart(5e-5), apart(6e-5), apart(1e-7, 0, Verdict.ROUNDING)]
    found = once_rounding(given, [judged(d, judgement("wrong", "right")) for d in given])
    assert [d.verdict for d in found] == [Verdict.ERROR, Verdict.ERROR, Verdict.ROUNDING]


# --- whether the script's own results are right --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "upheld"),
    [
        (judgement("right", "wrong"), True),
        (judgement("wrong", "right"), False),
        (judgement("unknown", "wrong"), False),
        (judgement("right", "wrong", gradient_reason="takes too long"), False),
    ],
    ids=["right", "wrong", "not known", "known of its outputs alone"],
)
def test_the_scripts_own_method_is_upheld_where_the_arbiter_finds_outputs_and_gradients_right(said: Arbitration, upheld: bool):
    assert judged(apart(0.1), said).upheld is upheld


@pytest.mark.parametrize(("second", "upheld"), [("right", True), ("raised", False)])
def test_a_script_that_differentiates_twice_needs_its_second_derivatives_right_too(second: str, upheld: bool):
    found = apart(0.1)
    backward = replace(found.call.backwards[0], create_graph=True)
    found = replace(found, call=replace(found.call, backwards=(backward,)))

    class Twice(StageContext):
        def by_products_too(self, found, call, methods):
            return found

        def arbitrate(self, call, methods, *, second=False, outputs=False, entries=False):
            said = judgement(twice if second else "right")
            return replace(said, methods=(replace(said.methods[0], method=call.method),))

    twice = second
    assert Twice(FakeEvaluator(), Environment()).with_arbiters_word(found, PAIR).upheld is upheld


# --- what cannot be asked ------------------------------------------------------------------------------------------------------


class Lost(FakeEvaluator):
    """Workers that are lost over whatever they are asked."""

    def answer(self, function: Any, *arguments: Any) -> Any:
        raise TimeoutError("over its time")


def test_a_reference_whose_worker_is_lost_is_an_evaluation_that_refused():
    seen = call(0, circuit(0.3))
    question = question_of(seen, (seen.method, ARBITER), where=Signature.JACOBIAN, trusted=False, tolerance=Tolerance())
    found = StageContext(Lost(), Environment()).reference(question)
    assert (found.method, found.outputs) == (ARBITER, None)
    assert found.failure is not None
    assert (found.failure.message, found.failure.refusal) == ("the reference was not worked out (TimeoutError)", True)


def test_a_layer_that_cannot_be_made_loses_nothing_that_one_knows_of(caplog: pytest.LogCaptureFixture):
    assert StageContext(Lost(), Environment()).layer_loss("float16", False) is None
    assert not caplog.records


@pytest.mark.parametrize(("kind", "derivatives"), [(Kind.OUTPUT, False), (Kind.JACOBIAN, True)])
def test_outputs_of_another_shape_are_asked_without_derivatives(kind: Kind, derivatives: bool):
    """Adjoint takes a batch and gives it another shape; of one row it refuses the derivatives, which nobody asked about."""
    found = of_batch(Verdict.ERROR, Signature.SHAPE, Element(kind))
    assert context_of(BatchEvaluator()).question(found).jacobian is derivatives


# --- batches with many rows -------------------------------------------------------------------------------------------------


def of_batch(verdict: Verdict, signature: Signature, element: Optional[Element] = None, rows: int = ROWS) -> Divergence:
    return Divergence(batch(rows), Comparison(PAIR, verdict, signature, element))


def rows_of(ran: Circuit) -> int:
    return len(ran.parameters[0].value)


def off_by(slip: float, position: Optional[int] = None) -> Callable[[Request], Evaluation]:
    """Outputs that are off everywhere, or in one row of the whole batch alone."""
    whole = batch(ROWS).circuit.parameters[0].value

    def evaluate(request: Request) -> Evaluation:
        right = answer(request)
        assert right.outputs is not None
        there = np.ones(rows_of(request.circuit)) if position is None else request.circuit.parameters[0].value == whole[position]
        return replace(right, outputs=(right.outputs[0] + slip * there,))

    return evaluate


def context_of(evaluator: BatchEvaluator) -> StageContext:
    return StageContext(evaluator, Environment())


def test_a_question_is_about_a_few_rows_where_these_show_the_same():
    divergence = of_batch(Verdict.ERROR, Signature.OUTPUT, Element(Kind.OUTPUT, index=(5,)))
    question = context_of(BatchEvaluator(adjoint=off_by(0.1))).question(divergence)
    assert rows_of(question.circuit) == SAMPLED + 1
    assert batch(ROWS).circuit.parameters[0].value[5] in question.circuit.parameters[0].value


def test_it_is_about_all_rows_where_a_few_do_not_show_it():
    unseen = next(row for row in range(ROWS) if row not in sampled_rows(ROWS, circuit_key(batch(ROWS).circuit)))
    divergence = of_batch(Verdict.ERROR, Signature.OUTPUT)
    evaluator = BatchEvaluator(adjoint=off_by(0.1, unseen))
    assert rows_of(context_of(evaluator).question(divergence).circuit) == ROWS


def test_what_no_method_runs_is_asked_about_in_a_few_rows_where_these_raise_as_well():
    divergence = Divergence(batch(ROWS), Comparison((BACKPROP, BACKPROP), Verdict.ERROR, Signature.RAISE))
    raising = BatchEvaluator(backprop=lambda request: failed(request.method))
    assert rows_of(context_of(raising).question(divergence).circuit) == SAMPLED
    assert rows_of(context_of(BatchEvaluator()).question(divergence).circuit) == ROWS


def test_a_batch_of_few_rows_is_asked_about_as_it_is_and_nothing_is_evaluated_for_that():
    evaluator = BatchEvaluator()
    question = context_of(evaluator).question(of_batch(Verdict.ERROR, Signature.OUTPUT, rows=WHOLE))
    assert (rows_of(question.circuit), evaluator.requests) == (WHOLE, [])


def test_what_was_arbitrated_is_not_arbitrated_again():
    evaluator = BatchEvaluator()
    context = context_of(evaluator)
    first = context.arbitrate(batch(2), [BACKPROP])
    asked = len(evaluator.requests)
    assert context.arbitrate(batch(2), [BACKPROP]) is first
    assert len(evaluator.requests) == asked > 0


# --- methods that take many parameters one by one ---------------------------------------------------------------------------


class Noted(StageContext):
    """A bench whose arbiter finds all wrong that it is asked about, and that takes down of how many parameters each is asked."""

    asked: dict[str, int]

    def by_products_too(self, found, call, methods):
        return found

    def arbitrate(self, call, methods, *, second=False, outputs=False, entries=False):
        self.__dict__.setdefault("asked", {}).update({method.diff_method: len(call.circuit.trainable) for method in methods})
        found = tuple(MethodVerdict(method, "wrong", Signature.VJP, 0.1, 1e-9) for method in methods)
        return Arbitration(Reference(), found, "in a sentence")


@pytest.mark.parametrize(
    ("signature", "asked"),
    [
        (Signature.VJP, {"backprop": 50, "adjoint": 50, "parameter-shift": 16}),
        (Signature.SECOND_DERIVATIVE, {"backprop": 50, "adjoint": 50}),
    ],
)
def test_beside_a_pair_methods_that_go_by_parameters_are_asked_about_a_few(signature: Signature, asked: dict[str, int]) -> None:
    found = Divergence(chain(50), Comparison(PAIR, Verdict.ERROR, signature, max_abs=0.1))
    context = Noted(FakeEvaluator(), Environment())
    judged = context.with_arbiters_word(found, [*PAIR, SHIFT])
    assert context.asked == asked
    assert {method.diff_method for method in judged.wrong} == {*asked}


def test_where_no_parameter_is_many_they_are_asked_beside_the_pair() -> None:
    found = Divergence(chain(5), Comparison(PAIR, Verdict.ERROR, Signature.VJP, max_abs=0.1))
    context = Noted(FakeEvaluator(), Environment())
    context.with_arbiters_word(found, [*PAIR, SHIFT])
    assert context.asked == {"backprop": 5, "adjoint": 5, "parameter-shift": 5}


# --- circuits that our simulation has no room for ---------------------------------------------------------------------------


class Depths(StageContext):
    """A bench that takes down whether derivatives are asked of methods."""

    outputs: list[bool]

    def by_products_too(self, found, call, methods):
        return found

    def arbitrate(self, call, methods, *, second=False, outputs=False, entries=False):
        self.__dict__.setdefault("outputs", []).append(outputs)
        return judgement("right", "right", held=Signature.OUTPUT)


def on_wires(count: int) -> Circuit:
    made = circuit(0.3, "float32")
    idle = tuple(Node("Hadamard", (), Wires((wire,)), (wire,)) for wire in range(1, count))
    return replace(made, operations=(*made.operations, *idle))


@pytest.mark.parametrize(
    ("verdict", "wires", "outputs"),
    [(Verdict.ROUNDING, MOST_WIRES + 1, True), (Verdict.ERROR, MOST_WIRES + 1, False), (Verdict.ROUNDING, MOST_WIRES, False)],
    ids=["rounding", "an error", "there is room"],
)
def test_without_a_reference_derivatives_are_asked_where_there_is_an_error_alone(verdict: Verdict, wires: int, outputs: bool) -> None:
    context = Depths(FakeEvaluator(), Environment())
    found = replace(apart(1e-6, verdict=verdict), call=call(0, on_wires(wires)))
    judged = context.with_arbiters_word(found, PAIR)
    assert context.outputs == [outputs]
    assert judged.upheld is not outputs


def test_where_all_agree_on_such_a_circuit_no_derivative_is_asked_and_nothing_is_upheld() -> None:
    context = Depths(FakeEvaluator(), Environment())
    trace = ScriptedTrace([call(0, on_wires(MOST_WIRES + 1))])
    assert [*unanimous_errors(context, trace, [], lambda done, total: None)] == []
    assert (context.outputs, context.upheld) == ([True], [])
