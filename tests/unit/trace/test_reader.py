"""The trace file: what is written comes back, while it grows, after a kill, and never from a file that is something else."""

from __future__ import annotations

import contextlib
import json
import math
import multiprocessing
import os
import shutil
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from qdiag.errors import OutputError, TraceError
from qdiag.model.call import Argument, Backward, Call, Configuration, Environment, Event, Failure, Script, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.coverage import Gap, gap_of
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.model.probe import Probe
from qdiag.recording import side_files
from qdiag.recording.settle import settle
from qdiag.recording.side_files import side_path
from qdiag.recording.words_left import mark_stopped
from qdiag.trace.call_text import text_of
from qdiag.trace.reader import Trace
from qdiag.trace.schema import APPLICATION_ID
from qdiag.trace.writer import TraceWriter, create
from tests.worlds.sameness import same

SCRIPT = Script("train.py", ("default.qubit", "backprop"))


def rotation(angle: float) -> Circuit:
    gate = Node("RX", (Parameter(np.array(angle), "torch", True),), (Wires((0,)), ()), (0,))
    return Circuit((gate,), (Node("ExpectationMP", (), None, (0,)),))


def call(index: int = 0, **changes: Any) -> Call:
    source = SourceLine("train.py", 31, "forward")
    configuration = Configuration(
        "Model.qnode",
        source,
        "default.qubit",
        device_wires=(0, "a"),
        interface="torch",
        requested="best",
        resolved="backprop",
        gradient_options=(("h", 1e-7),),
        layer="TorchLayer",
    )
    made = Call(
        index=index,
        step=index,
        source=source,
        configuration=configuration,
        arguments=(Argument("inputs", "torch", "float32", (5, 2), True),),
        circuit=rotation(0.1 * index),
        outputs=(np.array([0.25, -1.0]), np.array(3, np.float32)),
        output_container="torch",
        layer_dtype="float32",
        backwards=(Backward((np.ones(2), None), (np.array(0.5, np.float32), None), (True, False), True),),
        warnings=("UserWarning: Casting complex values",),
    )
    return replace(made, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "trace.qdiag", SCRIPT)
    return tmp_path / "trace.qdiag"


def written(path: Path, *calls: Call) -> Path:
    with TraceWriter(path) as writer:
        for one in calls:
            writer.write(one)
    return path


def test_calls_that_warned_are_found_without_reading_the_others(path: Path) -> None:
    with Trace.open(written(path, call(0, warnings=()), call(1), call(2, warnings=()), call(3))) as trace:
        assert [found.index for found in trace.calls_that_warned()] == [1, 3]


def test_a_call_comes_back_as_it_was(path: Path) -> None:
    calls = [
        call(0),
        call(1, written=rotation(7.0), parent=0, thread=2),
        call(2, outputs=None, failure=Failure("WireError", "no wire 7", ("pennylane:run:3",), "forward", True), backwards=()),
    ]
    with Trace.open(written(path, *calls)) as trace:
        assert len(trace) == 3
        assert all(same(mine, theirs) for mine, theirs in zip(trace.calls(), calls))


def test_numbers_keep_their_bits_and_dtypes(path: Path) -> None:
    odd = (np.array([np.nan, -0.0, np.inf]), np.array(1 + 2j, np.complex64), np.zeros((0, 3), np.int8))
    with Trace.open(written(path, call(outputs=odd))) as trace:
        outputs = trace.call(0).outputs
    assert outputs is not None
    assert [(o.dtype, o.shape, o.tobytes()) for o in outputs] == [(o.dtype, o.shape, o.tobytes()) for o in odd]


def test_the_first_call_of_each_structure_comes_in_order_however_often_the_structure_comes_back(path: Path) -> None:
    other, third = replace(rotation(0.0), measurements=()), replace(rotation(0.0), operations=())
    circuits = [rotation(0.0), other, rotation(1.0), third, other]
    with Trace.open(written(path, *(call(index, circuit=circuit) for index, circuit in enumerate(circuits)))) as trace:
        assert trace.first_of_each_structure() == (0, 1, 3)
        assert trace.first_of_each_structure(2) == (0, 1)


