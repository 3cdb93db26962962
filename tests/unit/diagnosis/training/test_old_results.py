"""QD812: what was worked out before a step, and is differentiated after it."""

from __future__ import annotations

import pytest

from qdiag.diagnosis.training.old_results import remarks
from tests.worlds.recorded_trainings import Told, leaf, none, some


def said(told: Told) -> list[str]:
    found = list(remarks(told.history()))
    assert {remark.diagnosis.code for remark in found} <= {"QD812"}
    return [remark.diagnosis.because for remark in found]


def kept(*, calls: int = 1, steps: int = 4, moved: bool = True, anew: bool = False, behind: int = 0) -> Told:
    """A training whose calls are made once, or anew in each step."""
    told = Told()
    told.optimiser(leaf(0, "w"), leaf(1, "head"))
    made = tuple(told.calls_qnode(circuit=(behind,)) for _ in range(calls))
    for number in range(steps):
        made = tuple(told.calls_qnode(circuit=(behind,)) for _ in range(calls)) if anew else made
        told.root(0, 1, calls=made, digest=str(number))
        told.step(some(0, moved=moved), some(1), number=number)
    return told


@pytest.mark.parametrize(("calls", "which"), [(1, "call 0 is"), (3, "calls 0 to 2 are")])
def test_results_that_are_kept_while_the_weights_move_are_told(calls: int, which: str) -> None:
    (because,) = said(kept(calls=calls))
    assert because.startswith(f"{which} differentiated again after steps that have moved the weights")


@pytest.mark.parametrize(
    "told",
    [
        kept(anew=True),
        kept(moved=False),  # weights that rest: features of a frozen circuit
        kept(behind=7),  # others than those that the optimiser holds
        kept(steps=2),  # two losses of the same results, each with a step of its own
    ],
)
def test_results_that_are_worked_out_anew_or_belong_to_weights_that_rest_are_not(told: Told) -> None:
    assert said(told) == []


def test_several_passes_before_one_step_are_none_of_old_results() -> None:
    told = Told()
    told.optimiser(leaf(0, "w"))
    for number in range(4):
        call = told.calls_qnode(circuit=(0,))
        told.root(0, calls=(call,))
        told.root(0, calls=(call,))
        told.step(some(0), number=number)
    assert said(told) == []
    told.step(none(0), number=4)
    assert said(told) == []
