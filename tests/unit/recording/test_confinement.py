"""What a copy that goes on with the script's code can never reach."""

from __future__ import annotations

import ctypes
import logging
import mmap
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from qdiag.recording import confinement, forking, going_on, probe_schedule, syscall_filter

pytestmark = pytest.mark.skipif(not syscall_filter.is_known(), reason="there are no copies that go on here")

Look = Callable[..., str]


def gone_on(path: Path, work: Callable[[], object], seconds: int = 20) -> str:
    """What a copy wrote that went on here with some work, or why it wrote nothing."""
    import fcntl

    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    fcntl.flock(file, fcntl.LOCK_EX)
    copy, pipe = going_on.go_on_in_copies(1, file, seconds, lambda number, text: forking.write_out(file, text.encode()))
    if copy >= 0:

        def end(words: str) -> None:
            os.write(pipe, words.encode())
            os._exit(0)

        try:
            if confinement.confine(pipe, seconds, end):
                end(str(work()))
        finally:
            os._exit(1)
    assert pipe == 0
    os.close(file)
    while probe_schedule.is_running(path):
        time.sleep(0.005)
    return path.read_text()


@pytest.fixture
def look(tmp_path: Path) -> Look:
    return lambda work, **more: gone_on(tmp_path / "seen", work, **more)


# --- where no copy goes on ------------------------------------------------------------------------------------------------


def test_there_is_no_obstacle_in_a_plain_process() -> None:
    code = "from qdiag.recording import confinement as c; print(repr(c.obstacle(False)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "''"


def test_not_where_threads_may_hold_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "gettrace", lambda: None)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert "threads" in confinement.obstacle(False)
    finally:
        stop.set()
        thread.join()


def test_a_progress_bars_thread_holds_none() -> None:
    thread = type("Monitor", (threading.Thread,), {"__module__": "tqdm._monitor"})(daemon=True)
    assert not confinement._holds_work(thread)
    assert confinement._holds_work(threading.Thread())


def test_not_where_child_processes_are_alive() -> None:
    before = confinement._children()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert confinement._children() == before | {child.pid}
        child.communicate(b"\n")


def test_not_where_processes_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "_holds_work", lambda thread: False)
    monkeypatch.setattr(sys, "gettrace", lambda: None)
    group = types.SimpleNamespace(is_available=lambda: True, is_initialized=lambda: True)
    monkeypatch.setitem(sys.modules, "torch.distributed", group)
    assert "several processes" in confinement.obstacle(False)


def test_not_where_shared_memory_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "_holds_work", lambda thread: False)
    monkeypatch.setattr(sys, "gettrace", lambda: None)
    monkeypatch.setattr(confinement, "_children", set)
    monkeypatch.setattr(confinement, "MOST_SHARED", 4096)
    with mmap.mmap(-1, 8192):
        assert "much memory" in confinement.obstacle(False)


def test_not_under_a_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "gettrace", lambda: print)
    assert "debugger" in confinement.obstacle(False)


# --- what this process sees of it -----------------------------------------------------------------------------------------


def test_the_copy_goes_on_and_says_what_it_came_to(look: Look) -> None:
    assert look(lambda: os.getppid() != 1 and "here") == "here"


def test_random_streams_are_copied_and_not_moved(look: Look) -> None:
    random.seed(7)
    before = random.getstate()
    seen = look(random.random)
    assert random.getstate() == before
    assert seen == str(random.random())


def test_memory_that_is_shared_is_not_written(look: Look) -> None:
    with mmap.mmap(-1, 4096) as shared:
        shared[:6] = b"script"

        def write() -> bytes:
            before = shared[:6]
            shared[:4] = b"copy"
            return before + shared[:6]

        assert look(write) == "b'scriptcopypt'"
        assert shared[:6] == b"script"


def test_a_file_that_is_mapped_is_not_written(look: Look, tmp_path: Path) -> None:
    path = tmp_path / "mapped"
    path.write_bytes(b"script")
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        assert look(lambda: mapped.write(b"copy")) == "4"
        mapped.flush()
    assert path.read_bytes() == b"script"


def test_a_lock_between_processes_is_not_held_for_ever(look: Look) -> None:
    import multiprocessing

    lock = multiprocessing.get_context("fork").Lock()
    assert look(lambda: lock.acquire(timeout=1)) == "True"
    assert lock.acquire(timeout=1)
    lock.release()


def test_the_place_in_an_open_file_stays(look: Look, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"0123456789")
    with path.open("rb", buffering=0) as file:
        assert file.read(3) == b"012"
        assert look(lambda: file.read(4)) == "b'3456'"
        assert file.read(3) == b"345"


