"""The fork rules: what work in a copy of this process may, and what it can never do to this process."""

from __future__ import annotations

import atexit
import gc
import os
import random
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qdiag.recording import forking, probe_files

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no safe fork elsewhere")

Look = Callable[[Callable[[], object]], str]


def copied(path: Path, work: Callable[[], object], seconds: int = 10) -> str:
    """What work in a copy returned, or "" where it came to no end."""
    import fcntl

    file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC)
    fcntl.flock(file, fcntl.LOCK_EX)
    assert forking.in_a_copy(lambda: forking.write_out(file, str(work()).encode()), (file,), seconds)
    os.close(file)
    while probe_files.is_running(path):
        time.sleep(0.005)
    return path.read_text()


@pytest.fixture
def look(tmp_path: Path) -> Look:
    return lambda work: copied(tmp_path / "seen", work)


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    fake = types.SimpleNamespace(__version__="2.5.0", threads=8, cuda=types.SimpleNamespace(is_initialized=lambda: False))
    fake.set_num_threads = lambda number: setattr(fake, "threads", number)
    monkeypatch.setitem(sys.modules, "torch", fake)
    return fake


# --- what this process sees of it ---------------------------------------------------------------------------------------


def test_the_copy_is_a_grandchild_and_leaves_no_zombie(look: Look) -> None:
    before = children()
    assert look(lambda: "here") == "here"
    assert children() == before


