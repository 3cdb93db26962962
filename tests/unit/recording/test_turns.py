"""Copies that attend to a probe: how it takes its turn, what it may take, and what is said of one that does not come to its end."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qdiag.recording import forking, turns
from qdiag.recording.probe_files import is_running

fcntl = pytest.importorskip("fcntl")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no safe fork elsewhere")


class World:
    """A trace, and copies of this process that attend to work."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / "trace.qdiag"
        self.number = 0

    def begin(self, work: Callable[[], object], *, seconds: int = 20, home: int = 0) -> Path:
        """Have work done whose answer is written to the file."""
        self.number += 1
        path = self.trace.with_name(f"seen-{self.number}")
        file = os.open(path, os.O_CREAT | os.O_RDWR)
        fcntl.flock(file, fcntl.LOCK_EX)
        attendant = turns.Attendant(self.trace, file, seconds, home or os.getpid())

        def answer() -> None:
            forking.write_out(file, f"{work()}\n".encode())

        assert forking.in_a_copy(lambda: attendant.attend(answer), (file,), 60, gives_way=False)
        os.close(file)
        return path

    def see(self, path: Path) -> str:
        """What was written, as soon as the copy is gone."""
        until = time.monotonic() + 30
        while is_running(path) and time.monotonic() < until:
            time.sleep(0.02)
        assert not is_running(path)
        return path.read_text(encoding="utf-8").strip() if path.exists() else ""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    for path in tmp_path.glob("seen-*"):
        path.unlink()
    turns.forget(made.trace)


def compute() -> str:
    while True:
        pass


def test_beside_the_script_it_gives_way_and_afterwards_it_need_not(world: World) -> None:
    nice = os.nice(0)
    assert world.see(world.begin(lambda: os.nice(0))) == str(min(19, nice + forking.NICENESS))
    turns.announce_end(world.trace)
    assert world.see(world.begin(lambda: os.nice(0))) == str(nice)


def test_time_is_that_of_the_processor_and_what_takes_more_of_it_is_ended_and_says_so(world: World) -> None:
    said = world.see(world.begin(compute, seconds=1))
    assert said == "# it took more than 1 s of processor time; qdiag trace --limit 6 gives it 2 s"


def test_time_that_others_take_counts_for_nothing(world: World) -> None:
    assert world.see(world.begin(lambda: time.sleep(1.5) or "seen", seconds=1)) == "seen"


def test_what_waits_for_ever_is_ended_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "IDLE", 0.5)
    assert world.see(world.begin(lambda: time.sleep(60))) == f"# {turns.STUCK}"


def test_what_crashes_says_so(world: World) -> None:
    assert world.see(world.begin(lambda: os.kill(os.getpid(), signal.SIGSEGV))) == "# it crashed (SIGSEGV)"


def test_what_would_have_reached_outside_says_so(world: World) -> None:
    assert world.see(world.begin(lambda: os.kill(os.getpid(), signal.SIGSYS))) == f"# {forking.OUTSIDE}"


def test_random_numbers_are_those_that_the_script_would_draw(world: World) -> None:
    random.seed(7)
    before = random.getstate()
    path = world.begin(random.random)
    assert random.getstate() == before
    assert world.see(path) == str(random.random())


def test_only_so_many_compute_at_once_and_the_others_get_their_turn(world: World) -> None:
    stamps = world.trace.with_name("stamps")
    stamps.touch()

    def stamp() -> float:
        time.sleep(0.4)
        return time.monotonic()

    paths = [world.begin(stamp) for _ in range(2 * turns.BESIDE_THE_SCRIPT)]
    ended = sorted(float(world.see(path)) for path in paths)
    assert len(ended) == len(paths)
    assert ended[turns.BESIDE_THE_SCRIPT] - ended[0] >= 0.35


def test_what_was_slow_because_it_gave_way_begins_anew_when_the_script_has_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = os.nice(0)

    def work() -> str:
        # as if the machine were busy: who gives way gets nothing done
        while os.nice(0) != home:
            time.sleep(0.01)
        return "done at last"

    path = world.begin(work)
    time.sleep(0.5)
    assert is_running(path)
    turns.announce_end(world.trace)
    assert world.see(path) == "done at last"


def begins_anew(*, spent_beside: float, seconds_beside: float, spent_after: float, seconds_after: float) -> bool:
    begun, over = turns._Mark(100.0, 0.0), turns._Mark(100.0 + seconds_beside, spent_beside)
    return turns._does_better_anew(begun, over, turns._Mark(over.at + seconds_after, spent_beside + spent_after))


def test_what_has_done_much_goes_on_where_it_gets_a_core_now() -> None:
    assert not begins_anew(spent_beside=6, seconds_beside=30, spent_after=0, seconds_after=0)
    assert not begins_anew(spent_beside=6, seconds_beside=30, spent_after=2.4, seconds_after=3)


def test_what_has_done_much_begins_anew_where_others_leave_it_nothing_even_now() -> None:
    assert begins_anew(spent_beside=6, seconds_beside=30, spent_after=0.3, seconds_after=3)


def test_what_has_done_little_begins_anew_at_once_unless_it_was_quick() -> None:
    assert begins_anew(spent_beside=0.3, seconds_beside=2, spent_after=0, seconds_after=0)
    assert not begins_anew(spent_beside=0.3, seconds_beside=0.4, spent_after=0, seconds_after=0)


def test_nobody_works_on_when_the_file_is_removed(world: World) -> None:
    paths = [world.begin(compute) for _ in range(turns.BESIDE_THE_SCRIPT + 1)]
    files = [os.open(path, os.O_RDWR) for path in paths]
    for path in paths:
        path.unlink()
    until = time.monotonic() + 60  # a busy machine takes its time
    for file in files:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                assert time.monotonic() < until
                time.sleep(0.05)
        os.close(file)


def test_nobody_works_on_when_the_script_is_gone_and_nobody_settles_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "GRACE", 0.2)
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    assert world.see(world.begin(compute, home=gone)) == ""


@pytest.mark.parametrize(
    ("gigabytes", "for_more", "room"), [(64, True, True), (6, False, True), (6, True, False), (3, False, False), (3, True, False)]
)
def test_there_is_room_while_memory_is_free_and_less_for_what_others_are_to_follow(
    gigabytes: float, for_more: bool, room: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_within_the_container", lambda total, free: (16 << 30, int(gigabytes * (1 << 30))))
    monkeypatch.setattr(turns, "COPIES_AT_WORK", 0)
    monkeypatch.setattr(turns, "LEFT_TO_OTHERS", 1 / 4)
    assert turns.has_room(for_more=for_more) is room


def test_what_they_take_turns_by_is_removed(world: World) -> None:
    world.see(world.begin(lambda: "seen"))
    turns.announce_end(world.trace)
    turns.forget(world.trace)
    assert [path.name for path in world.trace.parent.glob("trace.qdiag*")] == []
