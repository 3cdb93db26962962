"""Processes beside the script's own: each with a file of its own, and taken in in an order that their names tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

import pytest

from qdiag.model.call import Environment, Event, Process, Script
from qdiag.model.coverage import Gap, gap_of
from qdiag.recording import settle, side_files
from qdiag.trace import call_text, schema, writer
from qdiag.trace.reader import Trace
from tests.worlds.scripted import call, circuit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "trace.qdiag"
    writer.create(made, Script("train.py"))
    return made


def record(path: Path, calls: int, *kinds: str, name: Optional[str] = None) -> None:
    with writer.TraceWriter(path) as file, file.transaction():
        for index in range(calls):
            file.write(call(index, circuit(0.1)))
        file.events(Event(kind, calls) for kind in kinds)
        if name is not None:
            file.meta(schema.PROCESS_NAME, name)


def side(path: Path, process: int, name: str, calls: int, *kinds: str) -> Path:
    made = side_files.side_path(path, process)
    writer.create(made, Script(""))
    record(made, calls, *kinds, name=name)
    return made


def settled(path: Path) -> tuple[tuple[Process, ...], list[int], list[Optional[Gap]]]:
    settle.settle(path, Script("train.py"))
    with Trace.open(path) as trace:
        return trace.processes, [one.process for one in trace.calls()], [gap_of(event.kind) for event in trace.events]


class TestTheOrder:
    def test_is_that_of_names_with_numbers_as_numbers(self, path: Path) -> None:
        for process, name in enumerate(["rank 10", "rank 9", "rank 9, Process-1"], start=1 << 22):
            side(path, process, name, 1)
        assert [one.name for one in side_files.sides_of(path)] == ["rank 9", "rank 9, Process-1", "rank 10"]

    def test_is_that_of_time_where_names_tell_nothing(self, path: Path) -> None:
        for process, started in ((7, 2.0), (8, 1.0)):
            with writer.TraceWriter(side(path, process, "child.py", 1)) as file:
                file.meta("started", repr(started))
        assert [one.process for one in side_files.sides_of(path)] == [8, 7]


class TestTakingIn:
    def test_each_process_keeps_its_own_numbering(self, path: Path) -> None:
        record(path, 2)
        side(path, 1 << 22, "rank 1", 3)
        processes, numbers, _ = settled(path)
        assert processes == (Process("", 0, 2), Process("rank 1", 2, 3))
        assert numbers == [0, 0, 1, 1, 1]

    def test_where_the_script_itself_calls_nothing_the_first_of_the_others_stands_for_it(self, path: Path) -> None:
        side(path, 1 << 22, "rank 0", 2, "step")
        side(path, (1 << 22) + 1, "rank 1", 2, "step")
        processes, numbers, gaps = settled(path)
        assert [process.name for process in processes] == ["rank 0", "rank 1"]
        assert numbers == [0, 0, 1, 1]
        with Trace.open(path) as trace:
            assert [event.after for event in trace.events if event.kind == "step"] == [2]
        assert gaps[-1] is Gap.NO_FACTS

    def test_a_trace_of_one_process_lists_none(self, path: Path) -> None:
        record(path, 2)
        assert settled(path)[0] == ()

    def test_the_stack_is_known_where_only_others_have_loaded_it(self, path: Path) -> None:
        made = side(path, 1 << 22, "rank 0", 1)
        with writer.TraceWriter(made) as file:
            file.meta("environment", call_text.text_of(Environment(python="3.12.1")))
        settled(path)
        with Trace.open(path) as trace:
            assert trace.environment.python == "3.12.1"

    def test_a_process_that_runs_on_is_told(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(side_files, "PATIENCE", 0.0)
        side(path, os.getpid(), "daemon", 1)
        assert settled(path)[2] == [Gap.PROCESS]

    def test_one_that_ends_meanwhile_is_not(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        states = iter([True, True, False])
        monkeypatch.setattr(side_files, "is_running", lambda process: next(states))
        side(path, 7, "worker", 1)
        (one,) = side_files.sides_of(path)
        assert side_files.wait_for_ends([one], lambda seconds: None) == []


class TestMaking:
    def test_a_number_that_is_given_again_gets_a_file_of_its_own(self, path: Path) -> None:
        first, second = side_files.make_side_file(path), side_files.make_side_file(path)
        assert first != second
        assert {one.process for one in side_files.sides_of(path)} == {os.getpid()}

    def test_a_trace_that_is_settled_takes_nothing_more(self, path: Path) -> None:
        settle.settle(path, Script("train.py"))
        with pytest.raises(side_files.SettledError):
            side_files.make_side_file(path)
        assert os.listdir(path.parent) == [path.name]


class TestTheName:
    @pytest.fixture(autouse=True)
    def plain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("RANK", "WORLD_SIZE"):
            monkeypatch.delenv(name, raising=False)

    def test_is_the_rank_where_there_are_ranks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RANK", "1")
        assert "rank" not in side_files.process_name()
        monkeypatch.setenv("WORLD_SIZE", "2")
        assert side_files.process_name() == "rank 1"

    @pytest.mark.parametrize(("argv", "name"), [("-c", "python -c"), ("", "python "), ("/home/me/child.py", "child.py")])
    def test_is_the_script_where_nothing_else_tells(self, monkeypatch: pytest.MonkeyPatch, argv: str, name: str) -> None:
        monkeypatch.setattr("sys.argv", [argv])
        assert side_files.process_name() == name


def test_a_process_that_is_gone_does_not_run() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    while side_files.is_running(child):
        pass  # once it has ended it is a zombie until somebody waits for it, and runs no more
    os.waitpid(child, 0)
    assert not side_files.is_running(child)
    assert side_files.is_running(os.getpid())
