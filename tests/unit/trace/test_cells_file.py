"""Cells are kept as they come, and read with care."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from qdiag.errors import OutputError, TraceError
from qdiag.model.certificate import Standing
from qdiag.trace.cells_file import CellsFile, cell_from, read_certificate, record_of
from tests.worlds.certificates import cell, certificate, specimen


@pytest.mark.parametrize("one", certificate().cells, ids=lambda one: one.standing.value)
def test_a_cell_comes_back_as_it_was(one) -> None:
    assert cell_from(json.loads(json.dumps(record_of(one), allow_nan=False))) == one


@pytest.mark.parametrize(
    "record", [None, [], {}, {**record_of(cell()), "standing": "splendid"}, {**record_of(cell()), "error": "much"}]
)
def test_what_is_no_cell_is_said_to_be_none(record) -> None:
    with pytest.raises(TraceError):
        cell_from(record)


def test_a_run_goes_on_with_the_cells_that_it_has(tmp_path: Path) -> None:
    path, known = tmp_path / "cells.jsonl", cell("RX", standing=Standing.WRONG, error=math.inf)
    with CellsFile(path, "a device") as file:
        file.keep(specimen("RX"), [known])
    with CellsFile(path, "a device") as file:
        assert file.known(specimen("RX")) == (known,)
        assert file.known(specimen("RY")) == ()


def test_cells_of_another_device_are_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    with CellsFile(path, "a device") as file:
        file.keep(specimen("RX"), [cell("RX")])
    with CellsFile(path, "another") as file:
        assert file.known(specimen("RX")) == ()


def test_the_last_line_of_a_run_that_was_killed_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    with CellsFile(path, "a device") as file:
        file.keep(specimen("RX"), [cell("RX")])
    path.write_text(path.read_text() + '[{"operation": "RY", "co')
    with CellsFile(path, "a device") as file:
        assert file.known(specimen("RX")) == (cell("RX"),)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError), CellsFile(tmp_path / "nowhere" / "cells.jsonl", "a device"):
        pass


def test_a_certificate_is_read_for_its_cells(tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps({"cells": [record_of(cell("RX"))]}))
    assert read_certificate(path) == (cell("RX"),)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 3}', '{"cells": [3]}'])
def test_a_file_that_is_no_certificate_is_said_to_be_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    path.write_text(text)
    with pytest.raises(TraceError):
        read_certificate(path)
    with pytest.raises(TraceError):
        read_certificate(tmp_path / "missing.json")


def test_a_cell_without_a_number_is_null() -> None:
    assert record_of(replace(cell("RX"), error=math.nan))["error"] is None
