"""What a copy that goes on with the script's code can never reach."""

from __future__ import annotations

import ctypes
import logging
import mmap
import os
import random
import resource
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest

from qdiag.recording import confinement, forking, going_on, probe_files, shared_memory, syscall_filter

pytestmark = pytest.mark.skipif(not syscall_filter.is_known(), reason="there are no copies that go on here")

Look = Callable[..., str]
OUTSIDE = "-it would have reached outside of its process"


def gone_on(path: Path, work: Callable[[], object], seconds: int = 20) -> str:
    """What a copy wrote that went on here with some work, or why it wrote nothing."""
    import fcntl

    file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC)
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
    while probe_files.is_running(path):
        time.sleep(0.005)
    return path.read_text()


def evaluated(path: Path, work: Callable[[], object], seconds: int = 20) -> str:
    """The same of a copy that runs one piece of work, as that in which a QNode is evaluated does."""
    import fcntl

    from qdiag.recording import turns

    file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC)
    fcntl.flock(file, fcntl.LOCK_EX)

    def end(words: str) -> None:
        forking.write_out(file, words.encode())
        os._exit(0)

    def confined() -> None:
        if confinement.confine(file, seconds, end):
            end(str(work()))

    attendant = turns.Attendant(path, file, seconds, os.getpid())
    assert forking.in_a_copy(lambda: attendant.attend(confined), (file,), 120, gives_way=False)
    os.close(file)
    while probe_files.is_running(path):
        time.sleep(0.005)
    turns.forget(path)
    return path.read_text().strip().replace("# ", "-")


@pytest.fixture(params=[gone_on, evaluated], ids=["goes on", "evaluates"])
def look(request: pytest.FixtureRequest, tmp_path: Path) -> Look:
    return lambda work, **more: request.param(tmp_path / "seen", work, **more)


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
    monkeypatch.setattr(shared_memory, "MOST", 4096)
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


def test_a_pipe_carries_nothing_of_it(look: Look) -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    assert look(lambda: os.write(write, b"from the copy")) == "13"
    with pytest.raises(BlockingIOError):
        os.read(read, 1)
    os.close(read), os.close(write)


def test_a_pipe_is_not_emptied(look: Look) -> None:
    read, write = os.pipe()
    os.write(write, b"for the script")
    assert look(lambda: os.read(read, 100)) == "b''"
    assert os.read(read, 100) == b"for the script"
    os.close(read), os.close(write)


def test_connections_that_wait_are_not_taken(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):

        def take() -> str:
            try:
                return str(server.accept())
            except OSError as error:
                return type(error).__name__

        assert look(take) == "OSError"
        server.settimeout(5)
        server.accept()[0].close()


def _lock_within(seconds: float, file: TextIO) -> None:
    """Take a lock; a copy that was made on a busy machine needs a moment until it has none of the script's."""
    import fcntl

    end = time.monotonic() + seconds
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def test_a_lock_on_a_file_is_let_go_of_when_the_script_does(look: Look, tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "lock").open("w") as file, (tmp_path / "lock").open("w") as other:
        fcntl.flock(file, fcntl.LOCK_EX)
        # a lock belongs to the open file, which a copy would hold open
        look(lambda: fcntl.flock(file, fcntl.LOCK_UN))
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        read, write = os.pipe()
        copy = threading.Thread(target=look, args=(lambda: os.read(read, 1) or time.sleep(2),))
        copy.start()
        time.sleep(0.1)
        file.close()
        _lock_within(1.5, other)
        assert copy.is_alive(), "it was not the end of the copy that let go of it"
        copy.join()
        os.close(read), os.close(write)


def test_a_record_lock_stays(look: Look, tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "lock").open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        assert look(lambda: file.fileno() > 2 and _unlock(file)) in ("OSError", "it changes files or starts processes")
        code = f"import fcntl; fcntl.lockf(open({str(tmp_path / 'lock')!r}, 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 1


