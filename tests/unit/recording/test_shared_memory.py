"""Shared memory: found, and in a copy replaced by memory that holds the same."""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

import pytest

from qdiag.recording import shared_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is found as Linux shows it")


def in_a_child(work: object) -> int:
    """What work in a forked child came to: 0 where it holds."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)  # type: ignore[operator]
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_what_others_see_written_is_found_and_nothing_else(tmp_path: Path) -> None:
    before = {mapping.path for mapping in shared_memory.mappings()}
    path = tmp_path / "a file with spaces"
    path.write_bytes(bytes(4096))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        assert {mapping.path for mapping in shared_memory.mappings()} - before == {str(path)}
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
            assert len([mapping for mapping in shared_memory.mappings() if mapping.path == str(path)]) == 1
        mapped.flush()


def test_a_copy_has_its_own_with_the_same_in_it() -> None:
    with mmap.mmap(-1, 3 * mmap.PAGESIZE) as shared:
        shared[:] = os.urandom(len(shared))
        held = bytes(shared)

        def work() -> bool:
            made = shared_memory.make_private() and bytes(shared) == held
            shared[:4] = b"copy"
            return made and not shared_memory.mappings()

        assert in_a_child(work) == 0
        assert bytes(shared) == held


def test_a_mapping_that_goes_beyond_the_end_of_its_file_ends_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "shortened"
    path.write_bytes(b"x" * 4 * mmap.PAGESIZE)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        file.truncate(mmap.PAGESIZE + 1)
        # reading what lies beyond would end the process
        assert in_a_child(lambda: shared_memory.make_private() and mapped[:9] == b"x" * 9 and mapped[-9:] == bytes(9)) == 0


@pytest.mark.parametrize(
    ("path", "is_device"),
    [("/dev/nvidia0", True), ("/dev/dri/card0", True), ("/dev/zero (deleted)", False), ("/dev/shm/psm_1", False), ("/home/log", False)],
)
def test_memory_of_a_device_is_known_by_its_path(path: str, is_device: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_memory, "mappings", lambda: [shared_memory.Mapping(0, 4096, False, path)])
    assert bool(shared_memory.obstacle()) is is_device
