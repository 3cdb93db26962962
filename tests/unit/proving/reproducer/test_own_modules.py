"""Where a reproducer finds the user's own modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdiag.model.method import Method
from qdiag.proving.reproducer.own_modules import levels_above, search_above

OWN, OTHER = Method("mine:Device", "device"), Method("default.qubit", "backprop")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text("")
    (tmp_path / "qdiag-runs" / "train-1").mkdir(parents=True)
    return tmp_path


def test_they_lie_as_far_above_as_the_script_does(folder: Path) -> None:
    assert levels_above([OWN, OTHER], folder, folder / "qdiag-runs" / "train-1") == 2


def test_nothing_is_looked_for_where_no_device_comes_from_there(folder: Path) -> None:
    home = folder / "qdiag-runs" / "train-1"
    assert levels_above([OTHER], folder, home) == 0
    assert levels_above([Method("installed.package:Device", "device")], folder, home) == 0
    assert levels_above([OWN], None, home) == 0


def test_a_folder_that_is_not_above_is_not_named(folder: Path) -> None:
    (folder / "beside").mkdir()
    (folder / "beside" / "mine.py").write_text("")
    assert levels_above([OWN], folder / "beside", folder / "qdiag-runs") == 0


def test_one_line_looks_there() -> None:
    assert search_above(0) == []
    line, _ = search_above(2)
    assert line.startswith('sys.path += [sys.path[0] + "/.." * up for up in range(1, 3)]')
