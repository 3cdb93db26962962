"""``qdiag show`` of a judged and of an unjudged run: calls, dtypes, gaps, cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qdiag.call import Script
from qdiag.cli.show import command
from qdiag.report import outline_file
from qdiag.trace_writer import TraceWriter, create
from tests.golden.results import CASES
from tests.unit.scripted import call, circuit


@pytest.fixture
def run(tmp_path: Path) -> Path:
    create(tmp_path / "trace.qdiag", Script("train.py"))
    with TraceWriter(tmp_path / "trace.qdiag") as writer:
        for index in range(50):
            writer.write(call(index, circuit(0.1 * index, "float32")))
    return tmp_path


def shown(run: Path, *words: str) -> str:
    done = CliRunner().invoke(command, [*words, str(run)], env={"COLUMNS": "150"}, catch_exceptions=False)
    return done.stdout


def test_an_unjudged_run_shows_its_calls_with_the_middle_left_out(run: Path) -> None:
    text = shown(run)
    assert text.startswith("50 QNode calls · 1 circuit structures · 0 optimiser steps\n")
    assert text.count("train.py:31") == 40
    assert "gap" not in text
    assert shown(run, "-v").count("train.py:31") == 50
    assert shown(run, "-q").count("\n") == 1


def test_a_judged_run_shows_gaps_and_costs_too(run: Path) -> None:
    document = CASES["moons"]().document()
    (run / "report.qdiag").write_text(outline_file.save(document))
    text = shown(run)
    assert f"gap, {document.gaps.unit}" in text
    assert all(cell in text for row in document.costs.rows for cell in row)
    curve = document.gaps.curves[0]
    rows = json.loads(shown(run, "--json"))
    assert rows[curve.calls[0]]["gaps"][curve.method] == curve.heights[0]
    assert rows[3]["dtypes"].endswith("float32 → float64")
