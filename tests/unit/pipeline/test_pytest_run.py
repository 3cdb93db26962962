"""What a test run's QNode calls came to: judged in a process of its own, told in a few lines, and never the tests' own failure."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import pytest

from qdiag.errors import TraceError
from qdiag.model.call import Script
from qdiag.model.comparison import Verdict
from qdiag.model.method import parse
from qdiag.pipeline import pytest_run
from qdiag.pipeline.pytest_run import Span
from qdiag.report.outline import Document
from qdiag.trace import writer
from qdiag.trace.run_folder import RunFolder
from tests.worlds.judged_runs import judged_run
from tests.worlds.results import CASES
from tests.worlds.scripted import call, circuit


class TestSuite:
    """The lines below a test run's results."""

    def lines(self, document: Document, *spans: Span, own: Optional[dict[int, str]] = None) -> list[str]:
        return list(pytest_run.summary(document, spans, "qdiag-runs/pytest-1", own or {}))

    def test_a_finding_names_the_tests_whose_calls_show_it(self) -> None:
        document = CASES["shifted"]().document()
        shown = {document.record["findings"][0]["call"], *document.record["findings"][0]["calls"]}
        spans = (
            Span("test_before", -5, 0, True),
            Span("test_it", 0, max(shown) + 1, True),
            Span("test_after", max(shown) + 1, 99, True),
        )
        first, sentence, cause, *_ = self.lines(document, *spans)
        assert first == "qdiag: error in test_it"
        assert sentence == "    " + document.chapters[0].sentence
        assert cause.startswith("    QD303 ")
        assert cause.endswith("qdiag-runs/pytest-1/repro.py")

    def test_several_tests_are_counted_and_collection_is_named(self) -> None:
        document = CASES["shifted"]().document()
        assert self.lines(document, Span("a", 0, 1, True), Span("b", 0, 1, True))[0] == "qdiag: error in a and 1 more"
        assert self.lines(document)[0] == "qdiag: error while the tests were collected"

    def test_a_test_that_uses_the_wrong_method_itself_is_named_first(self) -> None:
        document = CASES["shifted"]().document()
        finding = document.record["findings"][0]
        (wrong,) = finding["wrong"]
        first, last = finding["calls"][0], finding["calls"][-1]
        assert first < last
        spans = (Span("other", first, first + 1, True), Span("itself", last, last + 1, True))
        own = {first: "default.qubit/backprop", last: wrong}
        assert self.lines(document, *spans, own=own)[0] == "qdiag: error in itself and 1 more"

    def test_rounding_is_no_finding_of_a_test_run(self) -> None:
        first, report = self.lines(CASES["moons"]().document(), Span("a", 0, 241, True))
        assert first == "no method differs from another further than rounding explains"
        assert report == "report: qdiag-runs/pytest-1/report.html"

    def test_a_qnode_that_raises_is_left_out_where_the_test_wants_it_to(self) -> None:
        document = CASES["raising"]().document()
        assert self.lines(document, Span("a", 0, 9, True))[1] == "left out: 1 that raise where the test passes all the same"
        assert self.lines(document, Span("a", 0, 9, False))[0].startswith("qdiag: error in a")


class TestManyFindings:
    def test_are_cut_and_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pytest_run, "MOST_FINDINGS", 1)
        lines = list(pytest_run.summary(CASES["shifted"]().document(), [Span("a", 0, 9, True)], "run", {}))
        assert "… and 1 more" in lines

    def test_of_unknown_cause_say_so(self) -> None:
        lines = list(pytest_run.summary(CASES["shifted"]().document(), [Span("a", 0, 9, True)], "run", {}))
        assert "    cause unknown" in lines


def test_the_folder_stays_where_it_is_whatever_folder_tests_change_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = pytest_run.create()
    assert run.path == tmp_path / "qdiag-runs" / "pytest-1"
    assert pytest_run.create().path == tmp_path / "qdiag-runs" / "pytest-2"


