"""The kernel's own promise that a copy of the script reaches nothing outside itself: a filter of its system calls.

A copy that runs the script's code may run anything. Python's audit events see what goes through Python; a library's own code is
seen by the kernel alone. The filter cannot be taken off again. It kills a process that would write a file, change a folder, start
or signal a process; connections and locks are refused, as a system without a network refuses them.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import Optional

_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
_NOT_ALLOWED, _NO_ACCESS, _UNKNOWN_CALL, _NO_LOCKS = 1, 13, 38, 37
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE = 0, 4
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_THREAD = 0x00010000
_LOCK_COMMANDS = (6, 7, 37, 38)

_KILLED = {
    "x86_64": (
        # folders and names, what files are and to whom they belong
        82, 264, 316, 83, 258, 84, 87, 263, 86, 265, 88, 266, 133, 259, 85, 76, 90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280,
        188, 189, 190, 197, 198, 199, 463, 466, 304,
        # processes and signals, queues and memory between processes
        57, 58, 59, 322, 62, 200, 101, 311, 424, 438, 440, 448, 129, 297, 29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240,
        # the machine
        165, 166, 155, 161, 167, 168, 169, 170, 164, 227, 175, 313, 176, 321, 308, 272, 298, 248, 250,
        103, 153, 159, 163, 171, 172, 173, 179, 256, 279, 300, 305, 428, 429, 430, 431, 432, 433, 442, 443,
    ),
    "aarch64": (
        33, 34, 35, 36, 37, 38, 276, 45, 52, 53, 452, 54, 55, 88, 5, 6, 7, 14, 15, 16, 463, 466, 265,
        221, 281, 129, 130, 117, 271, 424, 438, 440, 448, 138, 240, 194, 195, 196, 190, 191, 192, 193, 186, 187, 188, 189, 180,
        39, 40, 41, 51, 224, 225, 142, 161, 170, 112, 105, 273, 106, 280, 268, 97, 241, 217, 219,
        116, 58, 171, 89, 162, 60, 238, 239, 262, 266, 428, 429, 430, 431, 432, 433, 442, 443,
    ),
}  # fmt: skip

_REFUSED = {
    # the order in which processes get their turn, and where they run
    "x86_64": (141, 142, 144, 203, 251, 314),
    "aarch64": (140, 118, 119, 122, 30, 274),
}

_PARTLY = {
    # machine, open, openat, openat2, clone, clone3, tgkill, socket, io_uring_setup, flock, fcntl, prlimit64
    "x86_64": (0xC000003E, 2, 257, 437, 56, 435, 234, 41, 425, 73, 72, 302),
    "aarch64": (0xC00000B7, None, 56, 437, 220, 435, 131, 198, 425, 32, 25, 261),
}

_WAITING = {"x86_64": (61, 247), "aarch64": (260, 95)}
"""For a process, by its number or by what it is to be."""


def is_known() -> bool:
    """Whether this machine's system calls are known here."""
    return sys.platform == "linux" and os.uname().machine in _KILLED and sys.maxsize > 2**32


def waits_for_any_child(standing: str) -> bool:
    """Whether a thread stands in a system call that ends with whatever child ends: by what the kernel says of that thread."""
    number, *arguments = standing.split()
    if not arguments or int(number) not in _WAITING[os.uname().machine]:
        return False
    by_number, first = int(number) == _WAITING[os.uname().machine][0], int(arguments[0], 16)
    # to wait for one child, its number is given, or the first of two arguments says that a number (or its handle) follows
    return first == 0 or first >= 1 << 31 if by_number else first in (0, 2)


def filter_calls() -> bool:
    """Put this process, for ever, under the filter.

    Returns
    -------
    bool
        Whether the kernel took it.
    """
    import ctypes

    program = _program(os.uname().machine, os.getpid())
    instructions = ctypes.create_string_buffer(program, len(program))
    description = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
    control = ctypes.CDLL(None).prctl
    no_new_privileges, seccomp, with_filter = 38, 22, 2
    words = (ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
    if control(no_new_privileges, *words):
        return False
    return bool(control(seccomp, ctypes.c_ulong(with_filter), description, ctypes.c_ulong(0), ctypes.c_ulong(0)) == 0)


def _program(machine: str, process: int) -> bytes:
    """The filter: each system call's number is held against the tables; what is in none is allowed."""
    architecture, opening, opening_at, opening_2, clone, clone_3, kill_thread, socket, ring, lock, control, limit = _PARTLY[machine]
    lines = [
        _line(_LOAD, _MACHINE),
        _line(_EQUAL, architecture or 0, 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
        _line(_AT_LEAST, 0x40000000, 0, 1),
        _line(_RETURN, _KILL),
    ]
    for number in _KILLED[machine]:
        lines += _where(number, [_line(_RETURN, _KILL)])
    for number in _REFUSED[machine]:
        lines += _where(number, [_line(_RETURN, _REFUSE | _NOT_ALLOWED)])
    lines += _where(limit, [_argument(0), _line(_EQUAL, 0, 1, 0), _line(_RETURN, _REFUSE | _NOT_ALLOWED), _line(_RETURN, _ALLOW)])
    lines += _where(socket, [_line(_RETURN, _REFUSE | _NO_ACCESS)])
    lines += _where(lock, [_line(_RETURN, _REFUSE | _NO_LOCKS)])
    for number in (opening_2, clone_3, ring):
        # what they are to do stands in memory, which a filter does not see: they are newer than those who call them
        lines += _where(number, [_line(_RETURN, _REFUSE | _UNKNOWN_CALL)])
    lines += _where(opening, _kill_where_any_bit(1, _WRITING))
    lines += _where(opening_at, _kill_where_any_bit(2, _WRITING))
    lines += _where(clone, [_argument(0), _line(_ANY_BIT, _THREAD, 1, 0), _line(_RETURN, _KILL), _line(_RETURN, _ALLOW)])
    lines += _where(kill_thread, [_argument(0), _line(_EQUAL, process, 1, 0), _line(_RETURN, _KILL), _line(_RETURN, _ALLOW)])
    refused = [line for command in _LOCK_COMMANDS for line in _where(command, [_line(_RETURN, _REFUSE | _NO_LOCKS)])]
    lines += _where(control, [_argument(1), *refused, _line(_RETURN, _ALLOW)])
    return b"".join([*lines, _line(_RETURN, _ALLOW)])


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _argument(position: int) -> bytes:
    """Load the lower half of an argument."""
    return _line(_LOAD, 16 + 8 * position)


def _where(number: Optional[int], then: list[bytes]) -> list[bytes]:
    """Instructions for one number alone."""
    return [] if number is None else [_line(_EQUAL, number, 0, len(then)), *then]


def _kill_where_any_bit(position: int, bits: int) -> list[bytes]:
    return [_argument(position), _line(_ANY_BIT, bits, 0, 1), _line(_RETURN, _KILL), _line(_RETURN, _ALLOW)]
