"""What qdiag says while it works: on stderr, a bar on a terminal, now and then a line elsewhere, nothing when quiet."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from qdiag.cli import progress
from qdiag.cli.progress import Voice


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def speaking(quiet: int = 0, *, terminal: bool = False) -> tuple[Voice, io.StringIO]:
    stream = io.StringIO()
    voice = Voice(quiet)
    voice.console = Console(file=stream, force_terminal=terminal, width=80, highlight=False)
    return voice, stream


def test_it_speaks_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Voice().say("replaying")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "replaying\n")


def test_what_looks_like_markup_is_said_as_it_is() -> None:
    voice, stream = speaking()
    voice.say("[bold]default.qubit[complex64][/bold]")
    assert stream.getvalue() == "[bold]default.qubit[complex64][/bold]\n"


@pytest.mark.parametrize("quiet", [1, 2])
def test_quiet_it_says_nothing(quiet: int, clock: Clock) -> None:
    voice, stream = speaking(quiet, terminal=True)
    voice.say("replaying")
    with voice.progress("replaying") as report:
        clock.now = 100.0
        report(1, 2)
    assert stream.getvalue() == ""


def test_away_from_a_terminal_it_says_a_line_now_and_then(clock: Clock) -> None:
    voice, stream = speaking()
    with voice.progress("replaying") as report:
        for done in range(1, 36):
            clock.now += 1.0
            report(done, 241)
    assert stream.getvalue().splitlines() == ["replaying: 10 of 241", "replaying: 20 of 241", "replaying: 30 of 241"]


def test_what_is_over_soon_is_not_reported(clock: Clock) -> None:
    voice, stream = speaking()
    with voice.progress("replaying") as report:
        report(241, 241)
    assert stream.getvalue() == ""


def test_on_a_terminal_there_is_a_bar_that_leaves_nothing_behind() -> None:
    voice, stream = speaking(terminal=True)
    with voice.progress("replaying") as report:
        report(3, 4)
    assert "replaying" in stream.getvalue()
    # the last thing written clears the bar's own line
    assert stream.getvalue().endswith("\x1b[2K")


def test_a_stage_that_fails_ends_its_bar() -> None:
    voice, stream = speaking(terminal=True)
    with pytest.raises(ValueError, match="ours"), voice.progress("replaying"):
        raise ValueError("ours")
    voice.say("after it")
    assert stream.getvalue().rstrip().endswith("after it")