def _unlock(file: object) -> str:
    import fcntl

    try:
        fcntl.lockf(file, fcntl.LOCK_UN)  # type: ignore[arg-type]
    except OSError as error:
        return type(error).__name__
    return "unlocked"


def test_a_database_of_the_script_is_not_written(look: Look, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE steps (loss)")

    def write() -> str:
        try:
            database.execute("INSERT INTO steps VALUES (2)")
            database.close()
        except sqlite3.Error as error:
            return type(error).__name__
        return "written"

    look(write)
    database.execute("INSERT INTO steps VALUES (1)")
    assert database.execute("SELECT loss FROM steps").fetchall() == [(1,)]
    assert (tmp_path / "runs.db-wal").exists()
    database.close()
    assert sqlite3.connect(tmp_path / "runs.db").execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_counter_of_multiprocessing_is_not_moved(look: Look) -> None:
    import multiprocessing

    counter = multiprocessing.get_context("fork").Value("i", 3)

    def count() -> int:
        with counter.get_lock():
            counter.value += 1
        return int(counter.value)

    assert look(count) == "4"
    assert counter.value == 3
    assert counter.get_lock().acquire(timeout=1)


def test_an_array_in_a_file_is_not_written(look: Look, tmp_path: Path) -> None:
    array = np.memmap(tmp_path / "log.dat", dtype="f8", mode="w+", shape=(8,))
    array[0] = 1

    def write() -> float:
        array[0] += 1
        array.flush()
        return float(array[0])

    assert look(write) == "2.0"
    assert np.fromfile(tmp_path / "log.dat")[0] == 1


def test_a_block_of_shared_memory_stays_and_is_not_written(look: Look) -> None:
    from multiprocessing import shared_memory as blocks

    block = blocks.SharedMemory(create=True, size=16)
    block.buf[:6] = b"script"

    def write() -> bytes:
        block.buf[:4] = b"copy"
        return bytes(block.buf[:6])

    assert look(write) == "b'copypt'"
    assert bytes(block.buf[:6]) == b"script"
    assert look(block.unlink) in ("-it would have reached outside of its process", "it changes files or starts processes")
    blocks.SharedMemory(block.name).close()
    block.close()
    block.unlink()


def test_a_segment_of_system_v_is_not_written(look: Look) -> None:
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    segment = libc.shmget(0, 4096, 0o600 | 0o1000)
    place = libc.shmat(segment, None, 0)
    libc.shmctl(segment, 0, None)
    ctypes.memmove(place, b"script", 6)
    assert look(lambda: ctypes.memmove(place, b"copy", 4) and ctypes.string_at(place, 6)) == "b'copypt'"
    assert ctypes.string_at(place, 6) == b"script"
    libc.shmdt(ctypes.c_void_p(place))


def test_queues_and_semaphores_of_the_system_are_out_of_its_reach(look: Look) -> None:
    libc = ctypes.CDLL(None)
    for call in (lambda: libc.msgget(0, 0o600), lambda: libc.semget(0, 1, 0o600), lambda: libc.mq_open(b"/qdiag", 0)):
        assert look(call) == OUTSIDE


def test_children_of_the_script_are_neither_ended_nor_waited_for(look: Look) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)

    def wait() -> str:
        try:
            return str(os.waitpid(child.pid, os.WNOHANG))
        except ChildProcessError as error:
            return type(error).__name__

    assert look(wait) == "ChildProcessError"
    assert look(lambda: os.kill(child.pid, signal.SIGKILL)) == "it changes files or starts processes"
    assert child.poll() is None
    child.communicate(b"\n")
    assert child.returncode == 0


def test_its_place_among_the_processes_is_its_own(look: Look) -> None:
    def move() -> list[str]:
        said = []
        for change in (
            lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19),
            lambda: os.sched_setaffinity(os.getppid(), {0}),
            lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (3, 3)),
        ):
            try:
                change()
                said.append("done")
            except OSError as error:
                said.append(type(error).__name__)
        return said

    assert look(move) == str(["PermissionError"] * 3)


