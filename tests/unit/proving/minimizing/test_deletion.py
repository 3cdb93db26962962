"""Which items may go: found in few questions where few matter, and proven one by one."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable

import pytest

from qdiag.proving.minimizing.deletion import Items, Strategy, one_by_one, thin_out, try_all


def searched(strategy: Strategy, count: int, interesting: Callable[[Items], bool]) -> tuple[Items, int]:
    """What a strategy returns, and how many distinct questions it asked, the start among them."""
    plan = strategy(count)
    known: dict[frozenset[int], bool] = {frozenset(): True}
    try:
        question = next(plan)
        while True:
            known.setdefault(question, interesting(question))
            question = plan.send(known[question])
    except StopIteration as end:
        return end.value, len(known)


def needs(*needed: int) -> Callable[[Items], bool]:
    return lambda gone: not gone & set(needed)


@pytest.mark.parametrize("strategy", [thin_out, try_all, one_by_one])
@pytest.mark.parametrize("needed", [(), (0,), (9,), (3, 4), (0, 5, 9), tuple(range(10))])
def test_exactly_the_needed_items_stay(strategy: Strategy, needed: tuple[int, ...]) -> None:
    gone, _ = searched(strategy, 10, needs(*needed))
    assert gone == frozenset(range(10)) - set(needed)


@pytest.mark.parametrize("strategy", [thin_out, try_all, one_by_one])
def test_no_items_need_no_question(strategy: Strategy) -> None:
    assert searched(strategy, 0, needs()) == (frozenset(), 1)


@pytest.mark.parametrize(("count", "relevant", "most"), [(30, 5, 30), (100, 1, 12), (100, 5, 39), (100, 10, 66), (1000, 5, 57)])
def test_few_questions_where_few_items_matter(count: int, relevant: int, most: int) -> None:
    draws = [random.Random(seed).sample(range(count), relevant) for seed in range(60)]
    assert statistics.median(searched(thin_out, count, needs(*draw))[1] for draw in draws) <= most


def test_what_remains_is_one_minimal_also_where_the_question_is_not_monotone() -> None:
    def interesting(gone: Items) -> bool:
        # 2 may go only after 7 has gone, which only the sweep finds out; the others may not go at all
        return gone <= {2, 7} and (2 not in gone or 7 in gone)

    gone, _ = searched(thin_out, 9, interesting)
    assert gone == {2, 7}


def test_all_together_is_tried_first() -> None:
    assert next(thin_out(5)) == next(try_all(5)) == frozenset(range(5))
    assert searched(try_all, 50, needs())[1] == 2


@pytest.mark.parametrize(("count", "most"), [(30, 9), (100, 10), (1000, 14)])
def test_where_one_item_matters_it_costs_no_more_than_to_halve_until_it_is_found(count: int, most: int) -> None:
    assert statistics.median(searched(thin_out, count, needs(item))[1] for item in range(0, count, 7)) - 1 <= most


def test_of_items_of_which_any_will_do_the_first_stays() -> None:
    gone, _ = searched(thin_out, 12, lambda gone: len(gone) < 12)
    assert gone == set(range(1, 12))


@pytest.mark.parametrize(("count", "relevant", "most"), [(309, 3, 13), (309, 5, 20), (1000, 5, 24)])
def test_what_is_asked_is_small_since_most_is_gone_early(count: int, relevant: int, most: int) -> None:
    """The items of all candidates together, in units of the start: what evaluating them costs."""

    def asked(seed: int) -> float:
        needed: set[int] = set(random.Random(seed).sample(range(count), relevant))
        sizes: dict[Items, int] = {}

        def interesting(gone: Items) -> bool:
            sizes[gone] = count - len(gone)
            return not gone & needed

        searched(thin_out, count, interesting)
        return sum(sizes.values()) / count

    assert statistics.mean(map(asked, range(60))) <= most
