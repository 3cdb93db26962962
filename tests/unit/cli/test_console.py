"""Output whose reader leaves before the end."""

from __future__ import annotations

import io
import os

from qdiag.cli.console import PatientConsole


def test_a_reader_who_leaves_ends_no_command() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream:
        console = PatientConsole(file=stream)
        for _ in range(3):
            console.print("a line")
        stream.write("what another writes there, too")
    assert console.quiet


def test_so_does_a_stream_that_is_no_file() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    console = PatientConsole(file=Gone())
    console.print("a line")
    assert console.quiet