def test_a_log_that_is_open_stays_what_it_is(look: Look, tmp_path: Path) -> None:
    logger = logging.Logger("here")
    logger.addHandler(logging.FileHandler(tmp_path / "log"))
    logger.warning("before")
    assert look(lambda: logger.warning("in the copy")) == "None"
    logger.warning("after")
    assert (tmp_path / "log").read_text() == "before\nafter\n"
    logger.handlers[0].close()


def test_nothing_is_said_to_the_other_end_of_a_connection(look: Look) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)

        def send() -> str:
            try:
                return str(ours.send(b"from the copy"))
            except OSError as error:
                return type(error).__name__

        assert look(send) == "OSError"
        with pytest.raises(BlockingIOError):
            theirs.recv(1)


def test_standard_streams_lead_nowhere(look: Look, capfd: pytest.CaptureFixture[str]) -> None:
    def talk() -> bytes:
        os.write(1, b"out"), os.write(2, b"err")
        return os.read(0, 10)

    assert look(talk) == "b''"
    assert capfd.readouterr() == ("", "")


# --- what ends it ---------------------------------------------------------------------------------------------------------


def test_a_file_is_not_written(look: Look, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_text("before")
    assert look(lambda: path.write_text("from the copy")) == "it writes a file"
    assert path.read_text() == "before"


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda path: os.remove(path), "it changes files or starts processes"),
        (lambda path: os.rename(path, f"{path}2"), "it changes files or starts processes"),
        (lambda path: os.mkdir(f"{path}2"), "it changes files or starts processes"),
        (lambda path: os.system(f"rm {path}"), "it changes files or starts processes"),
        (lambda path: os.fork(), "it changes files or starts processes"),
        (lambda path: os.kill(os.getppid(), signal.SIGKILL), "it changes files or starts processes"),
        (lambda path: subprocess.run(["rm", path], check=False), "it starts a process"),
        (lambda path: socket.create_connection(("127.0.0.1", 9)), "it opens a connection"),
        (lambda path: sqlite3.connect(path), "it opens a database"),
        (lambda path: shutil.copy(path, f"{path}2"), "it copies or moves files"),
        (lambda path: ctypes.CDLL(None), "it loads a library"),
        # not announced by Python: the kernel sees it
        (lambda path: os.mkfifo(f"{path}2"), "-it would have reached outside of its process"),
    ],
)
def test_what_reaches_outside_ends_it_before_it_happens(look: Look, tmp_path: Path, work: Callable[[str], object], words: str) -> None:
    path = tmp_path / "kept"
    path.write_text("before")
    assert look(lambda: work(str(path))) == words
    assert path.read_text() == "before"
    assert {name.name for name in tmp_path.iterdir()} == {"kept", "seen"}


def test_reading_does_not(look: Look, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("before")
    assert look(lambda: path.read_text() + str(os.listdir(tmp_path) != [])) == "beforeTrue"


def test_a_thread_of_its_own_does_not(look: Look) -> None:
    def work() -> list[int]:
        seen: list[int] = []
        thread = threading.Thread(target=seen.append, args=(3,))
        thread.start()
        thread.join()
        return seen

    assert look(work) == "[3]"


def test_a_copy_that_does_not_end_is_ended(look: Look) -> None:
    begun = time.monotonic()
    assert look(lambda: time.sleep(60), seconds=1) == "-it took too long to come to a loss"
    assert time.monotonic() - begun < 10


def test_one_that_ends_says_so_and_runs_nothing_at_its_exit(tmp_path: Path) -> None:
    code = f"""
import atexit, os, sys
from pathlib import Path
from tests.unit.recording.test_confinement import gone_on
from qdiag.recording import confinement, forking, going_on, probe_schedule
file = os.open({str(tmp_path / "seen")!r}, os.O_CREAT | os.O_RDWR)
atexit.register(Path({str(tmp_path)!r}, "left").write_text, "at the exit of " + str(os.getpid()))
copy, pipe = going_on.go_on_in_copies(1, file, 10, lambda number, text: forking.write_out(file, text.encode()))
if copy >= 0:
    confinement.confine(pipe, 10, lambda word: None)
    atexit.register(os.write, pipe, b"at the exit")
    sys.exit(3)
print(os.getpid())
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    while not (tmp_path / "seen").read_text():
        time.sleep(0.01)
    assert (tmp_path / "seen").read_text() == "-it ended before its next loss"
    assert (tmp_path / "left").read_text() == "at the exit of " + ran.stdout.strip()


def test_the_filter_is_written_for_each_machine() -> None:
    for machine in syscall_filter._KILLED:
        program = syscall_filter._program(machine, 7)
        assert len(program) % 8 == 0
        assert len(program) // 8 < 4096
