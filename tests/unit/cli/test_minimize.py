"""``qdiag minimize``: which findings are shrunk, for how long, and that nothing else of the run is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from qdiag.cli import minimize
from qdiag.errors import TraceError, UsageError
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Finding, Reproducer
from qdiag.pipeline import shrinking
from qdiag.pipeline.reports import report
from qdiag.pipeline.run_options import MINIMIZING_SECONDS, JudgedRun, Options
from qdiag.trace.run_folder import RunFolder
from tests.worlds.judged_runs import judged_run
from tests.worlds.results import CASES

SHIFTED, ROUNDING = (CASES[name]().result.findings[0] for name in ("shifted", "moons"))


def proven(finding: Finding, path: Path, source: str) -> Finding:
    return replace(finding, reproducer=Reproducer(source, str(path), True, 1))


class World:
    """A run with an error, a remark on the training and a rounding; and what takes the place of judging it again."""

    def __init__(self, folder: Path) -> None:
        self.run = RunFolder(folder / "qdiag-runs" / "train-1")
        self.run.path.mkdir(parents=True)
        self.run.trace.write_text("")
        self.asked: list[Options] = []
        self.found: tuple[Finding, ...] = (SHIFTED, ROUNDING)

    def judge(self) -> None:
        """As a trace leaves it."""
        remarks = CASES["remarked"]().result.remarks
        scripts = ("first", "second")
        for number, source in enumerate(scripts):
            self.run.reproducer(number).write_text(source)
        findings = tuple(proven(one, self.run.reproducer(n), scripts[n]) for n, one in enumerate(self.found))
        report(self.judged(findings, remarks))

    def judged(self, findings: tuple[Finding, ...], remarks: Any = ()) -> JudgedRun:
        made = judged_run(self.run.path, "shifted", verdict=Verdict.ERROR)
        return replace(made, result=replace(made.result, findings=findings, remarks=remarks))

    def examine(self, run: RunFolder, options: Options, voice: Any) -> JudgedRun:
        """Prove what is chosen, in the folder of what is unfinished."""
        self.asked.append(options)
        folder = run.begin_unfinished()
        findings = []
        for finding in self.found:
            name = options.only.name_for(finding)
            if name is not None:
                (folder / name).write_text("anew")
                finding = proven(finding, run.path / name, "anew")
            findings.append(finding)
        return self.judged(tuple(findings))

    @property
    def record(self) -> Any:
        return json.loads(self.run.findings.read_text(encoding="utf-8"))

    @property
    def files(self) -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in self.run.path.iterdir() if path.is_file()}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    made = World(tmp_path)
    made.judge()
    monkeypatch.setattr(shrinking, "examine", made.examine)
    monkeypatch.chdir(tmp_path)
    return made


def qdiag(*words: str) -> Result:
    return CliRunner().invoke(minimize.command, list(words), standalone_mode=False)


def is_rounding(finding: dict[str, Any]) -> bool:
    return bool(finding["verdict"] == "rounding")


def test_one_finding_is_shrunk_and_nothing_else_of_the_run_is_touched(world: World) -> None:
    before, files = world.record, world.files
    number = next(n for n, finding in enumerate(before["findings"], 1) if is_rounding(finding))
    assert qdiag("--finding", str(number)).return_value == 1
    after = world.record
    for at, finding in enumerate(after["findings"]):
        assert (finding == before["findings"][at]) is (at != number - 1)
    assert {key: value for key, value in after.items() if key != "findings"} == {
        key: value for key, value in before.items() if key != "findings"
    }
    assert world.files["repro.py"] == files["repro.py"] == "first"
    assert world.files["repro-2.py"] == "anew"
    assert set(world.files) == set(files)


def test_all_findings_are_shrunk_where_none_is_named(world: World) -> None:
    qdiag()
    assert [world.files[name] for name in ("repro.py", "repro-2.py")] == ["anew", "anew"]
    assert len(world.record["findings"]) == 3


def test_the_finding_at_a_call_is_shrunk(world: World) -> None:
    call = ROUNDING.divergence.calls[-1]
    qdiag("--call", str(call))
    assert (world.files["repro.py"], world.files["repro-2.py"]) == ("first", "anew")


@pytest.mark.parametrize("words", [["--finding", "4"], ["--finding", "70"], ["--call", "100000"]])
def test_what_the_report_does_not_have_is_refused_and_nothing_is_judged(world: World, words: list[str]) -> None:
    files = world.files
    assert isinstance(qdiag(*words).exception, UsageError)
    assert (world.files, world.asked) == (files, [])


def test_a_remark_on_the_training_has_no_circuit_to_shrink(world: World) -> None:
    number = next(n for n, finding in enumerate(world.record["findings"], 1) if len(finding["methods"]) != 2)
    error = qdiag("--finding", str(number)).exception
    assert isinstance(error, UsageError)
    assert "about the training" in error.cause


def test_a_run_that_agrees_has_nothing_to_shrink_and_is_not_judged_again(world: World) -> None:
    report(judged_run(world.run.path, "healthy"))
    done = qdiag()
    assert done.return_value == 0
    assert "nothing to shrink" in done.stderr
    assert world.asked == []


def test_a_run_that_is_not_judged_yet_is_refused(world: World) -> None:
    world.run.outline.unlink()
    assert isinstance(qdiag().exception, TraceError)


def test_a_run_that_is_judged_otherwise_today_is_left_as_it_is(world: World) -> None:
    files, world.found = world.files, (SHIFTED,)
    assert isinstance(qdiag("--finding", "3").exception, TraceError)
    assert world.files == files


def test_it_asks_what_the_run_was_asked(world: World) -> None:
    record = world.record
    record["asked"] = {"methods": ["adjoint"], "atol": 1e-3, "rtol": None}
    world.run.findings.write_text(json.dumps(record))
    qdiag("--finding", "1")
    plan = world.asked[0].plan
    assert ([str(method) for method in plan.methods], plan.tolerance.absolute) == (["adjoint"], 1e-3)


def test_it_has_more_time_than_a_trace_gives_it(world: World) -> None:
    qdiag()
    assert world.asked[0].seconds > MINIMIZING_SECONDS
    qdiag("--budget", "7")
    assert world.asked[1].seconds == 7


@pytest.mark.parametrize(("words", "trusted"), [([], False), (["--trust"], True)])
def test_what_a_trace_carries_is_executed_only_where_it_is_trusted(world: World, words: list[str], trusted: bool) -> None:
    qdiag(*words)
    assert (world.asked[0].trusted, world.asked[0].plan.trusted) == (trusted, trusted)


@pytest.mark.parametrize("words", [["--finding", "0"], ["--call", "-1"], ["--budget", "0"], ["--jobs", "0"]])
def test_numbers_out_of_range_are_usage_errors(world: World, words: list[str]) -> None:
    error = qdiag(*words).exception
    assert isinstance(error, click.BadParameter)
    assert error.exit_code == 2
    assert world.asked == []
