"""A writer that gathers: nothing is lost by a kill, nothing is written twice, and readers are not far behind."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from qdiag.model.call import Call, Event, Script
from qdiag.trace import held_writer, tail_file
from qdiag.trace.held_writer import HeldWriter
from qdiag.trace.reader import Trace
from qdiag.trace.writer import TraceWriter, create, entry_of
from tests.worlds import scripted
from tests.worlds.sameness import same


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "trace.qdiag", Script("train.py"))
    return tmp_path / "trace.qdiag"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes waits for ever."""
    monkeypatch.setattr(held_writer, "SECONDS", 1e9)


def call(index: int, gates: int = 1) -> Call:
    return scripted.call(index, scripted.circuit(0.1 * index, gates=gates))


def calls_of(path: Path) -> list[Call]:
    with Trace.open(path) as trace:
        return list(trace.calls())


def write_and_die(path: Path, number: int) -> None:
    """In a process that is killed at once."""
    child = os.fork()
    if child == 0:
        writer = HeldWriter(path)
        for index in range(number):
            writer.write(call(index, gates=1 + index % 3))
        with writer.transaction():
            writer.events([Event("step", number)])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def test_what_is_written_is_what_a_writer_that_commits_at_once_writes(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.qdiag"
    create(other, Script("train.py"))
    for kind, place in ((HeldWriter, path), (TraceWriter, other)):
        with kind(place) as writer:
            for index in range(5):
                assert writer.write(call(index, gates=1 + index % 2)) == index
    assert same(calls_of(path), calls_of(other))
    assert not tail_file.tail_path(path).exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing can be killed here")
@pytest.mark.usefixtures("slow")
class TestAfterAKill:
    def test_a_reader_finds_every_call(self, path: Path) -> None:
        write_and_die(path, 7)
        assert same(calls_of(path), [call(index, gates=1 + index % 3) for index in range(7)])
        assert not tail_file.tail_path(path).exists()

    def test_a_writer_goes_on_after_them(self, path: Path) -> None:
        write_and_die(path, 4)
        with TraceWriter(path) as writer:
            assert writer.calls == 4
            writer.write(call(4))
        with Trace.open(path) as trace:
            assert (len(trace), trace.events) == (5, (Event("step", 4),))

    def test_nothing_of_an_open_transaction_is_there(self, path: Path) -> None:
        child = os.fork()
        if child == 0:
            writer = HeldWriter(path)
            writer.write(call(0))
            with writer.transaction():
                writer.append(entry_of(call(1)))
                os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
        assert len(calls_of(path)) == 1


def test_the_first_transaction_is_there_at_once_and_the_next_ones_come_together(path: Path, slow: None) -> None:
    writer = HeldWriter(path)
    with writer, Trace.open(path) as trace:
        writer.write(call(0))
        assert trace.refresh() == 1
        writer.write(call(1))
        writer.write(call(2))
        assert trace.refresh() == 1
        writer.save()
        assert trace.refresh() == 3


def test_a_transaction_after_a_while_is_there_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_writer, "SECONDS", 0.0)
    with HeldWriter(path) as writer, Trace.open(path) as trace:
        for index in range(3):
            writer.write(call(index))
            assert trace.refresh() == index + 1


def test_what_has_no_room_in_the_tail_is_committed(path: Path, slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with HeldWriter(path) as writer, Trace.open(path) as trace:
        writer.write(call(0))
        monkeypatch.setattr(tail_file, "ROOM", 10)
        writer.write(call(1))
        assert trace.refresh() == 2


def test_so_is_what_has_waited_for_many_others(path: Path, slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_writer, "MOST_ROWS", 3)
    with HeldWriter(path) as writer, Trace.open(path) as trace:
        for index in range(6):
            writer.write(call(index))
        assert trace.refresh() > 3


def test_what_was_undone_is_not_in_the_tail(path: Path, slow: None) -> None:
    writer = HeldWriter(path)
    writer.write(call(0))
    with pytest.raises(ZeroDivisionError):
        fail_in_a_transaction(writer)
    writer.write(call(1, gates=3))
    with TraceWriter(path) as other:
        assert other.calls == 2
    assert same(calls_of(path), [call(0), call(1, gates=3)])


def fail_in_a_transaction(writer: HeldWriter) -> None:
    with writer.transaction():
        writer.append(entry_of(call(1, gates=3)))
        raise ZeroDivisionError


def test_a_fact_is_that_which_was_written_last(path: Path, slow: None) -> None:
    with HeldWriter(path) as writer:
        writer.meta("exit", "1")
        writer.meta("exit", "0")
        assert writer.fact("exit") == "0"


def test_who_goes_on_after_the_trace_was_settled_writes_nothing_twice(path: Path, slow: None) -> None:
    writer = HeldWriter(path)
    for index in range(3):
        writer.write(call(index))
    TraceWriter(path).close()
    writer.write(call(3))
    writer.close()
    assert len(calls_of(path)) == 3


def test_a_database_that_cannot_be_written_is_an_error_and_what_was_written_is_in_the_tail(
    path: Path, slow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = HeldWriter(path)
    writer.write(call(0))
    writer.write(call(1))

    def full(*given: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "_hold_files", full)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            writer.save()
    writer.abandon()
    with TraceWriter(path) as other:
        assert other.calls == 2
