"""Messages between two processes: a line with the lengths of their parts, then the parts. Standard library only."""

from __future__ import annotations

import json
from typing import IO

LONGEST_LINE = 10_000
LARGEST = 1 << 30
"""Bytes of one message."""


def send(stream: IO[bytes], *parts: bytes) -> None:
    """Write a message."""
    stream.write(json.dumps([len(part) for part in parts]).encode() + b"\n" + b"".join(parts))
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[bytes, ...]:
    """Read a message.

    Raises
    ------
    EOFError
        If the other process has ended, or wrote something else.
    """
    try:
        lengths = json.loads(stream.readline(LONGEST_LINE))
        if not all(type(length) is int and length >= 0 for length in lengths) or sum(lengths) > LARGEST:
            raise ValueError
        parts = tuple(stream.read(length) for length in lengths)
    except (ValueError, TypeError):
        raise EOFError from None
    if [len(part) for part in parts] != lengths:
        raise EOFError
    return parts
