"""When a QNode itself is looked at beside the script, and how what was seen comes back."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from qdiag.model.probe import Probe
from qdiag.recording import confinement, fork_obstacles, forking, probe_files, probe_schedule, turns
from qdiag.recording.probe_schedule import Prober
from qdiag.trace import call_parser

fcntl = pytest.importorskip("fcntl")


def test_the_turns_are_the_first_call_the_256th_and_each_fourfold() -> None:
    assert [number for number in range(1, 70_000) if probe_schedule.is_due(number)] == [1, 256, 1024, 4096, 16384, 65536]


class Copies:
    """Takes the place of forking: remembers what was to be done in a copy, and keeps the copy's lock while it "runs"."""

    def __init__(self, there_is_one: bool = True) -> None:
        self.there_is_one = there_is_one
        self.works: list[Any] = []
        self.held: list[list[int]] = []
        self.in_the_way = ""
        self.room = 1000
        self.is_confined = True

    def in_a_copy(self, work: Any, keep: list[int], seconds: int, *, gives_way: bool = True) -> bool:
        assert (seconds, gives_way) == (turns.LONGEST, False)
        self.works.append(work)
        if self.there_is_one:
            self.held.append([*map(os.dup, keep)])
        return self.there_is_one

    def obstacle(self, backward_seen: bool) -> str:
        return self.in_the_way

    def confine(self, keep: int, seconds: int, end: Any) -> bool:
        return self.is_confined

    def end_one(self) -> None:
        for file in self.held.pop(0):
            os.close(file)


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Copies:
    made = Copies()
    monkeypatch.setattr(forking, "in_a_copy", made.in_a_copy)
    monkeypatch.setattr(fork_obstacles, "obstacle", made.obstacle)
    monkeypatch.setattr(turns, "has_room", lambda *, for_more: made.room > for_more)
    monkeypatch.setattr(confinement, "confine", made.confine)
    monkeypatch.setattr(turns.Attendant, "attend", lambda attendant, work: work())
    return made


