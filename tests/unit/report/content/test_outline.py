"""What an outline says of itself: a command as a shell takes it."""

from __future__ import annotations

import pytest

from qdiag.report.content.outline import NextStep


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        ((), "qdiag twin train.py"),
        (("a", "two words"), "qdiag twin train.py -- a 'two words'"),
        (("--token=<secret>", "x<y"), "qdiag twin train.py -- --token=<secret> 'x<y'"),
    ],
)
def test_a_command_is_shown_as_a_shell_takes_it(arguments: tuple[str, ...], typed: str) -> None:
    assert NextStep(("qdiag", "twin", "train.py"), arguments).typed == typed
