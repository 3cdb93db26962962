"""``pytest --qdiag``: nothing without the option; with it tests run as they do, and lines below their results say what was found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qdiag import pytest_plugin
from qdiag.errors import OutputError
from qdiag.pipeline import pytest_run, reports
from qdiag.pipeline.pytest_run import Span
from qdiag.pytest_plugin import TestRun
from qdiag.recording import session
from qdiag.trace.run_folder import RunFolder


class Session:
    """A recording that counts what a test says was called."""

    def __init__(self, trace: Path, script: Any, **options: Any) -> None:
        self.calls = 0
        self.open = False

    def __enter__(self) -> Session:
        self.open = True
        return self

    def __exit__(self, *exception: object) -> None:
        self.open = False


class Terminal:
    """What pytest prints."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str) -> None:
        self.lines.append(f"== {title}")

    def write_line(self, line: str) -> None:
        self.lines.append(line)

    def flush(self) -> None:
        """Nothing waits to be written."""


def config(**options: Any) -> Any:
    given = {"--qdiag": True, "--qdiag-methods": "auto", "numprocesses": None, **options}
    return SimpleNamespace(getoption=lambda name, default=None: given.get(name, default))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TestRun:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "Session", Session)
    monkeypatch.setattr(pytest_run, "create", lambda: RunFolder(tmp_path / "qdiag-runs" / "pytest-1"))
    return TestRun(config())


def session_of(run: TestRun) -> Any:
    return run._session


def a_test(run: TestRun, name: str, calls: int, *outcomes: str) -> None:
    """A test of so many calls; its reports are those of its set-up, its call and its tear-down."""
    protocol: Iterator[None] = run.pytest_runtest_protocol(SimpleNamespace(nodeid=name))  # type: ignore[arg-type]
    next(protocol)
    session_of(run).calls += calls
    for outcome in outcomes:
        run.pytest_runtest_logreport(SimpleNamespace(nodeid=name, failed=outcome == "failed"))  # type: ignore[arg-type]
    with pytest.raises(StopIteration):
        next(protocol)


def test_each_test_has_its_calls_and_whether_it_passed(run: TestRun) -> None:
    a_test(run, "test_one", 3, "passed", "passed", "passed")
    a_test(run, "test_none", 0, "passed", "passed", "passed")
    a_test(run, "test_failing", 2, "passed", "failed", "passed")
    a_test(run, "test_broken", 0, "failed", "passed")
    a_test(run, "test_silent", 1)
    assert run._spans == [
        Span("test_one", 0, 3, True), Span("test_none", 3, 3, True), Span("test_failing", 3, 5, False),
        Span("test_broken", 5, 5, False), Span("test_silent", 5, 6, False),
    ]  # fmt: skip


class TestTheSummary:
    def summary(self, run: TestRun) -> list[str]:
        terminal = Terminal()
        run.pytest_terminal_summary(terminal)
        return terminal.lines

    def test_counts_calls_and_the_tests_that_made_them(self, run: TestRun, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pytest_run, "examine_in_a_process", lambda folder, methods, say: "no memory")
        a_test(run, "test_one", 3, "passed")
        a_test(run, "test_none", 0, "passed")
        assert self.summary(run) == ["== qdiag: 3 QNode calls in 1 test", "could not be judged: no memory"]

    def test_is_what_judging_found(self, run: TestRun, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[Any] = []

        def examine(folder: RunFolder, methods: str, say: Callable[[str], None]) -> str:
            asked.append((folder.path, methods))
            say("diagnosing (5 s)")
            return ""

        monkeypatch.setattr(pytest_run, "examine_in_a_process", examine)
        monkeypatch.setattr(reports, "judged_outline", lambda folder: "outline")
        monkeypatch.setattr(pytest_run, "own_methods", lambda folder: {})
        monkeypatch.setattr(pytest_run, "summary", lambda outline, spans, folder, own: iter([f"{outline} {len(spans)} {folder}"]))
        a_test(run, "test_one", 3, "passed")
        assert self.summary(run)[1:] == ["diagnosing (5 s)", "outline 1 qdiag-runs/pytest-1"]
        assert asked == [(run._run.path, "auto")]

    def test_ends_the_recording_before_it_is_judged(self, run: TestRun, monkeypatch: pytest.MonkeyPatch) -> None:
        states: list[bool] = []

        def examine(folder: RunFolder, methods: str, say: Callable[[str], None]) -> str:
            states.append(session_of(run).open)
            return "no"

        monkeypatch.setattr(pytest_run, "examine_in_a_process", examine)
        a_test(run, "test_one", 1, "passed")
        self.summary(run)
        assert states == [False]

    def test_quiet_says_nothing_of_how_far_it_is(self, run: TestRun, monkeypatch: pytest.MonkeyPatch) -> None:
        def examine(folder: RunFolder, methods: str, say: Callable[[str], None]) -> str:
            say("diagnosing (5 s)")
            return "no memory"

        monkeypatch.setattr(pytest_run, "examine_in_a_process", examine)
        quiet = TestRun(config(verbose=-2))
        a_test(quiet, "test_one", 1, "passed")
        assert self.summary(quiet)[1:] == ["could not be judged: no memory"]

    @pytest.mark.parametrize(("processes", "hint"), [(None, False), (4, True)])
    def test_says_where_calls_may_be_if_there_are_none(
        self, run: TestRun, monkeypatch: pytest.MonkeyPatch, processes: Any, hint: bool
    ) -> None:
        lines = self.summary(TestRun(config(numprocesses=processes)))
        assert lines[0].startswith("== qdiag: no QNode call was recorded")
        assert ("-n0" in lines[0]) is hint
        assert "assert_methods_agree" in lines[1]


def test_the_recording_ends_also_where_there_is_no_summary(run: TestRun) -> None:
    assert session_of(run).open
    run.pytest_unconfigure()
    run.pytest_unconfigure()
    assert not session_of(run).open


def test_a_folder_that_cannot_be_made_is_a_usage_error_of_pytests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> RunFolder:
        raise OutputError("cannot write to qdiag-runs: Permission denied", "choose another folder")

    monkeypatch.setattr(pytest_run, "create", refuse)
    with pytest.raises(pytest.UsageError, match="--qdiag: cannot write to qdiag-runs"):
        TestRun(config())


class TestConfiguring:
    def configured(self, monkeypatch: pytest.MonkeyPatch, **attributes: Any) -> list[str]:
        registered: list[str] = []
        monkeypatch.setattr(pytest_plugin, "TestRun", lambda given: "run")
        manager = SimpleNamespace(register=lambda plugin, name: registered.append(name))
        options = attributes.pop("options", {})
        given = SimpleNamespace(pluginmanager=manager, getoption=config(**options).getoption, **attributes)
        pytest_plugin.pytest_configure(given)  # type: ignore[arg-type]
        return registered

    def test_records_where_that_is_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.configured(monkeypatch) == ["qdiag-test-run"]

    def test_records_nothing_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.configured(monkeypatch, options={"--qdiag": False}) == []

    def test_records_in_the_process_that_runs_the_tests_and_not_in_its_helpers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.configured(monkeypatch, workerinput={}) == []


def test_without_the_option_nothing_of_ours_is_loaded() -> None:
    code = "import sys, qdiag.pytest_plugin; print(sorted(name for name in sys.modules if name.startswith('qdiag')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['qdiag', 'qdiag._version', 'qdiag.pytest_plugin']"
