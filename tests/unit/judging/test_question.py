"""A question: both sides are evaluated side by side and compared, and what cannot be evaluated is an answer, too."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np

from qdiag.judging.question import Question, observe, question_of
from qdiag.model.call import Call, Failure
from qdiag.model.comparison import Signature, Tolerance, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import ARBITER, PLAIN
from tests.worlds.scripted import METHODS, ScriptedEvaluator, answer, call, circuit, failed, moved

OWN, OTHER = METHODS[:2]
QUESTION = Question(circuit(0.3), (OWN, OTHER))


def test_both_sides_come_back_in_order_with_their_comparison():
    seen = observe(QUESTION, ScriptedEvaluator(adjoint=lambda request: moved(answer(request), gradient=0.5)))
    assert [side.method for side in seen.sides] == [OWN, OTHER]
    assert (seen.comparison.verdict, seen.comparison.where) == (Verdict.ERROR, "jacobian")
    assert np.isclose(seen.comparison.max_abs, 0.5)


def test_the_users_tolerance_is_asked_for():
    off = ScriptedEvaluator(adjoint=lambda request: moved(answer(request), gradient=1e-3))
    assert observe(QUESTION, off).comparison.verdict is Verdict.ERROR
    assert observe(replace(QUESTION, tolerance=Tolerance(absolute=1e-2)), off).comparison.verdict is not Verdict.ERROR


def test_both_sides_are_started_before_either_is_waited_for():
    class Slow(ScriptedEvaluator):
        def submit(self, request: Request) -> Future[Evaluation]:
            super().submit(request)
            promise: Future[Evaluation] = Future()
            promise.result = lambda timeout=None: self.answer_late(request)  # type: ignore[method-assign]
            return promise

        def answer_late(self, request: Request) -> Evaluation:
            assert len(self.requests) == 2
            return answer(request)

    assert observe(QUESTION, Slow()).comparison.verdict is Verdict.AGREE


def test_the_arbiters_side_is_never_submitted():
    evaluator, asked = ScriptedEvaluator(), []

    def reference(question: Question) -> Evaluation:
        asked.append(question)
        return replace(answer(question.request(0)), method=ARBITER)

    question = replace(QUESTION, methods=(OWN, ARBITER))
    seen = observe(question, evaluator, reference)
    assert (seen.sides[1].method, seen.comparison.verdict) == (ARBITER, Verdict.AGREE)
    assert (asked, [request.method for request in evaluator.requests]) == ([question], [OWN])


def test_where_no_arbiter_is_at_hand_its_side_is_one_that_refused():
    evaluator = ScriptedEvaluator()
    seen = observe(replace(QUESTION, methods=(ARBITER, OWN)), evaluator)
    assert seen.sides[0].failure is not None
    assert (seen.sides[0].failure.type, seen.sides[0].failure.refusal) == ("NoReference", True)
    assert (seen.comparison.verdict, seen.comparison.where) == (Verdict.ERROR, "raise")
    assert [request.method for request in evaluator.requests] == [OWN]


def test_methods_that_fail_are_an_answer():
    refusing: dict[str, Any] = {"backprop": lambda request: failed(request.method), "adjoint": lambda request: failed(request.method)}
    seen = observe(QUESTION, ScriptedEvaluator(adjoint=refusing["adjoint"]))
    assert (seen.comparison.verdict, seen.comparison.where) == (Verdict.ERROR, "raise")
    assert observe(QUESTION, ScriptedEvaluator(**refusing)).comparison.verdict is Verdict.REFUSED


def test_outputs_alone_are_asked_for_where_outputs_differ_and_second_derivatives_where_these_do():
    seen = call(0, circuit(0.3))

    def asked(where: Signature) -> tuple[bool, bool]:
        request = question_of(seen, (OWN, PLAIN), where=where, trusted=False, tolerance=Tolerance()).request(0)
        return request.jacobian, request.second

    assert asked(Signature.OUTPUT) == (False, False)
    assert asked(Signature.VJP) == (True, False)
    assert asked(Signature.SECOND_DERIVATIVE) == (True, True)


def test_a_method_without_a_device_is_asked_on_the_calls_own():
    question = question_of(call(0, circuit(0.3)), (OWN, PLAIN), where=Signature.OUTPUT, trusted=False, tolerance=Tolerance())
    assert str(question.request(1).method) == "default.qubit/none"


def test_what_a_failed_call_raised_is_asked_of_its_method_without_our_help_and_of_the_other_with_it():
    failing = replace(call(0, circuit(0.3)), failure=Failure("NotImplementedError", "broadcasted tapes"))

    def helped(seen: Call, where: Signature) -> list[bool]:
        question = question_of(seen, (OWN, OTHER), where=where, trusted=False, tolerance=Tolerance())
        asked = [question.request(side) for side in (0, 1)]
        assert [one.as_it_stands for one in asked] == [one.as_wired for one in asked]
        return [not one.as_it_stands for one in asked]

    assert helped(failing, Signature.RAISE) == [False, True]
    assert helped(failing, Signature.JACOBIAN) == [True, True]
    assert helped(call(0, circuit(0.3)), Signature.RAISE) == [True, True]
