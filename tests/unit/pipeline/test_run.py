"""What a run's report has to say besides its findings: what was not recorded, and which steps are too long to tell anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from qdiag.judging.replay.located import Located
from qdiag.model.call import Event, Script
from qdiag.model.comparison import Verdict
from qdiag.model.coverage import Coverage, Gap, Unseen
from qdiag.model.method import Method
from qdiag.model.result import ReplaySummary, Result
from qdiag.pipeline.notes import about_recording, about_steps
from qdiag.pipeline.run_result import verdict_of_run
from qdiag.report.content.method_names import Names
from qdiag.report.content.sentences import answer_of_own, early_answer, first_answer, later_answer, of_result
from tests.worlds import results


class Noted:
    """A trace of notes."""

    probes = ()

    def __init__(self, *texts: str) -> None:
        self.events = tuple(Event("note", 0, text) for text in texts)


def told(*texts: str) -> list[str]:
    return list(about_recording(cast(Any, Noted(*texts))))


def test_what_was_not_recorded_is_told_once_with_how_often() -> None:
    notes = ["a call was not recorded: X", "another", "a call was not recorded: X"]
    assert told(*notes) == ["a call was not recorded: X (2 times)", "another"]


def test_many_different_notes_are_cut_and_counted() -> None:
    assert told(*map(str, range(8)))[-1] == "3 more notes of the recording are in the trace"


def test_where_no_call_could_be_recorded_the_script_is_not_said_to_have_made_none() -> None:
    result = Result(ReplaySummary(), 0, 0, (), Verdict.INCONCLUSIVE, notes=("a call was not recorded: X",))
    assert "No QNode call was recorded" in of_result(result, Script("a.py"), Names(""))
    assert "made no QNode call" in of_result(Result(ReplaySummary(), 0, 0, (), Verdict.INCONCLUSIVE), Script("a.py"), Names(""))


def test_a_difference_quotient_with_a_long_step_tells_little_and_that_is_said() -> None:
    long, short = (Method("default.qubit", "finite-diff", gradient_options=(("h", step),)) for step in (0.3, 1e-7))
    (note,) = about_steps([long, short, Method("default.qubit", "backprop")])
    assert "h = 0.3" in note
    assert "4.8 times" in note


def test_the_first_answer_is_the_verdict_with_its_sentence_in_one_line() -> None:
    case = results.moons()
    line = first_answer(case.result, case.script)
    assert line.startswith("first answer: ROUNDING  backprop and adjoint differ from call 0 on")
    assert "\n" not in line


def test_an_early_answer_says_of_how_many_calls_it_is() -> None:
    case = results.moons()
    line = early_answer(replace(case.result, calls=241, coverage=Coverage(140, 140)), case.script)
    assert line == f"{first_answer(case.result, case.script)} (so far: 140 of 241 calls)"
    assert later_answer(case.result, case.script).startswith("of all calls: ROUNDING  ")
    unprobed = early_answer(replace(case.result, calls=241, coverage=Coverage(140, 140)), case.script, probed=False)
    assert unprobed.endswith("(so far: 140 of 241 calls; probes are still running)")


def test_the_answer_of_the_own_method_alone_names_it_and_what_is_still_to_come() -> None:
    own = Method("default.mixed", "backprop")
    result = replace(results.moons().result, replay=ReplaySummary(methods=(own,)))
    said = "first answer: AGREE  backprop agrees with our own simulation of the circuits. No other method was asked yet."
    assert answer_of_own(result) == said


@pytest.mark.parametrize(
    ("found", "unrecorded", "verdict"),
    [
        (Verdict.AGREE, 0, Verdict.AGREE),
        (Verdict.AGREE, 1, Verdict.INCONCLUSIVE),
        (Verdict.ROUNDING, 1, Verdict.INCONCLUSIVE),
        (Verdict.ERROR, 1, Verdict.ERROR),
    ],
)
def test_where_calls_could_not_be_recorded_nothing_less_than_an_error_is_certain(
    found: Verdict, unrecorded: int, verdict: Verdict
) -> None:
    unseen = (Unseen(Gap.UNRECORDED, "", unrecorded),) * (unrecorded > 0)
    assert verdict_of_run(Located(verdict=found), (), (), Coverage(3, 3, unseen)) is verdict