def test_timers_of_the_script_go_on_and_its_handlers_are_not_heard(look: Look) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    timer = signal.setitimer(signal.ITIMER_VIRTUAL, 1000)
    try:
        assert look(lambda: signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL) == "True"
        assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 900
        assert heard == []
    finally:
        signal.signal(signal.SIGUSR1, before)
        signal.setitimer(signal.ITIMER_VIRTUAL, *timer)


def test_what_is_cleaned_up_when_nobody_holds_it_stays(look: Look, tmp_path: Path) -> None:
    held = [tempfile.TemporaryDirectory(dir=tmp_path)]
    path = Path(held[0].name)
    look(held.clear)
    assert path.is_dir()
    held.clear()
    assert not path.exists()


def test_what_waits_to_be_printed_is_printed_once(look: Look, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as file:
        file.write("before ")
        look(lambda: (file.write("in the copy"), file.flush()))
        file.write("after")
    assert (tmp_path / "out").read_text() == "before after"


def test_a_selector_hears_what_it_heard_before(look: Look) -> None:
    read, write = os.pipe()
    with select.epoll() as poll:
        poll.register(read, select.EPOLLIN)
        os.write(write, b"x")
        look(lambda: poll.close())
        assert poll.poll(0) == [(read, select.EPOLLIN)]
    os.close(read), os.close(write)


def test_it_cannot_take_files_from_the_script(look: Look, tmp_path: Path) -> None:
    with (tmp_path / "kept").open("wb", buffering=0) as file:
        libc = ctypes.CDLL(None)
        home, take_file = os.getpid(), 438

        def take() -> int:
            handle = os.pidfd_open(home)
            return int(libc.syscall(take_file, handle, file.fileno(), 0))

        assert look(take) == OUTSIDE
        assert look(lambda: Path(f"/proc/{home}/fd/{file.fileno()}").write_bytes(b"copy")) == "it writes a file"


def test_a_named_pipe_is_not_opened(look: Look, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert look(lambda: os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)) == "it reads from a pipe"


def test_the_kernel_ends_it_first_where_memory_is_short(look: Look) -> None:
    before = Path("/proc/self/oom_score_adj").read_text()
    assert look(lambda: Path("/proc/self/oom_score_adj").read_text().strip()) == "1000"
    assert Path("/proc/self/oom_score_adj").read_text() == before


def test_when_the_script_goes_on_nothing_of_it_is_left_in_the_copy(tmp_path: Path) -> None:
    """Not a moment later: whoever reads the script's pipe, or waits for its lock, would notice."""
    with mmap.mmap(-1, 4096) as shared:
        shared[:1] = b"a"
        file = os.open(tmp_path / "seen", os.O_CREAT | os.O_RDWR)
        read, write = os.pipe()
        forking.in_a_copy(lambda: forking.write_out(file, shared[:1]), (file,), 5)
        os.close(write)
        shared[:1] = b"b"
        os.set_blocking(read, False)
        # the end, not "nothing yet": the copies have let go of the other side
        assert os.read(read, 1) == b""
    until = time.monotonic() + 5
    while not os.pread(file, 1, 0) and time.monotonic() < until:
        time.sleep(0.005)
    assert os.pread(file, 1, 0) == b"a"
    os.close(read), os.close(file)


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
        (lambda path: os.mkfifo(f"{path}2"), OUTSIDE),
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


def _compute() -> None:
    while True:
        pass


def test_a_copy_that_does_not_end_is_ended(look: Look) -> None:
    begun = time.monotonic()
    # on a busy machine it may be seen to compute nothing at all
    assert look(_compute, seconds=1).startswith(("-it took too long", "-it took more than 1 s of processor time", "-it waited"))
    assert time.monotonic() - begun < 100


def test_one_that_ends_says_so_and_runs_nothing_at_its_exit(tmp_path: Path) -> None:
    code = f"""
import atexit, os, sys
from pathlib import Path
from tests.unit.recording.test_confinement import gone_on
from qdiag.recording import confinement, forking, going_on, probe_files
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
