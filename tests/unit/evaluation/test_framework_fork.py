"""A fork that has loaded the frameworks and nothing of ours, and waits for a program: here of a server that loads none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qdiag.evaluation import framework_fork, workers
from qdiag.evaluation.framework_fork import ADDRESS, FrameworkFork

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux alone")

SERVER = """
import os, sys
from qdiag.evaluation import framework_fork
framework_fork.offer(dict(os.environ))
print("the server goes on", flush=True)
sys.stdin.read()
"""
SRC = Path(framework_fork.__file__).parents[2]


@pytest.fixture
def fork() -> Iterator[FrameworkFork]:
    found = FrameworkFork()
    yield found
    found.close()


def server(fork: FrameworkFork) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(SRC), ADDRESS: fork.address, "PYTHONWARNINGS": "always::ResourceWarning"}
    command, pipe = [sys.executable, "-c", SERVER], subprocess.PIPE
    return subprocess.Popen(command, env=environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe)


def has_ended(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    for _ in range(500):
        # until whoever is left takes it away, it may still be listed
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def test_it_runs_the_program_that_it_is_given(fork: FrameworkFork, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import os, sys\nprint(os.getpid() == os.getsid(0), sys.argv[1:], input(), __name__, flush=True)\n")
    with server(fork) as process:
        streams, leader = fork.take([str(program), "a", "b"], 30)
        streams.sendall(b"asked\n")
        with streams, streams.makefile() as answers:
            assert answers.read() == "True ['a', 'b'] asked __main__\n"
        assert has_ended(leader)
        assert process.communicate()[0] == "the server goes on\n"


def test_it_ends_where_nobody_has_a_program(fork: FrameworkFork) -> None:
    with server(fork) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "the server goes on\n"
        (waiting,) = waiting_at(fork.address)
        fork.close()
        assert has_ended(waiting)
        assert process.communicate()[1] == ""


def waiting_at(address: str) -> list[int]:
    found: list[int] = []
    while not found:
        time.sleep(0.01)
        found = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal() and _waits_at(address, one)]
    return found


def _waits_at(address: str, process: Path) -> bool:
    try:
        own = f"{ADDRESS}={address}".encode() in (process / "environ").read_bytes().split(b"\0")
        return own and int(process.name) == os.getsid(int(process.name))
    except OSError:
        return False


def test_nobody_waits_for_ever_for_one_that_does_not_come(fork: FrameworkFork) -> None:
    with pytest.raises(OSError, match="timed out"):
        fork.take(["program.py"], 0.01)
    assert not Path(fork.address).parent.exists()


def test_a_server_that_nobody_asked_for_one_makes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("it forks"))
    framework_fork.offer({})


def test_frameworks_that_cannot_be_imported_are_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken_framework.py").write_text("raise RuntimeError('half installed')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(framework_fork, "FRAMEWORKS", ("broken_framework", "no_such_framework"))
    framework_fork.load()


def test_a_fork_is_taken_once(monkeypatch: pytest.MonkeyPatch, fork: FrameworkFork) -> None:
    monkeypatch.setattr(workers, "_OFFERED", [fork])
    assert [workers.take_fork(), workers.take_fork()] == [fork, None]


def test_its_folder_goes_with_it_and_one_that_is_gone_already_is_no_error() -> None:
    first, second = FrameworkFork(), FrameworkFork()
    folders = [Path(fork.address).parent for fork in (first, second)]
    assert all(folder.is_dir() for folder in folders)
    shutil.rmtree(folders[1])
    for fork in (first, second, first):
        fork.close()
    assert not any(folder.exists() for folder in folders)