def test_each_call_has_a_method_of_its_own(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    writer.create(run.trace, Script("pytest", called=True))
    with writer.TraceWriter(run.trace) as file:
        for index, name in enumerate(("backprop", "adjoint")):
            file.write(call(index, circuit(0.1), parse(f"default.qubit/{name}")))
    assert pytest_run.own_methods(run) == {0: "default.qubit/backprop", 1: "default.qubit/adjoint"}


class TestTheProcessThatJudges:
    @pytest.fixture
    def run(self, tmp_path: Path) -> RunFolder:
        made = RunFolder(tmp_path / "qdiag-runs" / "pytest-1")
        made.path.mkdir(parents=True)
        return made

    def judge(
        self, monkeypatch: pytest.MonkeyPatch, run: RunFolder, *, stderr: str = "", code: int = 0, judged: bool = False
    ) -> tuple[str, list[Any]]:
        asked: list[Any] = []

        class Process:
            stdout = ("replaying: 1 of 3 (5 s)\n", "diagnosing (9 s)\n")
            returncode = code

            def __init__(self, command: list[str], **options: Any) -> None:
                asked.append((command, options))
                options["stderr"].write(stderr)
                if judged:
                    run.outline.write_text("")

            def __enter__(self) -> Process:
                return self

            def __exit__(self, *exception: object) -> None:
                pass

        monkeypatch.setattr(subprocess, "Popen", Process)
        self.said: list[str] = []
        return pytest_run.examine_in_a_process(run, "backprop,adjoint", self.said.append), asked

    def test_tells_line_by_line_how_far_it_is(self, monkeypatch: pytest.MonkeyPatch, run: RunFolder) -> None:
        self.judge(monkeypatch, run, judged=True)
        assert self.said == ["replaying: 1 of 3 (5 s)", "diagnosing (9 s)"]

    def test_that_is_slow_to_say_anything_is_not_silent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pytest_run, "SECONDS_BEFORE_WE_SPEAK", 0.01)
        said: list[str] = []

        def lines() -> Iterator[str]:
            limit = time.monotonic() + 10
            while not said and time.monotonic() < limit:
                time.sleep(0.001)
            yield "replaying (5 s)\n"

        pytest_run._hand_on(lines(), said.append)
        assert said[0] == "judging (0 s)"
        assert said[-1] == "replaying (5 s)"

    def test_is_told_the_run_and_the_methods_and_hears_nothing(self, monkeypatch: pytest.MonkeyPatch, run: RunFolder) -> None:
        obstacle, ((command, options),) = self.judge(monkeypatch, run, judged=True)
        assert obstacle == ""
        assert command[0] == sys.executable
        assert command[-2:] == ["pytest-1", "backprop,adjoint"]
        assert options["cwd"] == run.path.parent
        assert options["stdin"] == subprocess.DEVNULL

    @pytest.mark.parametrize(
        ("stderr", "code", "obstacle"),
        [
            ("Traceback\n  File\nMemoryError: no\n\n", 1, "MemoryError: no"),
            ("no method 'adjiont'\n", 1, "no method 'adjiont'"),
            ("", -9, "exit code -9"),
            ("  \n\n", 3, "exit code 3"),
        ],
    )
    def test_that_fails_says_why_in_a_line(
        self, monkeypatch: pytest.MonkeyPatch, run: RunFolder, stderr: str, code: int, obstacle: str
    ) -> None:
        assert self.judge(monkeypatch, run, stderr=stderr, code=code)[0] == obstacle

    def test_that_wrote_its_reports_has_not_failed_whatever_else_it_said(self, monkeypatch: pytest.MonkeyPatch, run: RunFolder) -> None:
        assert self.judge(monkeypatch, run, stderr="a warning", code=1, judged=True)[0] == ""


class TestJudging:
    def judge(self, monkeypatch: pytest.MonkeyPatch, folder: Path, methods: str, error: Optional[Exception] = None) -> tuple[str, Any]:
        asked: list[Any] = []

        def examine(run: RunFolder, options: Any, voice: Any) -> Any:
            asked.append(options)
            if error is not None:
                raise error
            return judged_run(run.path)

        monkeypatch.setattr(pytest_run, "examine", examine)
        return pytest_run.examine_run(str(folder), methods), asked[0]

    def test_proves_errors_alone_and_trusts_what_the_tests_defined(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        said, options = self.judge(monkeypatch, tmp_path, "auto")
        assert said == ""
        assert (options.proven, options.trusted, options.plan.trusted, options.plan.methods) == ((Verdict.ERROR,), True, True, ())
        assert RunFolder(tmp_path).outline.exists()

    def test_takes_the_methods_that_are_listed(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        _, options = self.judge(monkeypatch, tmp_path, "backprop, adjoint")
        assert options.plan.methods == (parse("backprop"), parse("adjoint"))

    def test_says_what_a_user_can_mend(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        assert (
            self.judge(monkeypatch, tmp_path, "auto", TraceError("the trace is damaged", "record it again"))[0]
            == "the trace is damaged"
        )

    def test_leaves_a_mistake_of_ours_its_traceback(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        with pytest.raises(AttributeError):
            self.judge(monkeypatch, tmp_path, "auto", AttributeError("ours"))