def test_each_structure_is_stored_once(path: Path) -> None:
    other = replace(rotation(0.0), measurements=())
    with Trace.open(written(path, *(call(i) for i in range(50)), call(50, circuit=other))) as trace:
        assert trace.structure_of(0) == trace.structure_of(49) != trace.structure_of(50)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT COUNT(*) FROM structures").fetchone() == (2,)


def test_what_the_user_calls_the_numbers_of_a_circuit_is_known_of_every_call_like_the_one_that_told(path: Path) -> None:
    other = replace(rotation(0.0), measurements=())
    elsewhere = replace(call().configuration, qnode="other")
    calls = call(0), call(1), call(2, circuit=other), call(3, configuration=elsewhere)
    with TraceWriter(written(path, *calls)) as writer, writer.transaction():
        writer.events([Event("named", 1, '["weights[0]"]', 0), Event("named", 1, '["too", "many"]', 2), Event("named", 1, '["a"]', 9)])
    with Trace.open(path) as trace:
        assert [trace.named(one) for one in trace.calls()] == [("weights[0]",), ("weights[0]",), (), ()]


def test_environment_events_and_script_come_back(path: Path) -> None:
    environment = Environment("3.11", "Linux", (("torch", "2.0"),), ("default.qubit",), (("threads", 1),))
    events = (Event("step", 0), Event("loss", 1, number=0.5), Event("loss", 1, number=math.inf), Event("note", 2, "text"))
    with TraceWriter(path) as writer:
        writer.meta("environment", text_of(environment))
        with writer.transaction():
            writer.events(events)
    with Trace.open(path) as trace:
        assert (trace.environment, trace.events, trace.script) == (environment, events, SCRIPT)


def test_a_loss_that_is_no_number_stays_none(path: Path) -> None:
    with TraceWriter(path) as writer, writer.transaction():
        writer.events([Event("loss", 0, number=math.nan)])
    with Trace.open(path) as trace:
        number = trace.events[0].number
        assert number is not None
        assert math.isnan(number)


def test_an_empty_trace_is_a_trace(path: Path) -> None:
    with Trace.open(path) as trace:
        assert (len(trace), trace.events, trace.first_of_each_structure(), trace.environment) == (0, (), (), Environment())


def test_it_can_be_read_while_it_grows(path: Path) -> None:
    with TraceWriter(path) as writer, Trace.open(path) as trace:
        for index in range(5):
            writer.write(call(index))
            assert trace.refresh() == index + 1
            assert trace.call(index).step == index
        assert not trace.complete


def test_what_fails_halfway_is_not_there(path: Path) -> None:
    with TraceWriter(path) as writer:
        writer.write(call(0))
        with pytest.raises(ZeroDivisionError):
            write_and_fail(writer)
        assert writer.write(call(2, circuit=replace(rotation(0.0), measurements=()))) == 1
    with Trace.open(path) as trace:
        assert [one.step for one in trace.calls()] == [0, 2]


def write_and_fail(writer: TraceWriter) -> None:
    with writer.transaction():
        writer.write(call(1, circuit=replace(rotation(0.0), measurements=())))
        raise ZeroDivisionError


def write_forever(path: str, ready: Any) -> None:
    with TraceWriter(Path(path)) as writer:
        index = 0
        while True:
            writer.write(call(index))
            index += 1
            if index == 20:
                ready.set()


def test_a_killed_writer_loses_nothing_that_was_written(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=write_forever, args=(str(path), ready))
    process.start()
    assert ready.wait(60)
    process.kill()
    process.join()
    with Trace.open(path) as trace:
        assert len(trace) >= 20
        assert [one.index for one in trace.calls()] == list(range(len(trace)))
    assert not os.path.exists(f"{path}-wal")


