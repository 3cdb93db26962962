"""What the commands say while they work: on stderr."""

from __future__ import annotations

from contextvars import copy_context

import pytest

from qdiag.cli import BEGUN
from qdiag.cli.progress import Voice


def test_who_waits_has_waited_since_the_command_was_called() -> None:
    def voice() -> Voice:
        BEGUN.set(3.0)
        return Voice()

    assert copy_context().run(voice)._spoken == 3.0
    assert Voice()._spoken > 3.0


def test_it_speaks_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Voice().say("replaying")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "replaying\n")