def children() -> set[str]:
    """Children of the process that runs the tests, those of other tests among them."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_this_process_does_not_wait_for_the_work(tmp_path: Path) -> None:
    file = os.open(tmp_path / "seen", os.O_CREAT | os.O_RDWR)
    begun = time.monotonic()
    forking.in_a_copy(lambda: time.sleep(3), (file,), 1)
    os.close(file)
    assert time.monotonic() - begun < 2


def test_random_streams_and_warnings_stay_what_they_were(look: Look) -> None:
    before = random.getstate(), list(warnings.filters), warnings.filters
    look(random.random)
    assert (random.getstate(), list(warnings.filters)) == before[:2]
    assert warnings.filters is before[2]


def test_no_garbage_is_collected_in_a_copy_that_could_still_reach_something(look: Look) -> None:
    assert look(gc.isenabled) == "False"
    assert gc.isenabled()
    assert look(lambda: forking.collect_again() or gc.isenabled()) == "True"
    gc.disable()
    try:
        assert look(lambda: forking.collect_again() or gc.isenabled()) == "False"
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_warning_about_threads_is_not_shown_even_where_it_would_be_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def warning_fork() -> int:
        warnings.warn("this process is multi-threaded", DeprecationWarning, stacklevel=2)
        return 1

    monkeypatch.setattr(os, "fork", warning_fork)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert forking.fork_quietly() == 1
        with pytest.raises(DeprecationWarning):
            warnings.warn("another one", DeprecationWarning, stacklevel=1)


def test_other_threads_do_not_matter(look: Look) -> None:
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            sum(range(1000))

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert look(lambda: threading.active_count()) == "1"
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_an_exception_or_exit_in_the_copy_stays_there(tmp_path: Path) -> None:
    def fail(error: BaseException) -> Callable[[], object]:
        def work() -> object:
            raise error

        return work

    for number, error in enumerate([ValueError(), KeyboardInterrupt(), SystemExit(3)]):
        assert copied(tmp_path / str(number), fail(error)) == ""


def test_the_copy_runs_nothing_at_its_exit(look: Look, tmp_path: Path) -> None:
    left = tmp_path / "left"
    atexit.register(left.touch)
    try:
        look(lambda: "done")
    finally:
        atexit.unregister(left.touch)
    assert not left.exists()


# --- what the copy is -----------------------------------------------------------------------------------------------------


def test_one_thread_is_torchs_first_act(look: Look, torch: types.SimpleNamespace) -> None:
    assert look(lambda: torch.threads) == "1"
    assert torch.threads == 8


def test_standard_streams_lead_nowhere(look: Look, capfd: pytest.CaptureFixture[str]) -> None:
    def talk() -> bytes:
        os.write(1, b"out"), os.write(2, b"err")
        return os.read(0, 10)

    assert look(talk) == "b''"
    assert capfd.readouterr() == ("", "")


def test_a_notebook_shows_nothing_of_it(look: Look, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def send(thread: object, message: str) -> None:
        raise AssertionError(message)

    kernel = types.SimpleNamespace(IOPubThread=type("IOPubThread", (), {"send_multipart": send}))
    stream = types.SimpleNamespace(write=lambda text: send(None, text))
    monkeypatch.setitem(sys.modules, "ipykernel.iostream", kernel)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, stream)

    def show() -> str:
        print("out")
        print("err", file=sys.stderr)
        kernel.IOPubThread().send_multipart("a picture")
        return "shown"

    assert look(show) == "shown"
    assert (sys.stdout, kernel.IOPubThread.send_multipart) == (stream, send)


def test_no_inherited_file_is_reached(look: Look, tmp_path: Path) -> None:
    with open(tmp_path / "log", "wb", buffering=0) as log:
        assert look(lambda: log.write(b"from the copy")) == "13"
        log.write(b"mine")
    assert (tmp_path / "log").read_bytes() == b"mine"


def test_a_pipe_ends_with_the_script_and_not_with_the_copy(tmp_path: Path) -> None:
    read, write = os.pipe()
    file = os.open(tmp_path / "seen", os.O_CREAT | os.O_RDWR)
    forking.in_a_copy(lambda: time.sleep(5), (file,), 5)
    os.close(file), os.close(write)
    begun = time.monotonic()
    assert os.read(read, 1) == b""
    assert time.monotonic() - begun < 3
    os.close(read)


def test_what_the_quantum_function_writes_to_files_is_not_written(look: Look, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before")

    def append() -> str:
        try:
            with log.open("a") as file:
                file.write("again")
        except OSError as error:
            return type(error).__name__
        return "written"

    assert look(append) == "OSError"
    assert log.read_text() == "before"


def test_a_copy_that_does_not_end_is_ended(tmp_path: Path) -> None:
    begun = time.monotonic()
    assert copied(tmp_path / "seen", lambda: time.sleep(60), seconds=1) == ""
    assert time.monotonic() - begun < 10


def test_handlers_of_the_script_are_not_heard_in_the_copy(look: Look) -> None:
    before = signal.signal(signal.SIGTERM, lambda number, frame: None), signal.signal(signal.SIGALRM, lambda number, frame: None)
    try:
        assert look(lambda: [signal.getsignal(s) is signal.SIG_DFL for s in (signal.SIGTERM, signal.SIGALRM)]) == "[True, True]"
    finally:
        signal.signal(signal.SIGTERM, before[0]), signal.signal(signal.SIGALRM, before[1])


def test_it_gives_way(look: Look) -> None:
    assert look(lambda: os.nice(0)) == str(min(19, os.nice(0) + forking.NICENESS))


def test_what_only_waits_need_not_give_way(tmp_path: Path) -> None:
    import fcntl

    file = os.open(tmp_path / "seen", os.O_CREAT | os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX)
    assert forking.in_a_copy(lambda: forking.write_out(file, str(os.nice(0)).encode()), (file,), 20, gives_way=False)
    os.close(file)
    while probe_files.is_running(tmp_path / "seen"):
        time.sleep(0.02)
    assert (tmp_path / "seen").read_text() == str(os.nice(0))


def test_a_pool_of_threads_works_in_a_copy(look: Look) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(int, 3).result() == 3
        # its thread is free and known to be so, and in the copy there is none
        assert look(lambda: pool.submit(int, 4).result(5)) == "4"
        assert pool.submit(int, 5).result() == 5


def test_a_pool_that_was_let_go_disturbs_no_copy(look: Look) -> None:
    pool = ThreadPoolExecutor(1)
    pool.submit(int, 3).result()
    pool.shutdown()
    del pool
    assert look(lambda: 6) == "6"