def test_settling_leaves_one_complete_file(path: Path) -> None:
    writer = TraceWriter(path)
    writer.write(call())
    writer.close()
    settle(path, replace(SCRIPT, exit_code=-9))
    assert os.listdir(path.parent) == [path.name]
    with Trace.open(path) as trace:
        assert trace.complete
        assert trace.script.exit_code == -9


def test_what_other_processes_recorded_becomes_part_of_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_files, "is_running", lambda process: False)
    written(path, call(0), call(1))
    for number, process in enumerate((4321, 77)):
        side = side_path(path, process)
        create(side, Script(""))
        with TraceWriter(side) as writer:
            writer.write(call(0, step=10 + number))
            writer.write(call(1, step=20 + number, parent=0))
            with writer.transaction():
                writer.events([Event("note", 1)])
    settle(path, SCRIPT)
    assert os.listdir(path.parent) == [path.name]
    with Trace.open(path) as trace:
        found = [(one.index, one.step, one.process, one.parent) for one in trace.calls()]
        assert found == [(0, 0, 0, None), (1, 1, 0, None), (2, 10, 1, None), (3, 20, 1, 2), (4, 11, 2, None), (5, 21, 2, 4)]
        assert [event.after for event in trace.events if event.kind == "note"] == [3, 5]


def test_a_damaged_side_file_costs_only_itself(path: Path) -> None:
    written(path, call())
    side_path(path, 5).write_bytes(b"SQLite format 3\0 and no more")
    settle(path, SCRIPT)
    with Trace.open(path) as trace:
        assert len(trace) == 1


def test_a_recording_that_had_to_stop_says_why(path: Path) -> None:
    mark_stopped(path, "database or disk is full")
    settle(path, SCRIPT)
    with Trace.open(path) as trace:
        assert [gap_of(event.kind) for event in trace.events] == [Gap.STOPPED]
        assert "disk is full" in trace.events[0].text
    assert os.listdir(path.parent) == [path.name]


def test_a_trace_in_a_folder_that_cannot_be_written_can_be_read(path: Path) -> None:
    written(path, call())
    settle(path, SCRIPT)
    path.chmod(stat.S_IRUSR)
    path.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with Trace.open(path) as trace:
            assert same(trace.call(0), call())
    finally:
        path.parent.chmod(stat.S_IRWXU)


# --- what is no trace -------------------------------------------------------------------------------------------------


def text(path: Path) -> None:
    path.write_text("print('hello')")


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    return


