"""What a run's report says to type next: what helps with what was found, on the script as it was run."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Optional

import pytest

from qdiag.errors import OutputError, TraceError
from qdiag.model.call import Failure, Script
from qdiag.model.comparison import Verdict
from qdiag.model.probe import Probe
from qdiag.model.promise import Promise
from qdiag.model.twin_training import Training
from qdiag.pipeline import reports
from qdiag.pipeline.reports import _next, judged_outline, report
from qdiag.pipeline.run_options import JudgedRun
from qdiag.trace.run_folder import RunFolder
from tests.worlds import results

SCRIPT = Script("train.py", ("--name", "two words"))


def run(case: str, script: Script = SCRIPT, training: Optional[Training] = None, *, outside: bool = False) -> JudgedRun:
    result = results.CASES[case]().result
    if outside:
        findings = tuple(replace(f, divergence=replace(f.divergence, probe=Probe(0))) for f in result.findings)
        result = replace(result, findings=findings)
    return JudgedRun(result, RunFolder(Path("run")), script, results.ENVIRONMENT, training=training)


def typed(judged: JudgedRun) -> str:
    step = _next(judged)
    return "" if step is None else step.shell_line


def test_an_error_of_a_circuit_is_reported() -> None:
    assert typed(run("shifted")) == "qdiag report --github"


@pytest.mark.parametrize(("issue", "words"), [(5943, "the text for a comment on the known issue"), (0, "the text for an issue")])
def test_one_that_is_filed_already_is_commented_on(monkeypatch: pytest.MonkeyPatch, issue: int, words: str) -> None:
    monkeypatch.setattr(reports, "matching", lambda finding, environment: (SimpleNamespace(issue=issue),))
    step = _next(run("shifted"))
    assert step is not None
    assert step.reason == words


def test_what_lies_outside_of_circuits_is_traced_again_once_the_script_is_changed() -> None:
    assert typed(run("shifted", outside=True)) == "qdiag trace train.py -- --name 'two words'"
    assert typed(run("shifted", replace(SCRIPT, module=True, path="pkg.train", argv=()), outside=True)) == "qdiag trace -m pkg.train"


def test_so_is_what_pennylane_says_that_it_does_not_support() -> None:
    judged = run("shifted")
    refused = tuple(replace(found, promise=Promise.DOCUMENTED) for found in judged.result.findings)
    assert typed(replace(judged, result=replace(judged.result, findings=refused))) == "qdiag trace train.py -- --name 'two words'"


def test_where_all_calls_agree_to_rounding_twin_runs_say_why_losses_part() -> None:
    assert typed(run("moons")) == "qdiag twin train.py -- --name 'two words'"


def test_no_twin_is_offered_of_a_script_that_raised_or_trains_nothing() -> None:
    raised = replace(SCRIPT, exit_code=1, failure=Failure("ValueError", "no"))
    assert _next(run("moons", raised)) is None
    judged = run("moons")
    assert _next(replace(judged, result=replace(judged.result, steps=0))) is None


def test_an_error_around_the_qnodes_is_mended_in_the_script() -> None:
    judged = run("remarked")
    remark = replace(judged.result.remarks[0], verdict=Verdict.ERROR)
    proven = replace(judged, result=replace(judged.result, remarks=(remark,), verdict=Verdict.ERROR))
    assert typed(proven) == "qdiag trace train.py -- --name 'two words'"


@pytest.mark.parametrize("case", ["healthy", "noisy"])
def test_where_nothing_helps_nothing_is_said(case: str) -> None:
    assert run(case).result.verdict in (Verdict.AGREE, Verdict.INCONCLUSIVE)
    assert _next(run(case)) is None


def test_a_function_that_was_called_is_no_script_to_run_again() -> None:
    called = replace(SCRIPT, called=True)
    assert _next(run("moons", called)) is None
    assert _next(run("shifted", called, outside=True)) is None
    assert typed(run("shifted", called)) == "qdiag report --github"


def test_a_path_outside_of_this_folder_is_named_by_its_file_alone() -> None:
    assert typed(run("moons", Script("/somewhere/else/train.py"))) == "qdiag twin train.py"


def test_reports_are_written_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = replace(run("shifted"), run=RunFolder(tmp_path))
    report(judged)
    before = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    write_text = Path.write_text

    def full(path: Path, *given: Any, **named: Any) -> int:
        if "html" in path.name:
            raise OSError(28, "No space left on device")
        return write_text(path, *given, **named)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError):
        report(replace(run("healthy"), run=RunFolder(tmp_path)))
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("name", "named"), [("trace.qdiag", "."), ("cut.qdiag", "cut.qdiag"), ("my trace.qdiag", "'my trace.qdiag'")])
def test_the_cure_for_a_trace_that_was_not_judged_names_what_was_named(
    name: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TraceError) as error:
        judged_outline(RunFolder(Path(), name))
    assert error.value.cure == f"judge it with: qdiag diagnose {named}"


def test_what_is_no_trace_was_not_recorded_either(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print('hi')\n")
    with pytest.raises(TraceError, match=r"train\.py is not a trace"):
        judged_outline(RunFolder(tmp_path, "train.py"))


def test_what_draws_pages_may_be_broken_and_is_no_business_of_whoever_loads_it_early(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = threading.Event()

    def broken() -> ModuleType:
        asked.set()
        raise ImportError("matplotlib is half installed")

    monkeypatch.setattr(reports, "_page", broken)
    reports.load_pages()
    assert asked.wait(10)
    for thread in threading.enumerate():
        if thread.name == "qdiag pages":
            thread.join(10)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("folder", ["qdiag-runs/train-1", "../elsewhere/run", "/somewhere/else/run/"])
def test_whoever_has_the_run_is_told_where_it_is(folder: str) -> None:
    judged = replace(run("moons"), run=RunFolder(Path(folder)))
    outline = reports.outline_of(judged)
    told = reports.as_told_here(outline, judged.run)
    assert told.wrote.startswith(f"{folder.rstrip('/')}/: trace.qdiag ")
    assert replace(told, wrote=outline.wrote) == outline
    assert reports.as_told_here(replace(outline, wrote=""), judged.run).wrote == ""
