"""Twin runs as a section of the report: tables of one width, a plot with its words, and strict JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence
from qdiag.model.twin_training import QUANTITIES, THRESHOLDS, Growth, PartingCause, Training, TrainingVerdict, Turn, TwinRun
from qdiag.report.content.trainings import training_record, trainings

OWN = TwinRun("own", "own", "unchanged", losses=(0.9, 0.5, 0.25))
AGAIN = TwinRun("again", "again", "unchanged, once more", "own", losses=(0.9, 0.5, 0.25), beyond=((None,) * 3,) * 4, largest=(0.0,) * 4)
ADJOINT = TwinRun(
    "adjoint", "method", "diff_method adjoint", "own", (0.9, 0.5, 0.26), ((3, 9, None), (2, 8, 30), (4, None, None), (None,) * 3),
    (1e-3, 0.5, 2e-5, 1e-7), Growth(1.27, 1.25, 1.29, 2, 40), (1, 2, 3), (1e-7, 2e-7, 3e-7), 1.234,
)  # fmt: skip
NUDGED = replace(ADJOINT, name="ulp 1", role="control", growth=None)
JUDGEMENT = TrainingVerdict(Verdict.ROUNDING, PartingCause.AMPLIFIED, Confidence.CONFIRMED, ("One.", "Two."), (), ("train in float64",))
TRAINING = Training(
    "backprop", "adjoint", 60, (OWN, AGAIN, ADJOINT, NUDGED), JUDGEMENT, (Turn(7, "ReLU 1: 2 elements"), Turn(7, "again"))
)


def test_every_table_is_as_wide_as_its_header() -> None:
    section = trainings(TRAINING)
    for table in (section.losses, section.thresholds, section.growth):
        assert table is not None
        assert {len(row) for row in table.rows} == {len(table.header)}


def test_losses_are_listed_run_by_run_and_short_runs_are_filled_up() -> None:
    short = replace(TRAINING, runs=(OWN, replace(ADJOINT, losses=(math.nan, 0.5))))
    table = trainings(short).losses
    assert table.header == ("Run", "1/3", "2/3", "3/3")
    assert table.rows == (("own", "0.900000", "0.500000", "0.250000"), ("adjoint", "nan", "0.500000", "–"))
    assert table.note == "Mean losses of equal parts of 60 steps."


def test_a_run_whose_loss_does_not_fall_is_named() -> None:
    stuck = replace(TRAINING, runs=(OWN, replace(ADJOINT, trains=False), replace(NUDGED, trains=False, losses=())))
    assert trainings(stuck).losses.note.endswith("The loss does not fall: adjoint.")


def test_where_no_loss_was_seen_that_is_said() -> None:
    assert trainings(replace(TRAINING, runs=(replace(OWN, losses=()),))).losses.note == "No loss was seen."


def test_thresholds_are_listed_for_each_pair_and_quantity_but_not_for_the_repeat() -> None:
    table = trainings(TRAINING).thresholds
    assert table is not None
    assert table.header[2 : 2 + len(THRESHOLDS)] == ("> 1e-06", "> 1e-04", "> 1e-02")
    assert [row[:2] for row in table.rows] == [(f"{name} – own", quantity) for name in ("adjoint", "ulp 1") for quantity in QUANTITIES]
    assert table.rows[1][2:] == ("2", "8", "30", "0.50")


def test_growth_is_listed_or_said_to_be_none() -> None:
    table = trainings(TRAINING).growth
    assert table is not None
    assert table.rows[0] == ("adjoint – own", "1.270", "1.250–1.290", "2", "40", "0.0010")
    assert table.rows[1][1:5] == ("–", "", "", "")


def test_a_script_that_was_run_alone_has_neither_pairs_nor_plot() -> None:
    section = trainings(replace(TRAINING, runs=(OWN, AGAIN)))
    assert (section.thresholds, section.growth, section.plot) == (None, None, None)


def test_the_plot_has_methods_as_curves_and_nudges_as_controls() -> None:
    plot = trainings(TRAINING).plot
    assert plot is not None
    assert [curve.method for curve in plot.curves] == ["adjoint – own"]
    assert [curve.method for curve in plot.controls] == ["ulp 1 – own"]
    assert plot.marks == (7,)
    assert "60 steps" in plot.alt
    assert "adjoint – own 3.0e-07" in plot.alt


def test_a_plot_of_controls_alone_says_so() -> None:
    plot = trainings(replace(TRAINING, runs=(OWN, NUDGED))).plot
    assert plot is not None
    assert plot.alt.endswith("controls only.")


def test_what_was_judged_is_passed_on() -> None:
    section = trainings(TRAINING)
    assert (section.sentences, section.advice) == (JUDGEMENT.sentences, JUDGEMENT.advice)
    assert section.turns[0] == "step 7: ReLU 1: 2 elements"


ODD = [
    TRAINING,
    replace(TRAINING, runs=(replace(ADJOINT, losses=(math.nan, math.inf)),)),
    replace(TRAINING, runs=(replace(ADJOINT, largest=(math.inf, math.nan, 0.0, 0.0)),)),
    replace(TRAINING, runs=()),
]


@pytest.mark.parametrize("training", ODD, ids=["usual", "losses", "gaps", "no runs"])
def test_its_record_is_strict_json(training: Training) -> None:
    record = json.loads(json.dumps(training_record(training), allow_nan=False))
    assert (record["own"], record["other"], record["steps"]) == ("backprop", "adjoint", 60)
    assert len(record["runs"]) == len(training.runs)


def test_the_record_of_a_run_has_every_figure() -> None:
    run = training_record(TRAINING)["runs"][2]
    assert run["first_step_beyond"] == {
        "output": [3, 9, None], "gradient": [2, 8, 30], "parameters": [4, None, None], "loss": [None, None, None],
    }  # fmt: skip
    assert run["largest"] == dict(zip(QUANTITIES, (1e-3, 0.5, 2e-5, 1e-7)))
    assert run["growth"] == {"factor": 1.27, "low": 1.25, "high": 1.29, "start": 2, "end": 40}
    assert run["seconds"] == 1.23


@pytest.mark.parametrize(("apart", "digits"), [(0.01, 6), (1e-7, 7), (3e-13, 13), (0.0, 6)])
def test_runs_that_part_look_different(apart: float, digits: int) -> None:
    parted = replace(TRAINING, runs=(OWN, replace(ADJOINT, losses=(0.9, 0.5 + apart, 0.25))))
    first, second = trainings(parted).losses.rows
    assert (first[1:] != second[1:]) is bool(apart)
    assert len(first[1].partition(".")[2]) == digits