class World:
    """A prober, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.notes: list[str] = []
        self.silenced = 0
        self.trace = folder / "trace.qdiag"
        self.prober = Prober(self.trace, self.notes.append, self._silence)
        self.index = -1

    def _silence(self) -> None:
        self.silenced += 1

    def call(
        self, configuration: str = "circuit", times: int = 1, likeness: object = None, siblings: object = None, followed: bool = True
    ) -> None:
        configuration = sys.intern(configuration)  # stands for the QNode as well, which is one object
        for _ in range(times):
            self.index += 1
            if self.prober.is_waiting(configuration):
                self.prober.release(False)
            ongoing: Any = types.SimpleNamespace(qnode=configuration, args=(1,), kwargs={}, layer="")
            self.prober.probe_if_due(ongoing, self.index, configuration, False, likeness, siblings=siblings, followed=followed)

    @property
    def probed(self) -> list[int]:
        """The calls for which a file was made."""
        return sorted(int(path.name.rpartition("-")[2]) for path in self.trace.parent.glob("trace.qdiag.probe-*"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class TestProbing:
    def test_happens_at_the_first_call_and_not_at_the_next(self, world: World, copies: Copies) -> None:
        world.call(times=100)
        assert world.probed == [0]

    def test_happens_for_each_qnode(self, world: World, copies: Copies) -> None:
        world.call("one", 3)
        world.call("other", 3)
        assert world.probed == [0, 3]

    def test_happens_again_at_the_256th_call(self, world: World, copies: Copies) -> None:
        world.call(times=1030)
        assert world.probed == [0, 255, 1023]

    def test_happens_where_a_qnode_or_one_made_in_its_place_makes_another_circuit(self, world: World, copies: Copies) -> None:
        world.call(times=20, likeness="followed")
        world.call(times=20, likeness="detached")
        world.call(times=20, likeness="followed")
        assert world.probed == [0, 20]

    def test_happens_at_few_circuits_of_a_qnode_that_makes_another_each_time(self, world: World, copies: Copies) -> None:
        for number in range(100):
            world.call(likeness=number)
        assert world.probed == list(range(probe_schedule.FEW))

    def test_of_many_qnodes_happens_at_their_first_calls_whoever_runs(self, world: World, copies: Copies) -> None:
        for _ in range(2):
            for number in range(50):
                world.call(f"qnode {number}", 1)
        assert world.probed == list(range(50))

    def test_of_many_qnodes_happens_in_few_copies(self, world: World, copies: Copies) -> None:
        for number in range(50):
            world.call(f"qnode {number}", 1)
        world.prober.release(False)
        assert [len(files) for files in copies.held] == [1, 1, probe_schedule.TOGETHER, 48 - probe_schedule.TOGETHER]

    def test_of_siblings_happens_at_a_few_that_stand_for_the_others(self, world: World, copies: Copies) -> None:
        for number in range(50):
            world.call(f"qnode {number}", 300, siblings="odd" if number % 2 else "even")
        world.prober.release(False)
        assert [index % 300 for index in world.probed] == [0, 255] * 4
        assert [index // 600 for index in world.probed] == [0] * 4 + [1] * 4

    def test_of_one_that_waits_happens_before_it_is_called_again(self, world: World, copies: Copies) -> None:
        for number in range(6):
            world.call(f"qnode {number}", 1)
        assert world.probed == [0, 1]
        world.call("qnode 0", 1)
        assert world.probed == [0, 1]
        world.call("qnode 5", 1)
        assert world.probed == [0, 1, 2, 3, 4, 5]

    def test_of_those_that_wait_happens_not_where_it_has_become_impossible(self, world: World, copies: Copies) -> None:
        for number in range(6):
            world.call(f"qnode {number}", 1)
        copies.in_the_way = "CUDA is in use"
        world.prober.release(False)
        assert world.probed == [0, 1]
        assert world.notes == ["Probe unavailable: CUDA is in use."]

    def test_of_another_circuit_of_a_known_qnode_waits_for_nobody(self, world: World, copies: Copies) -> None:
        for number in range(4):
            world.call(f"qnode {number}", likeness="one circuit")
        world.call("qnode 0", likeness="another")
        assert world.probed == [0, 1, 4]

    def test_waits_for_a_later_call_where_no_memory_is_free(self, world: World, copies: Copies) -> None:
        copies.room = 0
        for name in "abc":
            world.call(name)
        assert world.probed == [0, 1]
        world.call("c", 5)
        assert world.probed == [0, 1]
        assert world.notes == [probe_schedule.NO_MEMORY]
        copies.end_one()
        world.call("c")
        assert world.probed == [0, 1, 8]

    def test_goes_first_to_what_looks_unlike_all_before_where_little_memory_is_free(self, world: World, copies: Copies) -> None:
        copies.room = 1
        for number in range(9):
            world.call(f"qnode {number}", likeness="alike")
        assert world.probed == [0, 1]
        world.call("the odd one", likeness="odd")
        world.prober.release(False)
        assert world.probed == [0, 1, 9]

    def test_happens_only_so_often_in_a_run(self, world: World, copies: Copies) -> None:
        for number in range(probe_schedule.MOST + 10):
            world.call(f"qnode {number}", likeness=number)
        world.prober.release(False)
        assert world.notes == [probe_schedule.TOO_MANY]
        assert len(world.probed) == probe_schedule.MOST

    def test_is_kept_for_what_looks_unlike_all_before_where_there_are_many_alike(self, world: World, copies: Copies) -> None:
        for number in range(probe_schedule.MOST + 10):
            world.call(f"qnode {number}", likeness="alike")
        world.prober.release(False)
        assert len(world.probed) == probe_schedule.MOST - probe_schedule.KEPT_FREE
        world.call("the odd one", likeness="odd")
        world.prober.release(False)
        assert world.probed[-1] == world.index

    def test_is_said_once_to_be_impossible(self, world: World, copies: Copies) -> None:
        copies.in_the_way = "CUDA is in use"
        world.call("one", 3)
        world.call("other", 3)
        assert world.notes == ["Probe unavailable: CUDA is in use."]
        assert world.probed == []

    def test_is_tried_again_at_the_next_turn_where_it_was_impossible(self, world: World, copies: Copies) -> None:
        copies.in_the_way = "CUDA is in use"
        world.call(times=255)
        copies.in_the_way = ""
        world.call(times=2)
        assert world.probed == [255]

    def test_says_so_where_there_is_no_copy(self, world: World, copies: Copies) -> None:
        copies.there_is_one = False
        world.call()
        assert world.notes == ["Probe unavailable: this process could not be forked."]

    def test_never_writes_into_a_file_that_is_there(self, world: World, copies: Copies) -> None:
        probe_files.probe_path(world.trace, 0).write_text("another's")
        with pytest.raises(FileExistsError):
            world.call()
        assert probe_files.probe_path(world.trace, 0).read_text() == "another's"

    def test_leaves_no_file_open_here(self, world: World, copies: Copies) -> None:
        before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
        copies.there_is_one = False
        for name in "abc":
            world.call(name)
        after = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
        assert after == before


def test_in_the_copy_recording_is_off_and_each_stage_is_written_as_a_line(
    world: World, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    asked: list[Any] = []

    def probes(*given: Any, **named: Any) -> list[Probe]:
        assert world.silenced == 1
        asked.append((given, named))
        return [Probe(0, note="first"), Probe(0, note="last")]

    fake = types.ModuleType("qnode_probe")
    fake.probes = probes  # type: ignore[attr-defined]
    import qdiag.bridges.live

    monkeypatch.setitem(sys.modules, "qdiag.bridges.live.qnode_probe", fake)
    monkeypatch.setattr(qdiag.bridges.live, "qnode_probe", fake, raising=False)
    monkeypatch.setattr(forking, "write_out", lambda file, data: written.append(data))
    monkeypatch.setattr(os, "close", lambda file: None)
    world.call()
    copies.works[0]()
    assert asked == [(("circuit", (1,), {}), {"layer": "", "call": 0, "returned": None, "others": True})]
    assert [call_parser.value_from(Probe, line.decode()).note for line in written] == ["first", "last"]
    assert all(line.endswith(b"\n") for line in written)


@pytest.mark.parametrize(
    ("followed", "others"), [((True, True), [True, True]), ((True, False), [True, False]), ((False, False), [True, False])]
)
def test_other_methods_are_asked_once_of_calls_that_nothing_goes_back_from(
    world: World, copies: Copies, monkeypatch: pytest.MonkeyPatch, followed: tuple[bool, bool], others: list[bool]
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(world.prober, "_start", lambda calls: asked.extend(one.others for one in calls))
    for likeness, goes_back in zip(("five rows", "the whole data set"), followed):
        world.call(likeness=likeness, followed=goes_back)
    assert asked == others


def test_where_the_copy_cannot_be_confined_nothing_is_evaluated(world: World, copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(BaseException):
        pass

    def leave(code: int) -> None:
        raise Gone

    copies.is_confined = False
    monkeypatch.setattr(os, "_exit", leave)
    written: list[bytes] = []
    monkeypatch.setattr(forking, "write_out", lambda file, data: written.append(data))
    world.call()
    with pytest.raises(Gone):
        copies.works[0]()
    assert written == [b"\n# the kernel does not confine it\n"]


@pytest.mark.parametrize(("wanted", "seconds"), [("yes", probe_schedule.SECONDS), ("60", 60), ("0", 1), ("", probe_schedule.SECONDS)])
def test_the_trace_says_how_long_a_probe_may_take(wanted: str, seconds: int) -> None:
    assert probe_schedule.seconds_of(wanted) == seconds


def test_why_qnodes_of_a_kind_are_not_probed_is_said_once(world: World) -> None:
    world.prober.cannot_probe("nobody can look there")
    world.prober.cannot_probe("nobody can look there")
    assert world.notes == ["Probe unavailable: nobody can look there."]
