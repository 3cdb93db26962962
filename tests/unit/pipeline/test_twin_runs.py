"""What becomes of a finding of twin runs: a short loop that parts as well, or the reason why there is none."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Optional

import pytest

from qdiag.diagnosis.causes import cause_of
from qdiag.errors import OpaqueCircuitError, OutputError, UsageError
from qdiag.model.call import Environment, Script
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.findings import Confidence, Divergence, Finding, Reproducer
from qdiag.model.method import Method
from qdiag.model.result import ReplaySummary, Result
from qdiag.model.twin_training import PartingCause, Training, TrainingVerdict
from qdiag.pipeline import twin_runs
from qdiag.pipeline.run_options import JudgedRun, Silence
from qdiag.trace import writer
from qdiag.trace.run_folder import RunFolder
from qdiag.twins.runs import Wish
from tests.unit.proving.reproducer.test_loop import TRAINED
from tests.worlds.methods import ADJOINT, BACKPROP
from tests.worlds.results import CASES

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


@pytest.mark.parametrize(
    ("before", "remarked", "after"),
    [
        (Verdict.AGREE, Verdict.REMARK, Verdict.REMARK),
        (Verdict.ROUNDING, Verdict.REMARK, Verdict.REMARK),
        (Verdict.ROUNDING, Verdict.ERROR, Verdict.ERROR),
        (Verdict.INCONCLUSIVE, Verdict.REMARK, Verdict.REMARK),
        (Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.ERROR),
        (Verdict.ERROR, Verdict.REMARK, Verdict.ERROR),
        (Verdict.ROUNDING, None, Verdict.ROUNDING),
    ],
)
def test_what_is_amiss_around_the_qnodes_stands_before_rounding(
    tmp_path: Path, before: Verdict, remarked: Optional[Verdict], after: Verdict
) -> None:
    made = outcome(tmp_path, "QD701")
    made = replace(made, result=replace(made.result, verdict=before))
    remarks = [replace(remark, verdict=remarked) for remark in CASES["remarked"]().result.remarks] if remarked else []
    result = twin_runs._with_remarks(made, remarks).result
    assert (result.verdict, list(result.remarks)) == (after, remarks)
    assert result.undecided is (before is Verdict.INCONCLUSIVE and after is Verdict.REMARK)


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


# --- before the runs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("twin", "words"),
    [
        (twin_runs.Twin("train.py"), ("up to 12 runs of train.py", "each as long as the script takes", "--scratch")),
        (twin_runs.Twin("train.py", scratch=True), ("each in a copy of the script's folder",)),
        (twin_runs.Twin("train.py", wish=Wish(controls=1, mechanism=True)), ("up to 18 runs",)),
    ],
)
def test_what_is_going_to_happen_is_said_before(twin: twin_runs.Twin, words: tuple[str, ...]) -> None:
    said = twin_runs.announcement(twin)
    assert all(part in said for part in words)


def earlier(folder: Path, script: Script) -> Path:
    writer.create(folder / "trace.qdiag", script)
    return folder / "trace.qdiag"


def test_with_an_earlier_run_there_is_one_less_and_its_time_is_known(tmp_path: Path) -> None:
    trace = earlier(tmp_path, Script("train.py"))
    said = twin_runs.announcement(twin_runs.Twin("train.py", earlier=trace))
    assert "up to 11 runs" in said
    assert "about 11 s in all" in said


def test_an_earlier_run_that_cannot_be_read_leaves_the_time_open(tmp_path: Path) -> None:
    (tmp_path / "trace.qdiag").write_text("junk")
    assert "each as long" in twin_runs.announcement(twin_runs.Twin("train.py", earlier=tmp_path / "trace.qdiag"))


@pytest.mark.parametrize(
    ("before", "fits"),
    [
        (Script("train.py", ("1",)), True),
        (Script("sub/train.py", ("1",)), True),
        (Script("train.py", ("2",)), False),
        (Script("other.py", ("1",)), False),
        (Script("train.py", ("1",), module=True), False),
    ],
)
def test_an_earlier_run_counts_only_if_it_is_of_the_very_same_command(tmp_path: Path, before: Script, fits: bool) -> None:
    trace = earlier(tmp_path, before)
    twin = twin_runs.Twin("train.py", ("1",))
    if fits:
        twin_runs._check_earlier(twin, trace)
        return
    with pytest.raises(UsageError, match="the earlier run is one of") as caught:
        twin_runs._check_earlier(twin, trace)
    assert "same arguments" in caught.value.cure


class TestCopiesOfTheScriptsFolder:
    def test_leave_out_what_other_runs_left_and_the_run_that_is_made(self, tmp_path: Path) -> None:
        folder = tmp_path / "work"
        for name in (
            "train.py",
            "data/points.csv",
            "qdiag-runs/train-1/trace.qdiag",
            "__pycache__/x.pyc",
            ".git/HEAD",
            "out/trace.qdiag",
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        copied = twin_runs._copy_folder(folder, tmp_path / "copy", folder / "out")
        assert sorted(str(path.relative_to(copied)) for path in copied.rglob("*") if path.is_file()) == ["data/points.csv", "train.py"]

    def test_are_refused_where_they_would_be_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(twin_runs, "SCRATCH_BYTES", 10)
        (tmp_path / "train.py").write_text("x" * 6)
        twin = twin_runs.Twin(str(tmp_path / "train.py"), scratch=True)
        assert twin_runs._scratch_size(twin) == tmp_path.resolve()
        (tmp_path / "qdiag-runs").mkdir()
        (tmp_path / "qdiag-runs" / "trace.qdiag").write_text("x" * 100)
        assert twin_runs._scratch_size(twin) == tmp_path.resolve()
        (tmp_path / "data.csv").write_text("x" * 6)
        with pytest.raises(OutputError, match="too much to copy") as caught:
            twin_runs._scratch_size(twin)
        assert "--scratch" in caught.value.cure
