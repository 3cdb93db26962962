"""What the commands say while they work: on stderr."""

from __future__ import annotations

import pytest

from qdiag.cli.progress import Voice


def test_it_speaks_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Voice().say("replaying")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "replaying\n")
