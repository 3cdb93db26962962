"""Writing a trace: each call at once or not at all, each text once, and never two things under one number."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qdiag.errors import OutputError
from qdiag.model.call import Backward, Call, Event, Failure, Script
from qdiag.model.circuit import Circuit
from qdiag.trace.reader import Trace
from qdiag.trace.schema import APPLICATION_ID, CALL_COLUMNS, TABLES, VERSION
from qdiag.trace.writer import Entry, TraceWriter, create, entry_of
from tests.worlds import scripted
from tests.worlds.sameness import same


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "trace.qdiag", Script("train.py"))
    return tmp_path / "trace.qdiag"


def call(index: int = 0, gates: int = 1, **changes: Any) -> Call:
    """A call; so many gates make another structure."""
    made = scripted.call(index, scripted.circuit(0.1 * index, gates=gates))
    return replace(made, **changes)


def rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def count(path: Path, table: str) -> int:
    return int(rows(path, f"SELECT COUNT(*) FROM {table}")[0][0])


# --- the empty file ---------------------------------------------------------------------------------------------------


def test_a_new_trace_says_what_it_is_and_has_its_tables(path: Path) -> None:
    assert rows(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]
    assert {name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")} == set(TABLES)


def test_the_columns_of_a_call_are_those_of_its_table(path: Path) -> None:
    assert tuple(row[1] for row in rows(path, "PRAGMA table_info(calls)")) == CALL_COLUMNS


def test_facts_given_at_the_start_are_in_it(tmp_path: Path) -> None:
    create(tmp_path / "trace.qdiag", Script("x"), parent="other", kind="notebook")
    with TraceWriter(tmp_path / "trace.qdiag") as writer:
        assert (writer.fact("parent"), writer.fact("kind"), writer.fact("nothing")) == ("other", "notebook", "")


def test_a_trace_where_a_folder_is_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="exists") as caught:
        create(tmp_path, Script("x"))
    assert caught.value.cure


# --- transactions -----------------------------------------------------------------------------------------------------


def test_a_transaction_inside_another_is_part_of_it(path: Path) -> None:
    with TraceWriter(path) as writer:
        with pytest.raises(ZeroDivisionError), writer.transaction():
            write_in_a_transaction_and_fail(writer, call())
        assert writer.calls == 0
    assert count(path, "calls") == 0


def write_in_a_transaction_and_fail(writer: TraceWriter, made: Call) -> None:
    before = writer.calls
    with writer.transaction():
        writer.write(made)
    assert writer.calls == before + 1
    raise ZeroDivisionError


def test_nothing_of_an_open_transaction_is_seen_by_others(path: Path) -> None:
    with TraceWriter(path) as writer, Trace.open(path) as trace:
        with writer.transaction():
            writer.write(call())
            assert trace.refresh() == 0
        assert trace.refresh() == 1


def test_texts_that_were_undone_are_written_again(path: Path) -> None:
    """What the writer remembers of structures and descriptions goes back together with the file."""
    other = call(1, gates=3)
    with TraceWriter(path) as writer:
        writer.write(call(0))
        with pytest.raises(ZeroDivisionError), writer.transaction():
            write_in_a_transaction_and_fail(writer, other)
        assert writer.write(replace(other, index=1)) == 1
    with Trace.open(path) as trace:
        assert same(trace.call(1), replace(other, index=1))


def test_after_a_failure_the_next_transaction_is_a_whole_one(path: Path) -> None:
    with TraceWriter(path) as writer:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError), writer.transaction():
                raise ZeroDivisionError
        writer.write(call())
    assert count(path, "calls") == 1


def test_an_entry_that_cannot_be_written_costs_nothing_else(path: Path) -> None:
    with TraceWriter(path) as writer:
        writer.write(call(0))
        with pytest.raises(sqlite3.Error):
            writer.call(entry_of(call(1))._replace(step=None))  # type: ignore[arg-type]
        assert writer.write(call(1)) == 1
    with Trace.open(path) as trace:
        assert [one.index for one in trace.calls()] == [0, 1]


# --- what is stored once ----------------------------------------------------------------------------------------------


def test_a_training_adds_its_numbers_only(path: Path) -> None:
    with TraceWriter(path) as writer:
        for index in range(20):
            writer.write(call(index))
    assert count(path, "calls") == 20
    assert count(path, "structures") == 1
    # the line, the configuration, and the (empty) list of arguments
    assert count(path, "descriptions") == 3


def test_a_second_writer_finds_the_texts_of_the_first(path: Path) -> None:
    for index in range(3):
        with TraceWriter(path) as writer:
            assert writer.calls == index
            assert writer.write(call(index)) == index
    assert (count(path, "structures"), count(path, "descriptions")) == (1, 3)


def test_a_circuit_as_it_was_written_shares_the_structures(path: Path) -> None:
    ran, wrote = scripted.circuit(0.1), scripted.circuit(0.2, gates=2)
    with TraceWriter(path) as writer:
        writer.write(replace(call(0), circuit=ran, written=wrote))
        writer.write(replace(call(1), circuit=wrote, written=ran))
    assert count(path, "structures") == 2
    with Trace.open(path) as trace:
        one, two = trace.calls()
    assert one.written is not None
    assert two.written is not None
    assert same((one.circuit, one.written), (ran, wrote))
    assert same((two.circuit, two.written), (wrote, ran))


# --- calls ------------------------------------------------------------------------------------------------------------


def test_the_entry_of_a_call_is_what_is_stored_of_it(path: Path) -> None:
    made = call(
        0, written=scripted.circuit(0.7), warnings=("odd",), parent=3, thread=2, layer_dtype="float32", output_container="torch"
    )
    with TraceWriter(path) as writer:
        writer.call(entry_of(made), process=5)
    with Trace.open(path) as trace:
        assert same(trace.call(0), replace(made, process=5, backwards=()))


def test_an_entry_without_more_is_a_call_of_its_defaults(path: Path) -> None:
    whole = entry_of(call())
    entry = Entry(*whole[:7])
    with TraceWriter(path) as writer:
        writer.call(entry)
    with Trace.open(path) as trace:
        found = trace.call(0)
    assert (found.written, found.output_container, found.warnings, found.parent, found.failure) == (None, "numpy", (), None, None)


def test_the_first_failure_of_a_call_stays(path: Path) -> None:
    first, second = Failure("ValueError", "first"), Failure("TypeError", "second", (), "backward")
    with TraceWriter(path) as writer:
        writer.call(entry_of(call(failure=first)))
        with writer.transaction():
            writer.failure(0, second)
        writer.call(entry_of(call(1)))
        with writer.transaction():
            writer.failure(1, second)
    with Trace.open(path) as trace:
        assert [one.failure for one in trace.calls()] == [first, second]


@pytest.mark.parametrize("exact", [(), (True,), (False, True, False)])
def test_which_gradients_are_a_calls_own_is_kept_one_by_one(path: Path, exact: tuple[bool, ...]) -> None:
    backward = Backward((None, np.array(1.0)), tuple(np.array(float(k)) for k in range(len(exact))), exact, create_graph=True)
    with TraceWriter(path) as writer:
        writer.write(call(backwards=(backward, replace(backward, create_graph=False))))
    with Trace.open(path) as trace:
        assert same(trace.call(0).backwards, (backward, replace(backward, create_graph=False)))


def test_an_empty_circuit_is_a_call_too(path: Path) -> None:
    with TraceWriter(path) as writer:
        writer.write(replace(call(), circuit=Circuit((), ()), outputs=()))
    with Trace.open(path) as trace:
        assert trace.call(0).outputs == ()
        assert same(trace.call(0).circuit, Circuit((), ()))


# --- facts and events -------------------------------------------------------------------------------------------------


def test_a_fact_may_be_set_again(path: Path) -> None:
    with TraceWriter(path) as writer:
        writer.meta("exit", "1")
        writer.meta("exit", "0")
        assert writer.fact("exit") == "0"


@pytest.mark.parametrize("number", [None, 0.0, -1.5, math.inf, -math.inf, math.nan, 5e-324])
def test_the_number_of_an_event_is_kept_whatever_it_is(path: Path, number: float | None) -> None:
    with TraceWriter(path) as writer, writer.transaction():
        writer.events([Event("loss", 3, "L1Loss", number), Event("step", 4)])
    with Trace.open(path) as trace:
        found, step = trace.events
    if number is not None and math.isnan(number):
        assert found.number is not None
        assert math.isnan(found.number)
    else:
        assert found == Event("loss", 3, "L1Loss", number)
    assert step == Event("step", 4)
