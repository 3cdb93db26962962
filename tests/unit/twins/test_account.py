"""From runs to what is reported: every run once, with its losses, thresholds, growth and curve."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.model.twin_training import QUANTITIES, THRESHOLDS
from qdiag.trace.twin_steps import Steps
from qdiag.twins import account as account_module
from qdiag.twins.account import PARTS, account
from qdiag.twins.runs import Pair, Twins
from qdiag.twins.series import part
from tests.worlds.trainings import OWN, STEPS, growing, run, twins


def test_the_account_lists_every_run_with_its_losses_and_thresholds() -> None:
    made = account(twins(growing(1e-7, 1.27, 9), [growing(3e-8, 1.27)], healed=np.zeros(STEPS)))
    assert [one.name for one in made.runs] == ["own", "own", "adjoint", "ulp 1", "QNode f64"]
    adjoint = made.runs[2]
    assert len(adjoint.losses) == 6
    assert adjoint.growth is not None
    assert adjoint.beyond[0][0] is not None
    assert made.runs[4].reach == 0


def test_it_names_the_method_of_the_script_and_the_one_beside_it() -> None:
    made = account(twins(np.zeros(STEPS), []))
    assert (made.own, made.other, made.steps) == ("backprop", "adjoint", STEPS)


def test_where_no_other_method_ran_there_is_none() -> None:
    alone = twins(np.zeros(STEPS), [])
    alone.methods = []
    made = account(alone)
    assert (made.other, made.turns) == ("", ())


def test_thresholds_are_listed_for_each_quantity() -> None:
    gap = np.zeros(STEPS)
    gap[10:], gap[20:], gap[30:] = 1e-5, 1e-3, 1e-1
    adjoint = account(twins(gap, [])).runs[2]
    assert adjoint.beyond == tuple((10, 20, 30) for _ in QUANTITIES)
    assert len(adjoint.beyond[0]) == len(THRESHOLDS)
    assert adjoint.largest == pytest.approx([0.1] * len(QUANTITIES))


def test_losses_are_means_of_equal_parts_of_the_training() -> None:
    own = account(twins(np.zeros(STEPS), [])).runs[0]
    assert len(own.losses) == PARTS
    assert np.mean(own.losses) == pytest.approx(np.linspace(1.0, 0.2, STEPS).mean())
    assert list(own.losses) == sorted(own.losses, reverse=True)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_short_training_has_fewer_parts(steps: int) -> None:
    short = run("own", "own", np.zeros(steps))
    assert len(account(Twins(short, short, part(short.series, short.series))).runs[0].losses) == steps


def test_a_curve_has_no_more_points_than_a_plot_shows_and_no_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_module, "MOST_POINTS", 20)
    gap = np.full(1000, 1e-3)
    gap[::7] = 0
    made = twins(np.zeros(STEPS), [])
    own, other = run("own", "own", np.zeros(len(gap))), run("adjoint", "method", gap)
    made.methods = [Pair(other, own, part(own.series, other.series))]
    adjoint = next(one for one in account(made).runs if one.name == "adjoint")
    assert 20 <= len(adjoint.steps) <= 40
    assert len(adjoint.steps) == len(adjoint.gaps)
    assert min(adjoint.gaps) > 0
    assert list(adjoint.steps) == sorted(set(adjoint.steps))


def test_runs_that_failed_are_listed_and_noted() -> None:
    made = twins(np.zeros(STEPS), [])
    made.failed = [run("parameter-shift", "method", np.zeros(1), failure="ValueError: no rule")]
    told = account(made)
    assert [one.failure for one in told.runs if one.name == "parameter-shift"] == ["ValueError: no rule"]
    assert "parameter-shift fails: ValueError: no rule" in told.notes


def test_what_a_run_could_not_change_is_noted() -> None:
    made = twins(np.zeros(STEPS), [])
    odd = run("ulp 1", "control", np.zeros(STEPS), steps=Steps(notes=("IndexError: no such parameter",)))
    made.controls = [Pair(odd, OWN, part(OWN.series, odd.series))]
    made.notes = ["no weight could be nudged"]
    assert account(made).notes == ("no weight could be nudged", "ulp 1: IndexError: no such parameter")


def test_the_other_side_of_a_pair_is_listed_once_and_compared_with_the_scripts_own() -> None:
    made = twins(np.zeros(STEPS), [])
    wide = run("f64", "float64", np.full(STEPS, 0.5))
    others = [run(name, "float64", np.full(STEPS, 0.5)) for name in ("adjoint f64", "finite-diff f64")]
    made.float64 = [Pair(wide, OWN, part(OWN.series, wide.series))]
    made.float64 += [Pair(other, wide, part(wide.series, other.series)) for other in others]
    listed = [(one.name, one.against) for one in account(made).runs]
    assert listed.count(("f64", "own")) == 1
    assert ("adjoint f64", "f64") in listed


def test_the_other_side_of_a_pair_that_is_in_no_pair_itself_is_listed_too() -> None:
    made = twins(np.zeros(STEPS), [])
    slow = run("lr / 10", "mechanism", np.full(STEPS, 0.5))
    other = run("adjoint lr / 10", "mechanism", np.full(STEPS, 0.5))
    made.mechanism = [Pair(other, slow, part(slow.series, other.series))]
    listed = {one.name: one.against for one in account(made).runs}
    assert listed["lr / 10"] == "own"
    assert listed["adjoint lr / 10"] == "lr / 10"


def test_whether_each_run_trains_is_said() -> None:
    made = twins(np.zeros(STEPS), [])
    assert all(one.trains for one in account(made).runs)
