"""What becomes of a finding of twin runs: a short loop that parts as well, or the reason why there is none."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Optional

import pytest

from qdiag.diagnosis.causes import cause_of
from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Environment, Script
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.findings import Confidence, Divergence, Finding, ReplaySummary, Reproducer, Result
from qdiag.model.method import Method
from qdiag.model.twin_training import PartingCause, Training, TrainingVerdict
from qdiag.pipeline import twin_runs
from qdiag.pipeline.run_options import JudgedRun, Silence
from qdiag.trace.run_folder import RunFolder
from tests.unit.proving.reproducer.test_loop import TRAINED
from tests.worlds.methods import ADJOINT, BACKPROP

SHOWS, SHOWS_NOT = Reproducer("import sys\nsys.exit(1)\n"), Reproducer("import sys\nsys.exit(0)\n")
SHOWS_TOO = Reproducer("raise SystemExit(1)\n")
TRAINING = Training("backprop", "adjoint", 10, (), TrainingVerdict(Verdict.ROUNDING, PartingCause.AMPLIFIED, Confidence.CONFIRMED, ()))


class Here:
    """Workers that work here."""

    def __init__(self, count: int, forked: bool) -> None:
        pass

    def __enter__(self) -> Here:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        pass

    def call(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except OpaqueCircuitError as error:
            future.set_exception(error)
        return future


def outcome(folder: Path, code: str) -> JudgedRun:
    comparison = Comparison((BACKPROP, ADJOINT), Verdict.ROUNDING, Signature.OUTPUT, max_abs=1e-7, bound=1e-6)
    diagnosis = cause_of(code).diagnosis(Confidence.CONFIRMED, "")
    finding = Finding(Divergence(TRAINED, comparison), diagnosis, unreproduced="as before")
    result = Result(ReplaySummary(), 10, 10, (), Verdict.ROUNDING, (finding,))
    return JudgedRun(result, RunFolder(folder), Script("train.py"), Environment(), training=TRAINING)


def looked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, loops: Callable[..., tuple[Reproducer, ...]], code: str = "QD701"
) -> Finding:
    monkeypatch.setattr(twin_runs, "Workers", Here)
    monkeypatch.setattr(twin_runs, "loops", loops)
    return twin_runs._with_loop(outcome(folder, code), TRAINING, Silence()).result.findings[0]


def test_the_first_loop_that_parts_is_the_reproducer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def loops(call: object, methods: tuple[Method, Method], environment: object) -> tuple[Reproducer, ...]:
        asked.append(methods)
        return SHOWS_NOT, SHOWS, SHOWS_TOO

    found = looked_for(tmp_path, monkeypatch, loops)
    own = TRAINED.method
    assert asked == [(own, replace(own, diff_method="adjoint"))]
    assert found.reproducer is not None
    assert found.reproducer.verified
    assert not found.unreproduced
    assert (tmp_path / "repro.py").read_text() == SHOWS.source


def test_where_no_loop_parts_the_report_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = looked_for(tmp_path, monkeypatch, lambda *arguments: (SHOWS_NOT,))
    assert found.reproducer is None
    assert "loops made of the first circuit alone do not part" in found.unreproduced
    assert not list(tmp_path.iterdir())


def test_where_no_loop_can_be_written_the_report_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loops(*arguments: object) -> tuple[Reproducer, ...]:
        raise OpaqueCircuitError("the circuit is opaque", "look elsewhere")

    found = looked_for(tmp_path, monkeypatch, loops)
    assert found.reproducer is None
    assert found.unreproduced.endswith("; the circuit is opaque")


def test_ctrl_c_ends_the_search_and_the_judgement_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loops(*arguments: object) -> tuple[Reproducer, ...]:
        raise KeyboardInterrupt

    monkeypatch.setattr(twin_runs, "Workers", Here)
    monkeypatch.setattr(twin_runs, "loops", loops)
    found = twin_runs._with_loop(outcome(tmp_path, "QD701"), TRAINING, Silence())
    assert found.interrupted
    assert "Ctrl-C" in found.result.findings[0].unreproduced
    assert not list(tmp_path.iterdir())


def test_a_script_that_is_not_seeded_gets_no_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loops(*arguments: object) -> tuple[Reproducer, ...]:
        raise AssertionError("asked for a loop")

    assert looked_for(tmp_path, monkeypatch, loops, code="QD702").unreproduced == "as before"


# --- a judgement of the runs as a finding ----------------------------------------------------------------------------------------


def as_a_finding(verdict: Verdict, parting: PartingCause, advice: tuple[str, ...] = ()) -> Finding:
    judgement = TrainingVerdict(verdict, parting, Confidence.CONFIRMED, ("They part.", "Nothing is wrong."), advice=advice)
    return twin_runs._finding(judgement, parting, TRAINED, None)


@pytest.mark.parametrize(
    ("parting", "code", "fileable", "of_training"),
    [
        (PartingCause.AMPLIFIED, "QD701", False, True),
        (PartingCause.NOT_SEEDED, "QD702", False, True),
        (PartingCause.OTHER_DATA, "QD703", False, True),
        (PartingCause.NONDETERMINISTIC, "QD602", True, False),
        (PartingCause.UNKNOWN, "QD901", True, False),
    ],
)
def test_what_the_runs_tell_names_a_cause(parting: PartingCause, code: str, fileable: bool, of_training: bool) -> None:
    diagnosis = as_a_finding(Verdict.ROUNDING, parting).diagnosis
    assert (diagnosis.code, diagnosis.fileable, diagnosis.of_training) == (code, fileable, of_training)
    assert (diagnosis.confidence, diagnosis.because) == (Confidence.CONFIRMED, "They part. Nothing is wrong.")


def test_what_the_runs_have_measured_is_the_advice_and_not_what_the_cause_says_in_general() -> None:
    assert as_a_finding(Verdict.ROUNDING, PartingCause.AMPLIFIED, ("train in float64", "average")).diagnosis.remedy == (
        "train in float64; average"
    )
    assert as_a_finding(Verdict.ROUNDING, PartingCause.AMPLIFIED).diagnosis.remedy == ""
