"""The end of a recording: one file, with what forked processes wrote, and the word on how it ended."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

import numpy as np
import pytest

from qdiag.errors import TraceError
from qdiag.model.call import Backward, Event, Script
from qdiag.model.coverage import Gap, event_of, gap_of
from qdiag.model.probe import Probe
from qdiag.recording import probe_files, settle, side_files, words_left
from qdiag.trace import call_text, schema, writer
from qdiag.trace.reader import Trace
from tests.worlds.scripted import call, circuit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "trace.qdiag"
    writer.create(made, Script("train.py"))
    return made


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of processes are made up here, and may be somebody's."""
    monkeypatch.setattr(side_files, "is_running", lambda process: False)


def record(path: Path, *angles: float, events: tuple[Event, ...] = ()) -> None:
    with writer.TraceWriter(path) as file, file.transaction():
        for index, angle in enumerate(angles):
            file.write(call(index, circuit(angle)))
        file.events(events)


def side(path: Path, process: int, started: float, *angles: float, events: tuple[Event, ...] = ()) -> Path:
    made = side_files.side_path(path, process)
    writer.create(made, Script(""))
    record(made, *angles, events=events)
    with writer.TraceWriter(made) as file:
        file.meta("started", repr(started))
    return made


def angles_of(path: Path) -> list[tuple[int, float]]:
    with Trace.open(path) as trace:
        return [(found.process, float(found.circuit.parameters[0].value)) for found in trace.calls()]


def gaps_of(path: Path) -> list[Optional[Gap]]:
    with Trace.open(path) as trace:
        return [gap_of(event.kind) for event in trace.events]


def test_it_leaves_one_single_file(path: Path) -> None:
    record(path, 0.1)
    side(path, 4242, 1.0, 0.2)
    words_left.mark_stopped(path, "disk full")
    settle.settle(path, Script("train.py", exit_code=0))
    assert os.listdir(path.parent) == [path.name]


def test_a_trace_says_that_it_is_complete_only_then(path: Path) -> None:
    with Trace.open(path) as trace:
        assert not trace.complete
    settle.settle(path, Script("train.py", exit_code=3))
    with Trace.open(path) as trace:
        assert trace.complete
        assert trace.script.exit_code == 3


class TestWhatOtherProcessesRecorded:
    def test_comes_after_the_scripts_own_numbered_by_when_each_began(self, path: Path) -> None:
        record(path, 0.1, 0.2)
        side(path, 7, 20.0, 0.5)
        side(path, 9, 10.0, 0.3, 0.4)
        settle.settle(path, Script("train.py"))
        assert angles_of(path) == [(0, 0.1), (0, 0.2), (1, 0.3), (1, 0.4), (2, 0.5)]

    def test_names_its_parents_by_the_numbers_that_they_have_now(self, path: Path) -> None:
        record(path, 0.1, 0.2)
        made = side(path, 7, 1.0)
        with writer.TraceWriter(made) as file:
            file.write(call(0, circuit(0.3)))
            file.write(call(1, circuit(0.4), parent=0))
        settle.settle(path, Script("train.py"))
        with Trace.open(path) as trace:
            assert [found.parent for found in trace.calls()] == [None, None, None, 2]

    def test_keeps_its_backward_passes(self, path: Path) -> None:
        made = side(path, 7, 1.0)
        passes = tuple(Backward((np.asarray(float(n)),), (np.asarray(0.5),), (True,)) for n in range(3))
        with writer.TraceWriter(made) as file:
            file.write(call(0, circuit(0.3), backwards=passes))
        settle.settle(path, Script("train.py"))
        with Trace.open(path) as trace:
            assert [float(back.cotangents[0]) for back in trace.call(0).backwards] == [0.0, 1.0, 2.0]  # type: ignore[arg-type]

    def test_keeps_its_events_after_the_calls_that_they_came_after(self, path: Path) -> None:
        record(path, 0.1, 0.2)
        given = (
            Event("step", 1),
            Event("loss", 1, number=0.5),
            Event("backward warning", 1, "careful", 0),
            Event("backward warning", 1, "lost"),
        )
        side(path, 7, 1.0, 0.3, events=given)
        settle.settle(path, Script("train.py"))
        with Trace.open(path) as trace:
            warned, lost, unseen = trace.events
            assert warned == Event("backward warning", 3, "careful", 2)
            assert lost == Event("backward warning", 3, "lost", None)
            # steps and losses of two trainings are not told apart: one alone is looked at, and that is said
            assert gap_of(unseen.kind) is Gap.NO_FACTS

    @pytest.mark.parametrize("damage", [b"", b"not a database at all, whatever its name says"])
    def test_costs_only_itself_where_it_is_damaged_and_that_is_said(self, path: Path, damage: bytes) -> None:
        record(path, 0.1)
        side_files.side_path(path, 7).write_bytes(damage)
        side(path, 9, 5.0, 0.3)
        settle.settle(path, Script("train.py"))
        assert [angle for _, angle in angles_of(path)] == [0.1, 0.3]
        assert gaps_of(path) == [Gap.PROCESS]
        assert os.listdir(path.parent) == [path.name]

    def test_does_not_include_files_that_only_look_like_it(self, path: Path) -> None:
        strangers = [path.with_name(f"{path.name}.process-{tail}") for tail in ("notes", "7x")]
        for stranger in strangers:
            stranger.write_text("the user's own")
        settle.settle(path, Script("train.py"))
        assert all(stranger.read_text() == "the user's own" for stranger in strangers)


