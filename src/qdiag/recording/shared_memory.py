"""Memory that others see written: shared tensors, values and arrays of ``multiprocessing``, mapped files.

A forked copy shares it with the script. Here it is found, and in a copy a private one is put in its place.
"""

from __future__ import annotations

import mmap
import os
from typing import Any, NamedTuple

MOST = 1 << 28
"""Bytes of shared memory that a copy makes its own; where there is more, there is no copy."""

_FAILED = 2**64 - 1
_TO_A_PLACE = 3
"""What ``mremap`` is told: may move, and to the place that is given."""


class Mapping(NamedTuple):
    """Where shared memory lies that may be written, and of which file ("" for none)."""

    begin: int
    end: int
    executable: bool
    path: str


def mappings() -> list[Mapping]:
    """The writable shared memory of this process."""
    found = []
    with open("/proc/self/maps", "rb") as file:
        for line in file:
            place, rights, _, _, _, *path = line.split(maxsplit=5)
            if rights[1:2] == b"w" and rights[3:4] == b"s":
                begin, _, end = place.partition(b"-")
                name = os.fsdecode(path[0].rstrip(b"\n")) if path else ""
                found.append(Mapping(int(begin, 16), int(end, 16), rights[2:3] == b"x", name))
    return found


def obstacle() -> str:
    """Why a copy could not make this process's shared memory its own, or ""."""
    shared = mappings()
    if any(_is_device(mapping.path) for mapping in shared):
        return "memory of a device is in use"
    if sum(mapping.end - mapping.begin for mapping in shared) > MOST:
        return "the script shares much memory with others"
    return ""


def _is_device(path: str) -> bool:
    return path.startswith("/dev/") and not path.startswith(("/dev/shm/", "/dev/zero"))


def make_private() -> bool:
    """In a copy: put private memory that holds the same in place of all that is shared with others, at the same addresses.

    Returns
    -------
    bool
        Whether nothing is left that others would see written.
    """
    shared = mappings()
    if not shared:
        return True
    import ctypes

    system = ctypes.CDLL(None)
    place, move = system.mmap, system.mremap
    place.restype = move.restype = ctypes.c_void_p
    place.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    move.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p)
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        for mapping in shared:
            size = mapping.end - mapping.begin
            rights = mmap.PROT_READ | mmap.PROT_WRITE | (mmap.PROT_EXEC if mapping.executable else 0)
            held = place(None, size, rights, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
            if held == _FAILED:
                return False
            _fill((ctypes.c_char * size).from_address(held), memory, mapping.begin)
            if move(held, size, size, _TO_A_PLACE, mapping.begin) != mapping.begin:
                return False
    return not mappings()


def _fill(private: Any, memory: Any, begin: int) -> None:
    """Take over what memory holds; a page beyond the end of its file, which nobody can read, stays zero."""
    view, at = memoryview(private), 0
    while at < len(view):
        try:
            memory.seek(begin + at)
            at += memory.readinto(view[at:]) or mmap.PAGESIZE
        except OSError:
            at += mmap.PAGESIZE - at % mmap.PAGESIZE
