"""Two stacks on a terminal: they fit a narrow screen."""

from __future__ import annotations

import io

from rich.console import Console

from qdiag.report.formats.stacks_terminal import render
from tests.unit.report.formats.test_stacks_github import shown


def test_it_fits_a_narrow_screen_and_says_all_of_it() -> None:
    stream = io.StringIO()
    render(shown(2), Console(file=stream, width=80))
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    for words in ("ERROR", "2 of 2 circuits changed", "circuit 1: circuit (train.py:31)", "the lock is right"):
        assert words in " ".join(text.split())