class TestTheMarkOfARecordingThatHadToStop:
    def test_becomes_a_warning_after_the_last_call(self, path: Path) -> None:
        record(path, 0.1, 0.2)
        words_left.mark_stopped(path, "database or disk is full")
        settle.settle(path, Script("train.py"))
        with Trace.open(path) as trace:
            words = "The recording stopped before the script ended: database or disk is full."
            assert trace.events == (Event(event_of(Gap.STOPPED), 2, words),)

    def test_holds_what_a_file_name_may_hold(self, path: Path) -> None:
        words_left.mark_stopped(path, "x" * 5000)
        assert words_left.read_link(path) == "x" * 50

    def test_the_first_reason_stays(self, path: Path) -> None:
        words_left.mark_stopped(path, "first")
        words_left.mark_stopped(path, "second")
        assert words_left.read_link(path) == "first"

    def test_where_it_cannot_be_left_nothing_is_raised(self, tmp_path: Path) -> None:
        words_left.mark_stopped(tmp_path / "no" / "such" / "folder", "reason")

    def test_without_one_nothing_is_said(self, path: Path) -> None:
        settle.settle(path, Script("train.py"))
        with Trace.open(path) as trace:
            assert trace.events == ()


def test_what_probes_saw_becomes_part_of_it(path: Path) -> None:
    for index in (11, 2):
        probe_files.probe_path(path, index).write_text(call_text.text_of(Probe(index, note=f"seen at {index}")) + "\n")
    settle.settle(path, Script("train.py"))
    with Trace.open(path) as trace:
        assert [(probe.call, probe.note) for probe in trace.probes] == [(2, "seen at 2"), (11, "seen at 11")]


def test_a_trace_that_is_gone_is_an_error_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be completed") as caught:
        settle.settle(tmp_path / "trace.qdiag", Script("train.py"))
    assert "record again" in caught.value.cure


class TestARecorderThatSaidNothingAtTheEnd:
    """Another program takes the place of the script's, and ends well."""

    def record(self, path: Path, ended: bool) -> None:
        with writer.TraceWriter(path) as file:
            file.meta("environment", "{}")
            if ended:
                file.meta(schema.ENDED, "yes")

    @pytest.mark.parametrize(
        ("exit_code", "ended", "gaps"), [(0, False, [Gap.PROCESS]), (0, True, []), (1, False, []), (-9, False, []), (None, False, [])]
    )
    def test_is_told_where_all_seems_well(self, path: Path, exit_code: Optional[int], ended: bool, gaps: list[Gap]) -> None:
        self.record(path, ended)
        settle.settle(path, Script("train.py", exit_code=exit_code))
        assert gaps_of(path) == gaps

    def test_is_not_where_it_said_why_it_stopped(self, path: Path) -> None:
        self.record(path, False)
        words_left.mark_stopped(path, "disk full")
        settle.settle(path, Script("train.py", exit_code=0))
        assert gaps_of(path) == [Gap.STOPPED]

    def test_is_not_where_no_framework_was_loaded(self, path: Path) -> None:
        settle.settle(path, Script("train.py", exit_code=0))
        assert gaps_of(path) == []
