"""The tail of a trace: whole units survive whatever ends the process, and each is taken in once."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qdiag.model.call import Script
from qdiag.trace import tail_file
from qdiag.trace.schema import EVENT, FAILURE, META, TAIL
from qdiag.trace.writer import create

STEP = (EVENT, ("step", 0, "", None))
BLOB = (EVENT, ("loss", 1, "a\nb\u2028", 0.5))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "trace.qdiag", Script("train.py"))
    return tmp_path / "trace.qdiag"


@pytest.fixture
def tail(path: Path) -> Iterator[tail_file.TailFile]:
    made = tail_file.TailFile(path)
    yield made
    made.close()


def written(path: Path) -> bytes:
    return tail_file.tail_path(path).read_bytes()


def kinds_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        tail_file.take_in(database, path)
        return [kind for (kind,) in database.execute("SELECT kind FROM events ORDER BY id")]


def test_units_come_back_as_they_were_written_bytes_and_all(path: Path, tail: tail_file.TailFile) -> None:
    rows = [(META, ("a", b"\n[1]\x00")), BLOB, (FAILURE, (3, b"")), (META, (b"one", b"two"))]
    assert tail.append(7, rows)
    assert tail.append(8, [STEP])
    assert list(tail_file.units_of(written(path))) == [tail_file.Unit(7, tuple(rows)), tail_file.Unit(8, (STEP,))]


def test_what_was_cut_off_is_left_out_wherever_that_was(path: Path, tail: tail_file.TailFile) -> None:
    tail.append(1, [STEP])
    first = len(written(path).rstrip(b"\0"))
    tail.append(1, [BLOB])
    data = written(path).rstrip(b"\0")
    for end in range(len(data)):
        assert len(list(tail_file.units_of(data[:end]))) == (end >= first)


def test_a_changed_byte_ends_the_tail_before_its_unit(path: Path, tail: tail_file.TailFile) -> None:
    tail.append(1, [STEP])
    tail.append(1, [BLOB])
    data = bytearray(written(path).rstrip(b"\0"))
    data[-1] ^= 1
    assert len(list(tail_file.units_of(bytes(data)))) == 1


@pytest.mark.parametrize("data", [b"", bytes(64), b"\n", b"1 2\n", b"x y z\n", b"1 -4 0\n", b"1 99999999999 0\n"])
def test_no_tail_at_all_has_no_units(data: bytes) -> None:
    assert list(tail_file.units_of(data)) == []


def test_a_unit_that_has_no_room_is_not_begun(path: Path, tail: tail_file.TailFile) -> None:
    assert not tail.append(1, [(META, ("a", bytes(tail_file.ROOM)))])
    assert tail.append(1, [STEP])
    assert len(list(tail_file.units_of(written(path)))) == 1


def test_taking_in_puts_every_unit_into_the_database_and_removes_the_tail(path: Path, tail: tail_file.TailFile) -> None:
    tail.append(1, [STEP, BLOB])
    tail.append(1, [STEP])
    assert kinds_in(path) == ["step", "loss", "step"]
    assert not tail_file.tail_path(path).exists()


def test_a_unit_of_a_commit_that_the_database_knows_of_is_not_taken_in_again(path: Path, tail: tail_file.TailFile) -> None:
    """What is left of an earlier commit lies behind a shorter one."""
    tail.append(1, [STEP, BLOB])
    tail.append(1, [STEP])
    tail.empty()
    tail.append(2, [STEP, BLOB])
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO meta VALUES (?, '1')", (TAIL,))
    assert kinds_in(path) == ["step", "loss"]


def test_what_is_taken_in_is_known_as_committed(path: Path, tail: tail_file.TailFile) -> None:
    tail.append(5, [STEP])
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        tail_file.take_in(database, path)
        assert tail_file.last_commit(database) == 5


@pytest.mark.parametrize("row", [(EVENT, (None, 1, "", None)), (99, ()), (EVENT, ("step",)), (META, ("a", 1 << 70))])
def test_a_unit_that_the_database_does_not_take_ends_the_tail(path: Path, tail: tail_file.TailFile, row: tail_file.Row) -> None:
    tail.append(1, [STEP])
    tail.append(1, [BLOB, row])
    tail.append(1, [STEP])
    assert kinds_in(path) == ["step"]


def test_where_there_is_no_tail_nothing_is_taken_in(path: Path) -> None:
    assert kinds_in(path) == []


def test_no_room_on_the_disk_is_said_before_anything_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda file, data: len(data) // 2)
    with pytest.raises(OSError, match="No space left"):
        tail_file.TailFile(path)
