"""What qdiag says while it works: a bar on a terminal, a line that is replaced in a notebook, a line every few seconds elsewhere."""

from __future__ import annotations

import io
import sys
import threading
import time

import pytest
from rich.console import Console

from qdiag.pipeline import speaking
from qdiag.pipeline.speaking import Speaker, Stage


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time that only the test moves on: the thread beside a stage has nothing to say by itself."""
    made = Clock()
    monkeypatch.setattr(speaking, "time", made)
    monkeypatch.setattr(speaking, "GLANCE", 1000.0)
    return made


def speaker(quiet: int = 0, *, terminal: bool = False) -> tuple[Speaker, io.StringIO]:
    stream = io.StringIO()
    return Speaker(Console(file=stream, force_terminal=terminal, width=80, highlight=False), quiet), stream


def test_what_looks_like_markup_is_said_as_it_is() -> None:
    voice, stream = speaker()
    voice.say("[bold]default.qubit[complex64][/bold]")
    assert stream.getvalue() == "[bold]default.qubit[complex64][/bold]\n"


def test_a_long_sentence_is_folded_between_words_and_a_long_path_stays_in_one_piece() -> None:
    voice, stream = speaker()
    voice.say(" ".join(["first answer: ROUNDING"] * 8))
    assert max(map(len, stream.getvalue().splitlines())) <= 80
    path = "/a/path/of/more/than/eighty/characters" * 3
    voice.say(path)
    assert stream.getvalue().splitlines()[-1] == path


@pytest.mark.parametrize("quiet", [1, 2])
def test_quiet_it_says_nothing(quiet: int, clock: Clock) -> None:
    voice, stream = speaker(quiet, terminal=True)
    voice.say("replaying")
    with voice.progress("replaying") as report:
        clock.now = 100.0
        report(1, 2)
        voice.now("call 1")
        voice.glance()
    assert stream.getvalue() == ""


def test_away_from_a_terminal_it_says_a_line_every_few_seconds_although_nothing_moves(clock: Clock) -> None:
    voice, stream = speaker()
    with voice.progress("replaying") as report:
        report(3, 241)
        voice.now("call 4 under adjoint")
        for _ in range(11):
            clock.now += 1.0
            voice.glance()
    assert stream.getvalue().splitlines() == [
        "replaying: 3 of 241: call 4 under adjoint (4 s)",
        "replaying: 3 of 241: call 4 under adjoint (8 s)",
    ]


def test_stages_that_are_short_one_by_one_are_not_silent_together(clock: Clock) -> None:
    voice, stream = speaker()
    for what in ("replaying", "asking the arbiter", "diagnosing"):
        with voice.progress(what):
            clock.now += 3.0
            voice.glance()
    assert stream.getvalue() == "asking the arbiter (3 s)\n"


def test_what_was_just_said_is_not_followed_by_how_far_it_is(clock: Clock) -> None:
    voice, stream = speaker()
    clock.now = 100.0
    voice.say("the script ended after 1 min 40 s; judging 3 QNode calls")
    with voice.progress("replaying"):
        clock.now += 3.9
        voice.glance()
    assert len(stream.getvalue().splitlines()) == 1


def test_a_line_fits_a_screen_in_plain_characters_with_the_time_at_its_end() -> None:
    line = Stage("diagnosing", 0.0, 0, 1, "an experiment with a name " * 5).line(725.0)
    assert len(line) <= 79
    assert line.isascii()
    assert line.endswith("... (12 min 5 s)")


def test_the_next_step_of_a_stage_forgets_what_the_last_one_did(clock: Clock) -> None:
    voice, stream = speaker()
    with voice.progress("diagnosing") as report:
        voice.now("'float64 parameters'")
        report(1, 2)
        clock.now = 5.0
        voice.glance()
    assert stream.getvalue() == "diagnosing: 1 of 2 (5 s)\n"


def test_a_stage_within_another_stands_in_its_place_until_it_is_over(clock: Clock) -> None:
    voice, written = speaker()
    with voice.progress("taking in") as outer:
        outer(1, 2)
        with voice.progress("replaying") as inner:
            inner(3, 4)
            clock.now += 10.0
            voice.glance()
        clock.now += 10.0
        voice.glance()
    assert [line.partition(" (")[0] for line in written.getvalue().splitlines()] == ["replaying: 3 of 4", "taking in: 1 of 2"]


def test_on_a_terminal_it_has_the_bar_of_the_other() -> None:
    voice, written = speaker(terminal=True)
    with voice.progress("taking in"), voice.progress("replaying") as inner:
        inner(3, 4)
        time.sleep(0.3)  # a bar is drawn ten times a second
    assert "replaying" in written.getvalue()


def test_what_is_over_soon_is_not_told_of(clock: Clock) -> None:
    voice, stream = speaker()
    with voice.progress("replaying") as report:
        report(241, 241)
    assert stream.getvalue() == ""


def test_a_thread_tells_while_the_work_itself_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "GLANCE", 0.001)
    monkeypatch.setattr(speaking, "SECONDS_BETWEEN_LINES", 0.002)
    voice, stream = speaker()
    with voice.progress("asking the arbiter"):
        limit = time.monotonic() + 10
        while not stream.getvalue() and time.monotonic() < limit:
            time.sleep(0.001)
    assert stream.getvalue().startswith("asking the arbiter")
    assert not [thread for thread in threading.enumerate() if thread.name == "qdiag-progress"]


def test_on_a_terminal_there_is_a_bar_that_leaves_nothing_behind() -> None:
    voice, stream = speaker(terminal=True)
    with voice.progress("replaying") as report:
        report(3, 4)
        voice.now("call 2 under [adjoint]")
    assert "replaying" in stream.getvalue()
    assert "3 of 4" in stream.getvalue()
    assert "call 2 under [adjoint]" in stream.getvalue()
    # the last thing written clears the bar's own line
    assert stream.getvalue().endswith("\x1b[2K")


def test_a_bar_leaves_the_programs_own_streams_alone() -> None:
    voice, _ = speaker(terminal=True)
    out, err = sys.stdout, sys.stderr
    with voice.progress("replaying"):
        assert (sys.stdout, sys.stderr) == (out, err)


def test_a_stage_that_fails_ends_its_bar() -> None:
    voice, stream = speaker(terminal=True)
    with pytest.raises(ValueError, match="ours"), voice.progress("replaying"):
        raise ValueError("ours")
    voice.now("nothing: there is no stage any more")
    voice.say("after it")
    assert stream.getvalue().rstrip().endswith("after it")


def test_in_a_notebook_a_line_stands_in_place_of_the_one_before(clock: Clock) -> None:
    stream, lines = io.StringIO(), list[str]()
    voice = Speaker(Console(file=stream, force_terminal=True), replaced=lines.append)
    with voice.progress("replaying") as report:
        report(1, 2)
        for _ in range(4):
            clock.now += 0.5
            voice.glance()
    voice.say("first answer: AGREE")
    assert lines == ["replaying: 1 of 2 (1 s)", "replaying: 1 of 2 (2 s)", "first answer: AGREE"]
    assert stream.getvalue() == ""


def test_in_a_notebook_what_is_soon_done_leaves_no_line(clock: Clock) -> None:
    lines = list[str]()
    voice = Speaker(Console(file=io.StringIO()), replaced=lines.append)
    clock.now += 0.5
    voice.say("first answer: AGREE")
    assert lines == []
