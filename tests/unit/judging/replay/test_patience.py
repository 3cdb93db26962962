"""How much time dear and slow methods get: what the script's own evaluations take, between a least and a most."""

from __future__ import annotations

import numpy as np

from qdiag.judging.replay.call_result import CallResult, Share, Side, usual_seconds
from qdiag.judging.replay.patience import LEAST, MOST, OF_QUICK, SHARE, SLOW, SLOW_OWN, Patience
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.result import Unfaithful
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT

AGREES = Comparison((BACKPROP, ADJOINT), Verdict.AGREE, Signature.OUTPUT)
HERE, THERE = "one structure", "another"


def after(*calls: dict[Method, float], every: int | None = None, formed: bool = False) -> Patience:
    """The patience of a replay after calls of one structure that took so long under each method."""
    known = Patience(every)
    for index, took in enumerate(calls):
        jacobian = ((np.zeros((8, 1)),),) if formed else None
        given = {m: Evaluation(m, (np.zeros(8),), jacobian=jacobian, seconds=seconds) for m, seconds in took.items()}
        others = [method for method in took if method != BACKPROP]
        sides = tuple(Side(m, given[m], AGREES, usual_seconds(given[m])) for m in others)
        known.learn(HERE, CallResult(index, "", given[BACKPROP], (), sides))
    return known


def test_where_the_script_is_quick_dear_methods_have_the_least() -> None:
    known = after({BACKPROP: 0.0, SHIFT: LEAST / 4})
    assert known.has_time_for_dear(HERE, 10, 0)
    assert not known.has_time_for_dear(HERE, 10, 3)


def test_they_have_a_share_of_what_the_scripts_own_evaluations_take() -> None:
    known = after({BACKPROP: 0.5 / SHARE, SHIFT: 1.0})
    assert known.has_time_for_dear(HERE, 12, 4)
    assert not known.has_time_for_dear(HERE, 12, 5)


def test_what_a_slow_method_takes_is_what_it_took_last() -> None:
    known = after({BACKPROP: 0.0, ADJOINT: 0.6}, {BACKPROP: 0.0, ADJOINT: LEAST})
    assert [known.has_time_for(HERE, ADJOINT, 10) for _ in range(2)] == [True, False]


def test_and_never_more_than_the_most() -> None:
    known = after({BACKPROP: 100.0, SHIFT: MOST / 2})
    assert known.has_time_for_dear(HERE, 50, 0)
    assert not known.has_time_for_dear(HERE, 50, 1)


def test_the_first_call_of_a_structure_tells_little_of_the_others() -> None:
    known = after({BACKPROP: 0.0, SHIFT: LEAST - 0.5}, {BACKPROP: 0.0, SHIFT: 0.1})
    assert known.has_time_for_dear(HERE, 50, 3)


def test_the_first_call_of_a_structure_is_reckoned_by_those_of_others() -> None:
    known = after({BACKPROP: 0.0, SHIFT: LEAST * 2 / 3})
    assert not known.has_time_for_dear(THERE, 50, 0)
    assert after({BACKPROP: 0.0, SHIFT: LEAST / 4}).has_time_for_dear(THERE, 50, 0)


def test_slow_methods_have_time_of_their_own_which_is_set_aside() -> None:
    known = after({BACKPROP: 0.0, ADJOINT: LEAST / 2, SHIFT: LEAST})
    assert known.is_slow(HERE, ADJOINT)
    assert not known.is_slow(THERE, ADJOINT)
    assert [known.has_time_for(HERE, ADJOINT, 10) for _ in range(3)] == [True, True, False]
    assert known.has_time_for(THERE, ADJOINT, 10)


def test_a_method_is_not_slow_for_what_a_jacobian_took() -> None:
    took = {BACKPROP: 0.0, ADJOINT: 4 * SLOW}
    assert after(took).knows_slow_methods
    assert not after(took, formed=True).knows_slow_methods


def test_what_a_gradient_takes_is_what_the_quickest_took() -> None:
    known = after({BACKPROP: 2.0}, {BACKPROP: 0.25}, {BACKPROP: 0.5})
    assert (known.gradient_of_own(HERE, BACKPROP), known.gradient_of_own(THERE, BACKPROP)) == (0.25, 0.0)
    assert after({BACKPROP: 2.0}, every=1).gradient_of_own(HERE, BACKPROP) == 0.0


def test_who_says_at_which_calls_methods_are_asked_waits_for_them() -> None:
    known = after({BACKPROP: 0.0, ADJOINT: 100.0, SHIFT: 100.0}, every=1)
    assert known.has_time_for_dear(HERE, 10, 8)
    assert all(known.has_time_for(HERE, ADJOINT, 10) for _ in range(9))


# --- the script's own method ------------------------------------------------------------------------------------------------


def test_the_own_method_has_time_for_wholes_and_as_much_for_parts() -> None:
    known = after({BACKPROP: MOST})
    assert known.is_slow(HERE, BACKPROP)
    assert [known.has_time_for_own(HERE, BACKPROP, Share.WHOLE) for _ in range(2)] == [True, False]
    assert known.has_time_for_own(HERE, BACKPROP, Share.PART)
    part = CallResult(1, "", Evaluation(BACKPROP, (np.zeros(8),), seconds=MOST / 2), (), share=Share.PART)
    known.learn(HERE, part)
    assert [known.has_time_for_own(HERE, BACKPROP, Share.PART) for _ in range(3)] == [True, True, False]


def test_what_takes_long_at_its_first_call_alone_is_not_slow() -> None:
    known = after({BACKPROP: 10 * SLOW_OWN}, {BACKPROP: SLOW_OWN / 2})
    assert not known.is_slow(HERE, BACKPROP)
    assert all(known.has_time_for_own(HERE, BACKPROP, Share.WHOLE) for _ in range(100))


def test_a_replay_that_is_not_what_the_script_saw_makes_no_method_slow() -> None:
    known = Patience(None)
    own = Evaluation(BACKPROP, (np.zeros(8),), seconds=1.0)
    known.learn(HERE, CallResult(0, "", own, (), unfaithful=Unfaithful(0, "off by 1", explained=False)))
    assert not known.is_slow(HERE, BACKPROP)


def test_quick_methods_are_asked_at_calls_that_take_no_longer_than_the_script_or_half_a_minute() -> None:
    known = after({BACKPROP: 0.0625, ADJOINT: 0.25})
    assert sum(known.has_time_for(HERE, ADJOINT, 20) for _ in range(200)) == OF_QUICK / 0.25
    assert sum(known.has_time_for(HERE, ADJOINT, 2000) for _ in range(2000)) == (2000 * 0.0625 - OF_QUICK) / 0.25
    assert known.is_short_of_time(2000)
    assert not known.is_short_of_time(20)


def test_what_is_not_known_yet_or_takes_nothing_is_asked() -> None:
    known = after({BACKPROP: 0.0, ADJOINT: OF_QUICK / 100 - 1e-9})
    assert sum(known.has_time_for(HERE, ADJOINT, 200) for _ in range(200)) == 100
    assert known.has_time_for(THERE, ADJOINT, 100)
    assert known.has_time_for(HERE, SHIFT, 100)


def test_who_says_at_which_calls_waits_for_quick_ones_too() -> None:
    known = after({BACKPROP: 0.0, ADJOINT: 0.4}, every=1)
    assert all(known.has_time_for(HERE, ADJOINT, 1000) for _ in range(1000))
    assert not known.is_short_of_time(1000)
