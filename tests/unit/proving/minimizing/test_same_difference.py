"""Interesting = the same symptom, clearly beyond the bound, with the same method wrong; noise is asked until it has answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.judging.comparison.compare import compare
from qdiag.judging.question import Observation, Question
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method, parse
from qdiag.proving.minimizing.same_difference import SameDifference, decide_by_repeats, kind_of
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.small_circuits import circuit, gate, names, number

GOOD, BAD = parse("default.qubit/backprop"), parse("default.qubit/adjoint")
START = circuit(gate("RX", 0.3, trainable=True), gate("RY", 0.4, trainable=True))

Errors = Callable[[Circuit], Any]
"""From a circuit to what the bad method adds to the Jacobian, or the failure that it raises."""


class Scripted(FakeEvaluator):
    """Both methods give ones; the bad one adds its errors."""

    def __init__(self, errors: Errors) -> None:
        self.errors = errors

    def evaluate(self, request: Request) -> Evaluation:
        slopes = tuple(np.ones(()) for _ in request.circuit.trainable)
        plain = Evaluation(request.method, (np.ones(()),), jacobian=(slopes,), norms=(1.0,))
        added = self.errors(request.circuit) if request.method == BAD else 0.0
        if isinstance(added, Failure):
            return replace(plain, outputs=None, jacobian=None, failure=added)
        return replace(plain, jacobian=(tuple(slope + added for slope in slopes),))


def same(errors: Errors, **rest: Any) -> SameDifference:
    return SameDifference(Question(START, (GOOD, BAD)), Scripted(errors), **rest)


def test_the_start_shows_its_own_difference() -> None:
    difference = same(lambda found: 0.5)
    assert difference.kind.verdict is Verdict.ERROR
    assert difference(START)


def test_a_candidate_that_agrees_is_not_interesting_but_a_twin() -> None:
    difference = same(lambda found: 0.5 if "RY" in names(found) else 0.0)
    without = circuit(gate("RX", 0.3, trainable=True))
    assert not difference(without)
    assert difference.agrees(without)
    assert not difference.agrees(START)


def test_a_difference_at_the_edge_of_the_bound_is_not_enough() -> None:
    difference = same(lambda found: 0.5 if "RY" in names(found) else 2e-14)
    assert not difference(circuit(gate("RX", 0.3, trainable=True)))


@pytest.mark.parametrize(("left", "interesting"), [(0.02, True), (1e-3, True), (6e-8, False)])
def test_an_error_that_has_all_but_gone_is_another_one(left: float, interesting: bool) -> None:
    difference = same(lambda found: 0.5 if "RY" in names(found) else left)
    assert difference(circuit(gate("RX", 0.3, trainable=True))) is interesting


def test_an_error_that_shrinks_with_all_numbers_around_it_is_the_same() -> None:
    class Scaled(Scripted):
        """Derivatives by the gate RY are those of a large coefficient."""

        def evaluate(self, request: Request) -> Evaluation:
            found = super().evaluate(request)
            factor = 1e4 if "RY" in names(request.circuit) else 1.0
            jacobian = tuple(tuple(factor * slope for slope in row) for row in found.jacobian or ())
            return replace(found, jacobian=jacobian, norms=(factor,))

    difference = SameDifference(Question(START, (GOOD, BAD)), Scaled(lambda found: 0.5))
    assert difference(circuit(gate("RX", 0.3, trainable=True)))


def test_rounding_has_no_size_that_must_be_kept() -> None:
    narrow = circuit(gate("RX", 0.3, trainable=True, dtype="float32"), gate("RY", 0.4, trainable=True, dtype="float32"))
    errors: Errors = lambda found: 5e-7 if "RY" in names(found) else 1e-8  # noqa: E731
    difference = SameDifference(Question(narrow, (GOOD, BAD)), Scripted(errors))
    assert difference.kind.verdict is Verdict.ROUNDING
    assert difference(circuit(gate("RX", 0.3, trainable=True, dtype="float32")))


def test_a_gradient_that_vanishes_is_not_one_that_is_merely_wrong() -> None:
    difference = same(lambda found: 0.5 if "RY" in names(found) else -1.0)
    assert not difference(circuit(gate("RX", 0.3, trainable=True)))


def test_under_a_cause_that_loses_and_shifts_a_gradient_that_vanishes_is_as_good() -> None:
    difference = same(lambda found: 0.5 if "RY" in names(found) else -1.0, loses_and_shifts=True)
    assert difference(circuit(gate("RX", 0.3, trainable=True)))


def test_products_are_held_against_products_where_one_side_has_a_jacobian_besides() -> None:
    output, numbers = (np.ones(2),), np.ones(3)
    bare = Evaluation(BAD, output, vjps=((0 * numbers,),), norms=(1.0,))
    whole = Evaluation(GOOD, output, jacobian=((np.ones((2, 3)),),), vjps=((numbers,),), norms=(1.0,))
    kind = kind_of(Observation(compare(bare, whole, START), (bare, whole)))
    assert (kind.verdict, kind.vanishes) == (Verdict.ERROR, (True, False))


def test_another_kind_of_difference_is_not_interesting() -> None:
    failure = Failure("TypeError", "no", ("module:function:3",))
    difference = same(lambda found: 0.5 if "RY" in names(found) else failure)
    assert not difference(circuit(gate("RX", 0.3, trainable=True)))


@pytest.mark.parametrize(
    ("failure", "interesting"),
    [
        (Failure("TypeError", "other words", ("module:function:99",)), True),
        (Failure("TypeError", "words", ("module:elsewhere:3",)), False),
        (Failure("ValueError", "words", ("module:function:3",)), False),
    ],
    ids=["same place", "another place", "another type"],
)
def test_a_raise_is_known_by_its_type_and_place(failure: Failure, interesting: bool) -> None:
    first = Failure("TypeError", "words", ("module:function:3",))
    difference = same(lambda found: first if "RY" in names(found) else failure, wrong=(BAD,), wrong_methods=lambda *_: ())
    assert difference(circuit(gate("RX", 0.3, trainable=True))) is interesting


@pytest.mark.parametrize("errors", [lambda found: 0.0, lambda found: 1e-17], ids=["equal", "to the last bit"])
def test_where_the_start_agrees_nothing_is_interesting(errors: Errors) -> None:
    assert not same(errors)(START)


class TestTheArbiter:
    def test_the_same_method_must_be_wrong(self) -> None:
        difference = same(lambda found: 0.5, wrong=(BAD,), wrong_methods=lambda found, sides: (GOOD,))
        assert not difference(START)

    def test_it_is_asked_only_about_candidates_that_show_the_difference(self) -> None:
        asked = []

        def wrong_methods(found: Circuit, sides: Any) -> tuple[Method, ...]:
            asked.append(names(found))
            return (BAD,)

        errors: Errors = lambda found: 0.5 if "RY" in names(found) else 0.0  # noqa: E731
        difference = same(errors, wrong=(BAD, parse("lightning.qubit/adjoint")), wrong_methods=wrong_methods)
        assert difference(START)
        assert not difference(circuit(gate("RX", 0.3, trainable=True)))
        assert asked == [("RX", "RY")]


class TestNoise:
    @pytest.mark.parametrize(("samples", "answer", "asked"), [([100.0], True, 1), ([0.01], False, 1), ([0.0], False, 1)])
    def test_a_clear_answer_takes_one_sample(self, samples: list[float], answer: bool, asked: int) -> None:
        taken = []
        assert decide_by_repeats(lambda repeat: taken.append(repeat) or samples[repeat]) is answer
        assert len(taken) == asked

    def test_a_close_one_takes_more_and_the_most_is_five(self) -> None:
        taken = []
        decide_by_repeats(lambda repeat: taken.append(repeat) or (1.5, 0.7)[repeat % 2])
        assert len(taken) == 5

    def test_each_repeat_has_random_numbers_of_its_own(self) -> None:
        seeds = []

        class Sampling(Scripted):
            def evaluate(self, request: Request) -> Evaluation:
                seeds.append(request.seed)
                return super().evaluate(request)

        question = Question(replace(START, shots=(100,)), (GOOD, BAD), seeds=(0, 1))
        difference = SameDifference(question, Sampling(lambda found: 0.5))
        seeds.clear()
        difference.observe(START, 0)
        difference.observe(START, 1)
        assert len(set(seeds)) == 4


def test_numbers_of_the_start_do_not_matter_only_the_symptom() -> None:
    difference = same(lambda found: 0.5)
    assert difference(circuit(gate("RX", 0, trainable=True), gate("RY", 0)))
    assert number(0).value == 0
