"""Ctrl-C while a run is judged: what is known by then is told and written, and what was known before is not written over."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qdiag.errors import Interrupted, Terminated
from qdiag.judging.replay.located import Located
from qdiag.model.call import Script
from qdiag.model.comparison import Verdict
from qdiag.pipeline.reports import report
from qdiag.pipeline.run import Run
from qdiag.pipeline.run_options import JudgedRun, Options, Silence
from qdiag.trace import writer
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder
from tests.worlds import results
from tests.worlds.scripted import call, circuit


def judge(folder: Path, located: Located, monkeypatch: pytest.MonkeyPatch, stop: BaseException, **options: Any) -> JudgedRun:
    run = RunFolder(folder)
    writer.create(run.trace, Script("train.py", exit_code=0))
    with writer.TraceWriter(run.trace) as file:
        for index in range(4):
            file.write(call(index, circuit(0.1)))

    def interrupt(self: Run) -> JudgedRun:
        raise stop

    monkeypatch.setattr(Run, "_judge_and_diagnose", interrupt)
    with Trace.open(run.trace), Run(run, Options(**options), Silence()) as judging:
        judging.__dict__["_replay"] = SimpleNamespace(known_so_far=lambda: located)
        return judging.finish()


def test_a_difference_that_was_met_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    met = results.shifted().result.findings[0].divergence
    found = judge(tmp_path, Located(replayed=1, verdict=Verdict.ERROR, divergences=(met,)), monkeypatch, KeyboardInterrupt())
    assert (found.interrupted, found.partial) == (True, True)
    (finding,) = found.result.findings
    assert finding.divergence is met
    assert "interrupted" in finding.diagnosis.because


def test_agreement_at_few_calls_is_not_said_to_be_one_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = judge(tmp_path, Located(replayed=1, verdict=Verdict.AGREE), monkeypatch, KeyboardInterrupt())
    assert found.result.verdict is Verdict.INCONCLUSIVE
    assert any("1 of 4 calls" in text for text in found.result.coverage.texts)


@pytest.mark.parametrize(("replayed", "options"), [(0, {}), (3, {"kept": False})])
def test_where_nothing_is_known_or_kept_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replayed: int, options: dict[str, Any]
) -> None:
    with pytest.raises(Interrupted) as caught:
        judge(tmp_path, Located(replayed=replayed, verdict=Verdict.AGREE), monkeypatch, Terminated(15), **options)
    assert caught.value.exit_code == 143
    assert "qdiag diagnose" in caught.value.cure


def test_reports_that_say_more_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = judge(tmp_path, Located(replayed=1, verdict=Verdict.AGREE), monkeypatch, KeyboardInterrupt())
    report(dataclasses.replace(found, partial=False, interrupted=False))
    before = found.run.findings.read_text()
    outline = report(found)
    assert found.run.findings.read_text() == before
    assert outline.wrote == ""
    assert outline.next_step is not None
    assert "diagnose" in outline.next_step.command
