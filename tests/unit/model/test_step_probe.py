"""What the losses of copies say that went on with one thing moved: nothing, unless the one in which nothing was moved is repeatable."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Optional

import pytest

from qdiag.model.call import SourceLine
from qdiag.model.step_probe import LARGE, OWN_BACKWARD, SMALL, Answer, Moved, Outcome, Spot, StepProbe

MOVES = (SMALL, -SMALL, LARGE, -LARGE)


def probed(loss: Callable[[float], float], own: Optional[float] = None, **changes: object) -> StepProbe:
    """A probe of an output that is 0.3."""
    outcomes = (Outcome(loss=loss(0.3)), *(Outcome(by, loss=loss(0.3 + by)) for by in MOVES))
    return replace(StepProbe(3, 1, Moved.OUTPUTS, "circuit", outcomes=outcomes, own=loss(0.3) if own is None else own), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("loss", "answer"),
    [
        (lambda x: (x - 1) ** 2, Answer.SMOOTH),
        (lambda x: 1e6 + x, Answer.SMOOTH),
        (lambda x: (x - 0.3) ** 2, Answer.STATIONARY),
        (lambda x: 1.0 + 1e-17 * x, Answer.INDEPENDENT),
        (lambda x: math.nan if x > 1 or x < 0 else 2.0, Answer.VOID),
        (lambda x: 2.0, Answer.INDEPENDENT),
        (lambda x: (math.copysign(1, x) + 1) ** 2, Answer.FLAT),
        (lambda x: round(x) ** 2 + 1.0, Answer.LOWEST),
        (lambda x: max(0.0, 0.1 - x), Answer.LOWEST),
        (lambda x: 1 / (1 + math.exp(-400 * x)), Answer.FLAT),
    ],
)
def test_what_the_losses_say(loss: Callable[[float], float], answer: Answer) -> None:
    assert probed(loss).answer is answer


@pytest.mark.parametrize(
    ("up", "down", "answer"),
    [
        (17.0, -15.0, Answer.SMOOTH),
        (15.0, -17.0, Answer.SMOOTH),
        (17.0, -3.0, Answer.STATIONARY),
        (17.0, 15.0, Answer.STATIONARY),
        (15.0, -15.0, Answer.INDEPENDENT),
    ],
)
def test_a_shallow_slope_is_told_from_a_kink_by_both_sides_together(up: float, down: float, answer: Answer) -> None:
    """Changes in roundings of the loss, of which 16 explain nothing by themselves."""
    eps = 2.0**-23
    changes = {0.0: 0.0, SMALL: up, -SMALL: down, LARGE: 0.0, -LARGE: 0.0}
    outcomes = tuple(Outcome(by, loss=2.0 + 2.0 * eps * change) for by, change in changes.items())
    assert StepProbe(3, 1, Moved.PARAMETER, "w", outcomes=outcomes, eps=eps, own=2.0).answer is answer


def test_the_slope_is_a_difference_in_parts_of_the_size() -> None:
    assert probed(lambda x: x**2).slope == pytest.approx(0.6, abs=1e-9)
    assert probed(lambda x: x**2, size=2.0).slope == pytest.approx(0.3, abs=1e-9)


def test_a_control_that_is_not_the_scripts_own_loss_makes_it_void() -> None:
    assert probed(lambda x: x).void == ""
    found = probed(lambda x: x, own=0.3 + 1e-16)
    assert "not repeatable" in found.void
    assert (found.answer, found.slope) == (Answer.VOID, None)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (StepProbe(3, 1, Moved.OUTPUTS, "circuit"), "no copy came to a loss"),
        (StepProbe(3, 1, Moved.OUTPUTS, "circuit", outcomes=(Outcome(note="it writes a file"),)), "it writes a file"),
        (StepProbe(3, 1, Moved.OUTPUTS, "circuit", outcomes=(Outcome(loss=1.0),)), "the script did not come to a loss"),
        (StepProbe(3, 1, Moved.OUTPUTS, "circuit", outcomes=(Outcome(loss=1.0),), own=1.0), "the copies did not come to an end"),
        (probed(lambda x: x, note="said"), "said"),
    ],
)
def test_why_a_probe_says_nothing(found: StepProbe, why: str) -> None:
    assert found.void == why
    assert found.answer is Answer.VOID


def test_one_small_move_alone_says_nothing() -> None:
    whole = probed(lambda x: x)
    assert replace(whole, outcomes=whole.outcomes[:2]).answer is Answer.VOID
    assert replace(whole, outcomes=whole.outcomes[:3]).answer is Answer.SMOOTH
    flat = probed(lambda x: 1.0)
    assert replace(flat, outcomes=flat.outcomes[:3]).answer is Answer.VOID


@pytest.mark.parametrize(
    ("loss", "given", "missing"),
    [
        (lambda x: 2 * x, 2.0, None),
        (lambda x: 2 * x, 1.0, 1.0),
        (lambda x: 2 * x, 1.98, None),
        (lambda x: 2 * x, -2.0, 4.0),
        (lambda x: 1.0, 0.5, -0.5),
        (lambda x: 2 * x + 4e5 * (x - 0.3) ** 3, 1.0, None),
        (lambda x: 2 * max(x, 0.2999), 1.0, None),
        (lambda x: x + 2 * max(x, 0.3), 1.0, None),
        (lambda x: x + 2 * max(x, 0.3), -4.0, 6.0),
        (lambda x: 2 * x + 40 * (x - 0.3) ** 2, 1.0, 1.0),
        (lambda x: 1e12 + 1e-3 * x, 1.0, None),
        (lambda x: 2 * x, None, None),
    ],
)
def test_what_a_gradient_lacks_of_a_slope_is_told_where_nothing_else_explains_it(
    loss: Callable[[float], float], given: Optional[float], missing: Optional[float]
) -> None:
    half = tuple(Outcome(by / 2, loss=loss(0.3 + by / 2)) for by in MOVES[:2])
    whole = probed(loss, given=given)
    found = replace(whole, outcomes=(*whole.outcomes, *half)).missing
    assert found == (None if missing is None else pytest.approx(missing, rel=1e-6))
    assert whole.missing is None


def test_of_what_leaves_the_graph_the_loss_feels_what_changes_it_when_moved() -> None:
    spots = tuple(Spot(name, SourceLine("train.py", 3), True) for name in ("tolist", "tensor", "numpy", OWN_BACKWARD + "F"))
    looked = Outcome(loss=1.0, reached=True, spots=spots)
    stirred = (Outcome(loss=1.0, stirred=1), Outcome(loss=1.5, stirred=2), Outcome(note="it raised", stirred=3))
    found = StepProbe(3, 1, Moved.HELD, "Adam", outcomes=(looked, *stirred), own=1.0)
    assert found.felt == (spots[1], spots[3])
    assert found.control == 1.0
    assert replace(found, outcomes=()).felt == ()


def test_what_the_graph_says_is_of_the_copy_that_looked() -> None:
    spot = Spot("sign", SourceLine("train.py", 3), True)
    found = probed(lambda x: x)
    assert (found.reached, found.spots) == (None, ())
    found = replace(found, outcomes=(*found.outcomes, Outcome(loss=0.3, reached=False, spots=(spot,))))
    assert (found.reached, found.spots) == (False, (spot,))
