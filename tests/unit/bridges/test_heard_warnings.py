"""Warnings are heard each time, but for those of what nobody has closed."""

from __future__ import annotations

import warnings

from qdiag.bridges.heard_warnings import heard_warnings


def test_each_is_heard_as_often_as_it_is_said_and_nothing_of_files_that_are_left_open() -> None:
    with heard_warnings() as heard:
        for _ in range(2):
            warnings.warn("single precision", UserWarning, stacklevel=1)
            warnings.warn("unclosed database", ResourceWarning, stacklevel=1)
    assert [str(one.message) for one in heard] == ["single precision"] * 2
