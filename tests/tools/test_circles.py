"""The check of circles sees those that the contracts let pass."""

from __future__ import annotations

from typing import Any

import pytest

grimp = pytest.importorskip("grimp", reason="comes with import-linter, which is no part of the test extra")

from tests.tools.circles import circles  # noqa: E402


def graph(*imports: tuple[str, str]) -> Any:
    """Modules of which each first one imports the second."""
    made = grimp.ImportGraph()
    for importer, imported in imports:
        made.add_module(importer)
        made.add_module(imported)
        made.add_import(importer=importer, imported=imported)
    return made


def test_files_one_below_the_other_are_no_circle() -> None:
    assert not [*circles(graph(("a.b", "a.c"), ("a.b", "a.d"), ("a.c", "a.d")))]


def test_the_long_way_around_is_a_circle_and_told_once() -> None:
    assert [*circles(graph(("a.b", "a.c"), ("a.c", "a.d"), ("a.d", "a.b"), ("a.e", "a.b")))] == [("a.b", "a.c", "a.d", "a.b")]


def test_a_package_and_its_own_file_make_a_circle() -> None:
    assert [*circles(graph(("a", "a.b"), ("a.b", "a")))] == [("a", "a.b", "a")]
