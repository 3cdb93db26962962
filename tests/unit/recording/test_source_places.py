"""Where a call comes from: cells of a notebook have a number instead of a file."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qdiag.model.call import SourceLine
from qdiag.recording.source_places import Places

CELL = "/tmp/ipykernel_4242/3585965355.py"


def called_in(filename: str, function: Callable[[], tuple[SourceLine, str]]) -> tuple[SourceLine, str]:
    """What a function returns that is called from a file of this name."""
    names: dict[str, Any] = {}
    exec(compile("def calling(function):\n    return function()", filename, "exec"), names)
    found: tuple[SourceLine, str] = names["calling"](function)
    return found


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython as far as it is asked: it has compiled one cell."""
    compiler = types.SimpleNamespace(format_code_name=lambda name: ("Cell", "In[5]") if name == CELL else None)
    ipython = types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(compile=compiler))
    monkeypatch.setitem(sys.modules, "IPython", ipython)


@pytest.mark.usefixtures("notebook")
class TestInANotebook:
    def test_a_cell_is_named_as_the_notebook_names_it(self, tmp_path: Path) -> None:
        places = Places(str(tmp_path))
        line, _ = called_in(CELL, lambda: places.caller(sys._getframe(1)))
        assert (str(line), line.function) == ("In[5]:2", "calling")

    def test_a_cell_is_the_users_own_before_any_library_that_it_calls(self, tmp_path: Path) -> None:
        places = Places(str(tmp_path))
        line, _ = called_in(CELL, lambda: called_in("/opt/library.py", lambda: places.caller(sys._getframe(1))))
        assert line.path == "In[5]"

    def test_files_are_named_as_ever(self, tmp_path: Path) -> None:
        places = Places(str(tmp_path))
        assert places.relative(str(tmp_path / "train.py")) == "train.py"
        assert places.relative("/opt/library.py") == "library.py"


@pytest.mark.parametrize("ipython", [types.SimpleNamespace(), types.SimpleNamespace(get_ipython=lambda: None)])
def test_a_program_that_has_only_imported_ipython_has_no_cells(
    ipython: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert Places(str(tmp_path)).relative(CELL) == "3585965355.py"


class TestTheLibraryBetween:
    def asked_in(self, places: Places, filename: str, *inside: str) -> str:
        """The library between a caller in a file of this name and a callee, by way of these files."""
        found: list[str] = []

        def ask() -> tuple[SourceLine, str]:
            found.append(places.library(sys._getframe(1)))
            return SourceLine("", 0), ""

        def through(names: tuple[str, ...]) -> tuple[SourceLine, str]:
            return called_in(names[0], lambda: through(names[1:])) if names[1:] else called_in(names[0], ask)

        through((filename, *inside))
        return found[0]

    def test_is_the_file_of_a_framework_nearest_to_the_users_own(self, tmp_path: Path) -> None:
        places = Places(str(tmp_path))
        assert self.asked_in(places, str(tmp_path / "train.py"), f"{places._frameworks[0]}qng.py") == "qng.py"

    def test_is_none_where_the_user_made_the_call(self, tmp_path: Path) -> None:
        assert self.asked_in(Places(str(tmp_path)), str(tmp_path / "train.py")) == ""
