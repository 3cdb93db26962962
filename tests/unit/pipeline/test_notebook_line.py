"""The line below a notebook's cell: one output that is replaced, and none where nobody works in a notebook."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from qdiag.pipeline.notebook_line import replaced_line


def with_ipython(monkeypatch: pytest.MonkeyPatch, shell: object) -> list[tuple[str, str]]:
    """IPython with a shell; what it displays."""
    shown: list[tuple[str, str]] = []

    def display(content: dict[str, str], *, raw: bool, display_id: bool) -> Any:
        assert (raw, display_id) == (True, True)
        shown.append(("new", content["text/plain"]))
        return SimpleNamespace(update=lambda content, raw: shown.append(("replaced", content["text/plain"])))

    top, inner = ModuleType("IPython"), ModuleType("IPython.display")
    top.get_ipython = lambda: shell  # type: ignore[attr-defined]
    inner.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", top)
    monkeypatch.setitem(sys.modules, "IPython.display", inner)
    return shown


def test_lines_of_a_notebook_replace_each_other_and_nothing_is_shown_before_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = with_ipython(monkeypatch, SimpleNamespace(kernel=object()))
    line = replaced_line()
    assert line is not None
    assert shown == []
    line("replaying (1 s)")
    line("replaying (2 s)")
    assert shown == [("new", "replaying (1 s)"), ("replaced", "replaying (2 s)")]


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_a_terminal_with_ipython_or_without_is_no_notebook(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    with_ipython(monkeypatch, shell)
    assert replaced_line() is None


def test_where_nobody_loaded_ipython_it_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert replaced_line() is None
    assert "IPython" not in sys.modules