def foreign_database(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE calls (id)")


def newer(path: Path) -> None:
    create(path, SCRIPT)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 2")


def cut(path: Path) -> None:
    create(path, SCRIPT)
    written(path, *(call(index) for index in range(20)))
    settle(path, SCRIPT)
    path.write_bytes(path.read_bytes()[:5000])


def other_tables(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute("CREATE VIEW calls AS SELECT load_extension('evil')")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (text, "not a trace"),
        (nothing, "not a trace"),
        (folder, "no trace"),
        (missing, "no trace"),
        (foreign_database, "not a trace"),
        (newer, "newer"),
        (cut, "damaged"),
        (other_tables, "tables"),
    ],
)
def test_anything_else_is_refused_with_cause_and_cure(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "trace.qdiag"
    make(path)
    with pytest.raises(TraceError, match=words) as caught, Trace.open(path) as trace:
        list(trace.calls())
    assert caught.value.cure


COLUMNS = ("source", "configuration", "arguments", "structure", "numbers", "outputs", "container")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("value", [None, 10**9, b"\xff\xfe", "nonsense", 1.5])
def test_a_damaged_field_is_a_trace_error(path: Path, column: str, value: object) -> None:
    written(path, call())
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE copy AS SELECT * FROM calls")
        database.execute("DROP TABLE calls")
        database.execute("ALTER TABLE copy RENAME TO calls")
        database.execute(f"UPDATE calls SET {column} = ?", (value,))
    with Trace.open(path) as trace:
        if column == "outputs" and value is None:
            assert trace.call(0).outputs is None
        else:
            with pytest.raises(TraceError):
                trace.call(0)


def test_a_call_that_is_not_there_is_named(path: Path) -> None:
    with Trace.open(written(path, call())) as trace, pytest.raises(TraceError, match="no call 7"):
        trace.call(7)


def test_an_existing_trace_is_never_written_over(path: Path) -> None:
    with pytest.raises(OutputError, match="exists"):
        create(path, SCRIPT)


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        create(tmp_path / "no" / "trace.qdiag", SCRIPT)


def test_a_copy_taken_while_it_grows_is_a_trace(path: Path, tmp_path: Path) -> None:
    with TraceWriter(path) as writer:
        writer.write(call())
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", tmp_path / f"copy.qdiag{suffix}")
    with Trace.open(tmp_path / "copy.qdiag") as trace:
        assert same(trace.call(0), call())


# --- facts about the whole recording ----------------------------------------------------------------------------------


def with_facts(path: Path, **facts: str) -> Path:
    with TraceWriter(path) as writer:
        for name, fact in facts.items():
            writer.meta(name.replace("_", "-"), fact)
    return path


def test_when_it_began_is_in_it(path: Path) -> None:
    before = path.stat().st_mtime
    with Trace.open(path) as trace:
        assert trace.start_time == pytest.approx(before, abs=60)


@pytest.mark.parametrize(
    ("facts", "read"),
    [
        ({"started": "yesterday"}, lambda trace: trace.start_time),
        ({"environment": "[]"}, lambda trace: trace.environment),
        ({"script": "nonsense"}, lambda trace: trace.script),
        ({"failure": "{}}"}, lambda trace: trace.script),
        ({"probe_0": "{}"}, lambda trace: trace.probes),
        ({"probe_0": "null"}, lambda trace: trace.probes),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_fact_that_nobody_wrote_is_a_trace_error_with_a_cure(
    path: Path, facts: dict[str, str], read: Callable[[Trace], object]
) -> None:
    with Trace.open(with_facts(path, **facts)) as trace, pytest.raises(TraceError) as caught:
        read(trace)
    assert caught.value.cure


def test_a_recording_of_which_nothing_is_known_is_one_all_the_same(path: Path) -> None:
    with_facts(path, started="", script=text_of(Script("")), environment="")
    with Trace.open(path) as trace:
        assert trace.start_time == 0
        assert trace.environment == Environment()
        assert trace.script == Script("")


def test_probes_come_in_the_order_of_their_calls(path: Path) -> None:
    probes = {f"probe_{k}": text_of(Probe(call, note=f"number {k}")) for k, call in enumerate((30, 4, 100))}
    with Trace.open(with_facts(path, **probes)) as trace:
        assert [(probe.call, probe.note) for probe in trace.probes] == [(4, "number 1"), (30, "number 0"), (100, "number 2")]


def test_the_failure_that_ended_the_script_is_part_of_it(path: Path) -> None:
    failure = Failure("ValueError", "no", (), "forward")
    with Trace.open(with_facts(path, failure=text_of(failure), script=text_of(replace(SCRIPT, exit_code=1)))) as trace:
        assert trace.script == replace(SCRIPT, exit_code=1, failure=failure)


def test_only_a_recording_that_was_ended_is_complete(path: Path) -> None:
    with Trace.open(path) as trace:
        assert not trace.complete
    with Trace.open(with_facts(path, complete="no")) as trace:
        assert not trace.complete
    with Trace.open(with_facts(path, complete="yes")) as trace:
        assert trace.complete


# --- calls ------------------------------------------------------------------------------------------------------------


def test_backward_passes_come_in_their_order_whatever_the_order_of_writing(path: Path) -> None:
    one, two = (Backward((np.array(float(k)),), (None,), (False,)) for k in range(2))
    with TraceWriter(path) as writer:
        writer.write(call(backwards=()))
        with writer.transaction():
            writer.backward(0, 1, two)
            writer.backward(0, 0, one)
    with Trace.open(path) as trace:
        assert same(trace.call(0).backwards, (one, two))


def test_calls_that_came_after_the_last_look_are_not_counted_and_are_there_when_asked_for(path: Path) -> None:
    with TraceWriter(path) as writer, Trace.open(path) as trace:
        writer.write(call(0))
        assert len(trace) == 0
        assert list(trace.calls()) == []
        assert trace.first_of_each_structure() == ()
        assert trace.call(0).index == 0
        assert trace.refresh() == len(trace) == 1
        assert trace.first_of_each_structure() == (0,)


@pytest.mark.parametrize("index", [-1, 1, 10**30])
def test_a_structure_of_a_call_that_is_not_there_is_an_error(path: Path, index: int) -> None:
    with Trace.open(written(path, call())) as trace, pytest.raises(TraceError):
        trace.structure_of(index)


def test_the_last_reader_of_a_settled_trace_leaves_one_file(path: Path) -> None:
    written(path, call())
    early = Trace.open(path)
    with TraceWriter(path) as writer:
        writer.write(call(1))
        writer.meta("complete", "yes")
    early.close()
    assert os.listdir(path.parent) == [path.name]


def test_the_first_differentiated_call_of_a_structure_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "trace.qdiag"
    create(path, SCRIPT)
    with TraceWriter(path) as writer:
        for index, backwards in enumerate(((), (Backward((np.ones(2), None)),), (), (Backward((np.ones(2), None)),))):
            writer.write(call(index, circuit=rotation(0.1), backwards=backwards, failure=None))
    with Trace.open(path) as trace:
        assert trace.first_of_each_structure() == (0,)
        assert trace.first_of_each_structure(apart=True) == (0, 1)
        assert [trace.is_differentiated(index) for index in range(4)] == [False, True, False, True]
        assert not trace.handed


def test_the_first_call_that_is_differentiated_twice_may_come_behind_one_that_is_not(tmp_path: Path) -> None:
    path = tmp_path / "trace.qdiag"
    create(path, SCRIPT)
    with TraceWriter(path) as writer:
        for index, twice in enumerate((False, True, True)):
            passes = (Backward((np.ones(2), None), create_graph=twice),)
            writer.write(call(index, circuit=rotation(0.1), backwards=passes, failure=None))
    with Trace.open(path) as trace:
        assert trace.first_differentiated_twice() == (1,)


def test_a_call_that_raised_counts_as_differentiated(tmp_path: Path) -> None:
    path = tmp_path / "trace.qdiag"
    create(path, SCRIPT, handed="yes")
    with TraceWriter(path) as writer:
        writer.write(call(0, backwards=(), failure=Failure("ValueError", "no", stage="backward")))
    with Trace.open(path) as trace:
        assert trace.is_differentiated(0)
        assert trace.handed


@pytest.mark.parametrize(("interface", "old", "read"), [("autograd", True, -1j), ("autograd", False, 1j), ("torch", True, 1j)])
def test_what_an_older_trace_holds_in_autograds_convention_is_read_in_torchs(
    tmp_path: Path, interface: str, old: bool, read: complex
) -> None:
    path = tmp_path / "trace.qdiag"
    create(path, SCRIPT)
    configuration = replace(call().configuration, interface=interface)
    with TraceWriter(path) as writer:
        writer.write(call(0, configuration=configuration, backwards=(Backward((np.array(1j),), (np.array(1j), None), (True, False)),)))
        if old:
            writer.meta("convention", "")
    with Trace.open(path) as trace:
        (backward,) = trace.call(0).backwards
    assert backward.cotangents[0] == read
    assert backward.gradients[0] == read


# --- cells that nobody wrote ------------------------------------------------------------------------------------------------

CELLS = [
    *["calls.step", "calls.source", "calls.configuration", "calls.arguments", "calls.structure", "calls.numbers", "calls.outputs"],
    *["calls.container", "calls.layer_dtype", "calls.warnings", "calls.parent", "calls.process", "calls.thread", "calls.written"],
    *["backwards.cotangents", "backwards.gradients", "backwards.exact", "events.kind", "events.after", "events.text", "events.number"],
    *["failures.text", "descriptions.text", "structures.text", "structures.key", "meta.text"],
]
ODD_CELLS = ["3", "-1", "9e999", "0.5", "x'ff00'", "'text'", "''", "zeroblob(8)", "9223372036854775807", "cast(x'ff' AS TEXT)"]


def read_all(path: Path) -> None:
    """Everything that a trace holds."""
    with Trace.open(path) as trace:
        for call in trace.calls():
            assert isinstance(call, Call)
        trace.first_of_each_structure(apart=True)
        [trace.structure_of(index) for index in range(len(trace))]
        list(trace.calls_that_warned())
        assert trace.start_time == trace.start_time
        assert all(isinstance(event.text, str) for event in trace.events)
        trace.environment, trace.script, trace.probes, trace.step_probes, trace.complete  # noqa: B018


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("odd", ODD_CELLS)
def test_an_odd_cell_is_damage_or_as_good_as_another(tmp_path: Path, cell: str, odd: str) -> None:
    path = tmp_path / "trace.qdiag"
    create(path, SCRIPT)
    with TraceWriter(path) as writer:
        for index in range(2):
            writer.write(call(index, warnings=("one",), failure=Failure("E", "x"), parent=0))
        writer.events([Event("step", 1, "Adam", 0.5)])
    table, column = cell.split(".")
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute(f"UPDATE OR IGNORE {table} SET {column} = {odd}")
    with contextlib.suppress(TraceError):
        read_all(path)


def test_a_definition_that_is_no_text_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "trace.qdiag"
    create(path, SCRIPT)
    with TraceWriter(path) as writer:
        writer.write(call())
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE calls", b"CRE\xa1TE TABLE calls"))
    with pytest.raises(TraceError, match="damaged"):
        read_all(path)


@pytest.mark.parametrize("name", ["float32); import os", "ones", "cuda", "FLOAT32", 7, None])
def test_what_torch_cannot_make_its_default_is_never_looked_up(tmp_path: Path, name: Any) -> None:
    path = tmp_path / "trace.qdiag"
    create(path, SCRIPT)
    with TraceWriter(path) as writer:
        writer.write(call())
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for key, text in database.execute("SELECT id, text FROM descriptions").fetchall():
            told = json.loads(text)
            if isinstance(told, dict) and "qnode" in told:
                database.execute("UPDATE descriptions SET text = ? WHERE id = ?", (json.dumps({**told, "default_dtype": name}), key))
    with pytest.raises(TraceError):
        read_all(path)


def test_what_counts_is_a_number_and_a_loss_may_be_none(tmp_path: Path) -> None:
    path = tmp_path / "trace.qdiag"
    create(path, SCRIPT)
    with TraceWriter(path) as writer:
        writer.events(
            [Event("loss", 1, "", math.nan), Event("loss", 1, "", math.inf), Event("note", 1, "nan"), Event("step", 1, "", 0.0)]
        )
    with Trace.open(path) as trace:
        assert [(event.kind, str(event.number)) for event in trace.events] == [
            ("loss", "nan"), ("loss", "inf"), ("note", "None"), ("step", "0.0"),
        ]  # fmt: skip
    for odd in ("9e999", "'x'"):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute(f"UPDATE events SET number = {odd} WHERE kind = 'step'")
        with Trace.open(path) as trace, pytest.raises(TraceError):
            trace.events  # noqa: B018
