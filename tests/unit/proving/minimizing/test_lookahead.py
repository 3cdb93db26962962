"""Looking ahead: the questions to come, by replaying the strategy with guessed answers."""

from __future__ import annotations

from itertools import islice

from qdiag.proving.minimizing.deletion import one_by_one, thin_out
from qdiag.proving.minimizing.lookahead import likely


def asked(strategy, count, answers):
    plan = strategy(count)
    question = next(plan)
    for answer in answers:
        question = plan.send(answer)
    return question


def test_the_next_question_is_found_for_either_answer() -> None:
    so_far = [False, True]
    following = set(islice(likely(thin_out, 16, so_far), 2))
    assert following == {asked(thin_out, 16, [*so_far, answer]) for answer in (False, True)}


def test_an_answer_that_ends_the_search_leads_nowhere() -> None:
    assert next(likely(thin_out, 16, [])) == asked(thin_out, 16, [False])


def test_answers_are_expected_to_go_on_as_they_went() -> None:
    failing = [False] * 6
    ahead = list(islice(likely(one_by_one, 20, failing), 3))
    assert ahead == [frozenset({7}), frozenset({8}), frozenset({9})]


def test_at_the_end_nothing_follows() -> None:
    assert list(likely(one_by_one, 3, [False, False])) == []
