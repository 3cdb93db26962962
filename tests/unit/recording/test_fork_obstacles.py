"""Where there is no fork: the script would notice it, or the copy could not be kept apart."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator

import pytest

from qdiag.recording import fork_hooks, fork_obstacles, shared_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no safe fork elsewhere")


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    fake = types.SimpleNamespace(__version__="2.5.0", threads=8, cuda=types.SimpleNamespace(is_initialized=lambda: False))
    fake.set_num_threads = lambda number: setattr(fake, "threads", number)
    monkeypatch.setitem(sys.modules, "torch", fake)
    return fake


def test_linux_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "darwin" in fork_obstacles.obstacle(False)


def test_never_once_cuda_is_initialised(torch: types.SimpleNamespace) -> None:
    assert fork_obstacles.obstacle(False) == ""
    torch.cuda.is_initialized = lambda: True
    assert "CUDA" in fork_obstacles.obstacle(False)


def test_torch_1_only_before_the_first_backward_pass(torch: types.SimpleNamespace) -> None:
    assert fork_obstacles.obstacle(True) == ""
    torch.__version__ = "1.10.2+cpu"
    assert fork_obstacles.obstacle(False) == ""
    assert "1.10.2" in fork_obstacles.obstacle(True)


@pytest.fixture
def listening() -> Iterator[list[int]]:
    heard: list[int] = []
    before = signal.signal(signal.SIGCHLD, lambda number, frame: heard.append(number))
    yield heard
    signal.signal(signal.SIGCHLD, before)


def test_not_where_the_script_would_hear_of_the_child(listening: list[int]) -> None:
    assert "child" in fork_obstacles.obstacle(False)


@pytest.fixture
def loading() -> Iterator[None]:
    """The handler that a DataLoader sets once it has workers."""
    handling = pytest.importorskip("torch.utils.data._utils.signal_handling")
    before = signal.getsignal(signal.SIGCHLD)
    handling._SIGCHLD_handler_set = False
    handling._set_SIGCHLD_handler()
    yield
    signal.signal(signal.SIGCHLD, before)
    handling._SIGCHLD_handler_set = False


@pytest.mark.stack
def test_a_data_loader_that_listens_for_its_workers_is_told_of_no_other_child(loading: None) -> None:
    assert fork_obstacles.obstacle(False) == ""


@pytest.mark.stack
def test_but_whoever_listened_before_it_is(listening: list[int], loading: None) -> None:
    assert "child" in fork_obstacles.obstacle(False)


def test_nor_where_it_waits_for_the_signal_itself() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        assert "child" in fork_obstacles.obstacle(False)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    assert fork_obstacles.obstacle(False) == ""


@pytest.mark.parametrize("wait", [os.wait, lambda: os.waitpid(-1, 0), lambda: os.waitid(os.P_ALL, 0, os.WEXITED)])
def test_nor_where_a_thread_waits_for_any_child(wait: Callable[[], object]) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    thread = threading.Thread(target=wait)
    thread.start()
    until = time.monotonic() + 5
    while not fork_obstacles.obstacle(False) and time.monotonic() < until:
        time.sleep(0.01)
    assert "child" in fork_obstacles.obstacle(False)
    os.close(read), os.close(write)
    thread.join()
    assert fork_obstacles.obstacle(False) == ""


def test_a_thread_that_waits_for_a_child_of_its_own_is_no_obstacle() -> None:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        thread = threading.Thread(target=child.wait)
        thread.start()
        time.sleep(0.1)
        assert fork_obstacles.obstacle(False) == ""
        child.stdin.close()  # type: ignore[union-attr]
        thread.join()


def test_not_where_memory_of_a_device_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_memory, "mappings", lambda: [shared_memory.Mapping(0, 4096, False, "/dev/nvidia0")])
    assert fork_obstacles.obstacle(False) == "memory of a device is in use"


def test_not_where_more_is_shared_than_a_copy_can_make_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_memory, "MOST", 4096)
    with mmap.mmap(-1, 8192):
        assert "much memory" in fork_obstacles.obstacle(False)


def test_not_where_a_copy_could_not_be_confined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: types.SimpleNamespace(machine="riscv64"))
    assert "confined" in fork_obstacles.obstacle(False)


def hook() -> None:
    raise AssertionError


def test_not_where_a_fork_would_run_code_of_the_script() -> None:
    (before, after), in_the_copy = fork_hooks.hooks_of_forks()
    for hooks in (before, after, in_the_copy):
        hooks.append(hook)
        assert fork_obstacles.obstacle(False) == f"{__name__} runs code of its own at every fork"
        hooks.remove(hook)
    assert fork_obstacles.obstacle(False) == ""


@pytest.mark.parametrize("folder", ["/opt/venv/lib/python3.11/site-packages", "/usr/lib/python3/dist-packages"])
def test_what_an_installed_package_resets_in_the_copy_is_no_obstacle_but_what_it_runs_here_is(
    monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    package = types.ModuleType("jax")
    package.__file__ = os.path.join(folder, "jax", "__init__.py")
    monkeypatch.setitem(sys.modules, "jax", package)
    monkeypatch.setattr(hook, "__module__", "jax")
    (before, after), in_the_copy = fork_hooks.hooks_of_forks()
    for hooks, obstacle in ((before, "jax runs code of its own at every fork"), (after, "jax runs code"), (in_the_copy, "")):
        hooks.append(hook)
        found = fork_obstacles.obstacle(False)
        hooks.remove(hook)
        assert found.startswith(obstacle)
        assert bool(found) == bool(obstacle)


@pytest.mark.parametrize("module", ["IPython.core.history", "h5py._objects", "filelock._api", "jax._src.xla_bridge"])
def test_a_package_that_stops_its_thread_takes_its_lock_or_warns_is_none(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setattr(hook, "__module__", module)
    (before, _), _ = fork_hooks.hooks_of_forks()
    before.append(hook)
    found = fork_obstacles.obstacle(False)
    before.remove(hook)
    assert found == ""


@pytest.mark.parametrize(
    ("held", "known", "obstacle"),
    [(False, True, ""), (True, True, "loguru._locks_machinery runs code"), (False, False, "loguru._locks_machinery runs code")],
)
def test_a_logger_whose_locks_are_taken_at_a_fork_is_none_unless_it_holds_one(
    monkeypatch: pytest.MonkeyPatch, held: bool, known: bool, obstacle: str
) -> None:
    lock = threading.Lock()
    machinery = types.SimpleNamespace(logger_locks=[lock], **({"handler_locks": []} if known else {}))
    monkeypatch.setitem(sys.modules, "loguru._locks_machinery", machinery)
    monkeypatch.setattr(hook, "__module__", "loguru._locks_machinery")
    (before, _), _ = fork_hooks.hooks_of_forks()
    before.append(hook)
    if held:
        lock.acquire()
    found = fork_obstacles.obstacle(False)
    before.remove(hook)
    assert found.startswith(obstacle)
    assert bool(found) == bool(obstacle)
