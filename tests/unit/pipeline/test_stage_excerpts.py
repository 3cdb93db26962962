"""The user's own lines around a finding, and what is never read."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest

from qdiag.model.call import SourceLine
from qdiag.model.element import Element, Kind, parameter_names
from qdiag.model.findings import Finding
from qdiag.pipeline.stage_excerpts import LARGEST, excerpts_of
from tests.worlds.results import CASES

SCRIPT = '''import pennylane as qml


class Model:
    @qml.qnode(dev)
    def qnode(self, weights):
        qml.RX(weights[0], wires=0)
        qml.RY(weights[1], wires=0)
        qml.RY(weights[2], wires=1)
        return qml.expval(H)


for step in range(3):
    loss = model.qnode(
        weights,
    )
    loss.backward()
'''
LATER = 4e9
"""A moment after every file of a test was written."""


def finding(by: str = "RX#0", function: str = "train.py", call: int = 14, **changes: Any) -> Finding:
    shifted = CASES["shifted"]().result.findings[0]
    divergence = shifted.divergence
    configuration = replace(divergence.call.configuration, source=SourceLine(function, 6))
    made = replace(divergence.call, configuration=configuration, source=SourceLine("train.py", call), **changes)
    comparison = replace(divergence.comparison, element=Element(Kind.JACOBIAN, by=by))
    return replace(shifted, divergence=replace(divergence, call=made, comparison=comparison))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "train.py").write_text(SCRIPT)
    return tmp_path / "project"


def test_they_are_the_quantum_function_and_the_statement_that_called_it_whole_and_without_indentation(folder: Path) -> None:
    function, statement = excerpts_of(finding(), folder, LATER)
    assert (function.place, function.first) == ("train.py:5", 5)
    assert function.text.splitlines()[0] == "@qml.qnode(dev)"
    assert function.text.splitlines()[-1] == "    return qml.expval(H)"
    assert (statement.place, statement.text) == ("train.py:14", "loss = model.qnode(\n    weights,\n)")
    assert statement.marked == (14,)


@pytest.mark.parametrize(("by", "marked"), [("RX#0", (7,)), ("RY#0", ()), ("no such#0", ())])
def test_the_line_of_an_operation_is_marked_where_only_one_can_be_it(folder: Path, by: str, marked: tuple[int, ...]) -> None:
    assert excerpts_of(finding(by), folder, LATER)[0].marked == marked


def test_of_a_measurement_the_line_is_that_of_the_return(folder: Path) -> None:
    last = parameter_names(CASES["shifted"]().result.findings[0].divergence.call.circuit)[-1]
    assert excerpts_of(finding(last), folder, LATER)[0].marked == (10,)


@pytest.mark.parametrize("path", ["../secret.py", "/etc/passwd", "data.txt", "", "missing.py", "a\0b.py"])
def test_nothing_is_read_but_scripts_in_the_scripts_folder(folder: Path, path: str) -> None:
    (folder.parent / "secret.py").write_text(SCRIPT)
    (folder / "data.txt").write_text(SCRIPT)
    assert [one.first for one in excerpts_of(finding(function=path), folder, LATER)] == [14]


@pytest.mark.parametrize("none", [None, 0.0])
def test_nothing_is_read_of_a_strangers_trace_or_of_a_file_that_was_changed_since(folder: Path, none: Optional[float]) -> None:
    assert excerpts_of(finding(), None if none is None else folder, LATER if none is None else none) == ()


def test_what_is_no_python_or_too_large_is_left_out(folder: Path) -> None:
    (folder / "train.py").write_text("def broken(:\n")
    assert excerpts_of(finding(), folder, LATER) == ()
    (folder / "train.py").write_text(SCRIPT + "#" * LARGEST)
    assert excerpts_of(finding(), folder, LATER) == ()


def test_a_function_that_fills_pages_is_no_excerpt(folder: Path) -> None:
    long = SCRIPT.replace("        qml.RX(weights[0], wires=0)\n", "        qml.RX(weights[0], wires=0)\n" * 60)
    (folder / "train.py").write_text(long)
    assert all(one.text.count("\n") < 40 for one in excerpts_of(finding(call=73), folder, LATER))


def test_a_link_that_leads_outside_is_not_followed(folder: Path) -> None:
    (folder.parent / "secret.py").write_text(SCRIPT)
    os.symlink(folder.parent / "secret.py", folder / "link.py")
    assert [one.first for one in excerpts_of(finding(function="link.py"), folder, LATER)] == [14]
