"""Messages between two processes: whole or none."""

from __future__ import annotations

import io

import pytest

from qdiag.evaluation.frames import receive, send


def sent(*parts: bytes) -> io.BytesIO:
    stream = io.BytesIO()
    send(stream, *parts)
    stream.seek(0)
    return stream


def test_messages_come_back_one_after_the_other() -> None:
    stream = io.BytesIO(sent(b"one\n", b"", b"\x00" * 9).getvalue() + sent(b"two").getvalue())
    assert receive(stream) == (b"one\n", b"", b"\x00" * 9)
    assert receive(stream) == (b"two",)
    with pytest.raises(EOFError):
        receive(stream)


@pytest.mark.parametrize("damage", [b"[3]\nab", b"[-1]\n", b"[1e9]\n", b"{}\n5", b"words\n", b'["a"]\n', b"[1073741825]\n", b"5\n"])
def test_what_is_no_message_is_an_end(damage: bytes) -> None:
    with pytest.raises(EOFError):
        receive(io.BytesIO(damage + b"x" if damage == b"{}\n5" else damage))
