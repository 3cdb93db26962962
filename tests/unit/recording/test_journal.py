"""The journal lets what comes between calls wait for the next one, and what goes wrong in it is a note, or the end of the recording."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.stack

journal_module = pytest.importorskip("qdiag.recording.journal")

from qdiag.model.call import Event, Failure, Script  # noqa: E402
from qdiag.model.coverage import Gap, event_of  # noqa: E402
from qdiag.recording import side_files  # noqa: E402
from qdiag.recording.journal import MAX_NOTES, MAX_WAITING, Journal  # noqa: E402
from qdiag.trace import schema, writer  # noqa: E402
from qdiag.trace.reader import Trace  # noqa: E402


class World:
    """A journal, and what it asked of those around it."""

    def __init__(self, folder: Path, home: int) -> None:
        self.path = folder / "trace.qdiag"
        self.settled = 0
        self.opened: list[Any] = []
        writer.create(self.path, Script("train.py"))
        self.journal = Journal(self.path, home, self._settle, self.opened.append)

    def _settle(self) -> None:
        self.settled += 1

    @property
    def events(self) -> tuple[Event, ...]:
        self.journal.end()
        with Trace.open(self.path) as trace:
            return tuple(trace.events)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, os.getpid())
    yield made
    made.journal.close()


def test_what_comes_between_calls_waits(world: World) -> None:
    world.journal.event("loss", number=0.5)
    assert world.opened == []
    assert world.events == (Event("loss", 0, "", 0.5),)


def test_it_does_not_wait_for_ever(world: World) -> None:
    for _ in range(MAX_WAITING + 1):
        world.journal.event("step")
    assert len(world.opened) == 1


def test_backward_passes_that_nobody_ended_are_asked_before_it_is_written(world: World) -> None:
    world.journal.flush()
    assert world.settled == 1


def test_with_nothing_to_say_no_file_is_opened(world: World) -> None:
    world.journal.end()
    assert world.opened == []


def test_notes_are_kept_up_to_a_number_and_what_was_not_seen_is_counted_beyond_it(world: World) -> None:
    for _ in range(MAX_NOTES + 5):
        world.journal.note("the same trouble")
    world.journal.unseen(Gap.UNRECORDED, "A call was not recorded.")
    events = world.events
    assert [event.kind for event in events].count("note") == MAX_NOTES
    assert events[-1] == Event(event_of(Gap.UNRECORDED), 0, "")


def test_a_fact_is_written_at_once_and_the_end_says_that_the_process_has_ended(world: World) -> None:
    world.journal.fact("failure", "words")
    (opened,) = world.opened
    assert opened.fact("failure") == "words"
    world.journal.end()
    assert opened.fact(schema.ENDED) == "yes"


def test_the_way_back_through_a_call_that_is_not_written_is_no_failure(world: World) -> None:
    world.journal.failure(None, Failure("ValueError", "no"))
    assert world.opened == []


def test_trouble_between_calls_is_a_gap_and_the_next_is_written(world: World) -> None:
    world.journal.write(lambda writer: 1 / 0)
    world.journal.event("step")
    assert [(event.kind, event.text) for event in world.events] == [
        (event_of(Gap.NO_FACTS), "Something between two calls was not recorded: ZeroDivisionError: division by zero."),
        ("step", ""),
    ]


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk is full"), OSError(28, "No space left"), side_files.SettledError()])
def test_a_file_that_cannot_be_written_ends_the_recording(world: World, error: Exception) -> None:
    def fail(writer: Any) -> None:
        raise error

    world.journal.write(fail)
    assert world.journal.stopped
    world.journal.event("step")
    world.journal.flush()
    assert not [event for event in world.events if event.kind == "step"]


def test_another_process_than_the_one_at_home_writes_beside_the_trace(tmp_path: Path) -> None:
    world = World(tmp_path, os.getppid())
    world.journal.note("the other's")
    assert [side.process for side in side_files.sides_of(world.path)] == [os.getpid()]
    world.journal.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_leaves_what_waits_to_its_parent(world: World) -> None:
    world.journal.event("step")
    child = os.fork()
    if child == 0:
        try:
            world.journal.after_fork()
            world.journal.flush()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert world.events == (Event("step", 0),)
