"""``pytest --qdiag``: every QNode call of a test run is recorded, judged after the last test, and summed up below the results.

Without the option nothing is loaded and nothing happens. With it the tests run as they do without: qdiag only records, and judging
is the work of another process, after the last test.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("qdiag", "QNode calls under every differentiation method")
    group.addoption("--qdiag", action="store_true", help="Check every QNode call of this test run, and sum up what was found.")
    group.addoption("--qdiag-methods", default="auto", metavar="LIST", help="Methods for --qdiag, as for qdiag trace.  [default: auto]")


def pytest_configure(config: pytest.Config) -> None:
    """Start recording, before any test module is imported."""
    if config.getoption("--qdiag") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(TestRun(config), "qdiag-test-run")


class TestRun:
    """The recording of one test run, and what came of it."""

    __test__ = False

    def __init__(self, config: pytest.Config) -> None:
        from qdiag.errors import QdiagError
        from qdiag.model.call import Script
        from qdiag.pipeline import pytest_run
        from qdiag.recording.session import Session

        self._methods = str(config.getoption("--qdiag-methods"))
        self._quiet = int(config.getoption("verbose", 0)) < -1
        self._spread = bool(config.getoption("numprocesses", None))
        self._spans: list[pytest_run.Span] = []
        self._passed: dict[str, bool] = {}
        self._interrupted = False
        self._recording = ExitStack()
        try:
            self._run = pytest_run.create()
            self._session = self._recording.enter_context(Session(self._run.trace, Script("pytest", called=True), handed=True))
        except QdiagError as error:
            raise pytest.UsageError(f"--qdiag: {error.cause}") from None

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note which calls belong to which test."""
        from qdiag.pipeline.pytest_run import Span

        first = self._session.calls
        yield
        self._spans.append(Span(item.nodeid, first, self._session.calls, self._passed.pop(item.nodeid, False)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note whether it passed."""
        self._passed[report.nodeid] = self._passed.get(report.nodeid, True) and not report.failed

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Judge what was recorded, and say what was found."""
        calls = self._session.calls
        self._recording.close()
        if not calls:
            elsewhere = " (the tests ran in other processes: add -n0)" if self._spread else ""
            terminalreporter.section(f"qdiag: no QNode call was recorded{elsewhere}")
            terminalreporter.write_line(
                "calls inside of assert_methods_agree, qdiag.check or qdiag.record belong to them, and are not counted here"
            )
            return
        if self._interrupted:
            self._say_how_to_go_on(terminalreporter)
            return
        tests = sum(1 for span in self._spans if span.last > span.first)
        terminalreporter.section(f"qdiag: {calls} QNode call{'s' * (calls != 1)} in {tests} test{'s' * (tests != 1)}")
        from qdiag.pipeline import signals

        try:
            with signals.answered_signals():
                for line in self._summary((lambda line: None) if self._quiet else partial(_write_at_once, terminalreporter)):
                    _write(terminalreporter, line)
        except KeyboardInterrupt:
            self._say_how_to_go_on(terminalreporter)
            pytest.exit("interrupted while judging", returncode=int(signals.code_of_interruption()))

    def pytest_keyboard_interrupt(self) -> None:
        """Whoever ends the tests does not want to wait for what comes after them."""
        self._interrupted = True

    def _say_how_to_go_on(self, terminalreporter: Any) -> None:
        folder = os.path.relpath(self._run.path)
        _write(terminalreporter, f"interrupted; what was recorded is kept; judge it with: qdiag diagnose {folder}")

    def _summary(self, say: Callable[[str], None]) -> Iterator[str]:
        from qdiag.pipeline import pytest_run
        from qdiag.pipeline.reports import judged_outline

        obstacle = pytest_run.examine_in_a_process(self._run, self._methods, say)
        if obstacle:
            yield f"could not be judged: {obstacle}"
        else:
            outline, own = judged_outline(self._run), pytest_run.own_methods(self._run)
            yield from pytest_run.summary(outline, self._spans, os.path.relpath(self._run.path), own)

    def pytest_unconfigure(self) -> None:
        """Stop recording, also where there was no summary."""
        self._recording.close()


def _write_at_once(terminalreporter: Any, line: str) -> None:
    """A line that is read while the work goes on, also in a pipe."""
    _write(terminalreporter, line)
    terminalreporter.flush()


def _write(terminalreporter: Any, line: str) -> None:
    """A line; a test may be called as it likes."""
    from qdiag.visible import make_visible

    terminalreporter.write_line(make_visible(line))
