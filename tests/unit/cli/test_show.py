"""``qdiag show`` of a judged and of an unjudged run: calls, dtypes, gaps, cost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from qdiag.cli.show import command
from qdiag.errors import UsageError
from qdiag.model.call import Event, Script
from qdiag.model.coverage import Gap, event_of
from qdiag.report.content import outline_file
from qdiag.trace.writer import TraceWriter, create
from tests.worlds.results import CASES
from tests.worlds.scripted import call, circuit


@pytest.fixture
def run(tmp_path: Path) -> Path:
    create(tmp_path / "trace.qdiag", Script("train.py"))
    with TraceWriter(tmp_path / "trace.qdiag") as writer:
        for index in range(50):
            writer.write(call(index, circuit(0.1 * index, "float32")))
    return tmp_path


def shown(run: Path, *words: str, columns: int = 150) -> str:
    done = CliRunner().invoke(command, [*words, str(run)], env={"COLUMNS": str(columns)}, catch_exceptions=False)
    return done.stdout


def test_an_unjudged_run_shows_its_calls_with_the_middle_left_out(run: Path) -> None:
    text = shown(run)
    assert text.startswith("50 QNode calls · 1 circuit structure · 0 optimiser steps\n")
    assert text.count("train.py:31") == 40
    assert "gap" not in text
    assert shown(run, "-v").count("train.py:31") == 50
    assert shown(run, "-q").count("\n") == 1


def test_a_judged_run_shows_gaps_and_costs_too(run: Path) -> None:
    document = CASES["moons"]().document()
    (run / "report.qdiag").write_text(outline_file.save(document))
    text = shown(run)
    assert f"gap: the largest to another method, in {document.gaps.unit}" in text
    assert all(cell in text for row in document.costs.rows for cell in row)
    curve = document.gaps.curves[0]
    written = json.loads(shown(run, "--json"))
    assert written["calls"][curve.calls[0]]["gaps"][curve.method] == curve.heights[0]
    assert written["gap_unit"] == document.gaps.unit
    assert written["costs"] == document.record["costs"]
    assert all(isinstance(cost["seconds"], float) and isinstance(cost["calls"], int) for cost in written["costs"])
    assert written["qnodes"] == [written["calls"][0]["qnode"]]


def test_the_gap_of_a_call_is_not_that_of_a_finite_difference(run: Path) -> None:
    document = CASES["moons"]().document()
    assert document.gaps is not None
    curve = document.gaps.curves[0]
    step = replace(curve, method="finite-diff@float64", heights=tuple(1e8 for _ in curve.heights))
    (run / "report.qdiag").write_text(outline_file.save(replace(document, gaps=replace(document.gaps, curves=(curve, step)))))
    text = shown(run)
    assert f"gap: the largest to another method, finite differences left out, in {document.gaps.unit}" in text
    assert "1e+08" not in text
    assert json.loads(shown(run, "--json"))["calls"][curve.calls[0]]["gaps"][step.method] == 1e8


def test_a_run_without_a_call_has_no_table(tmp_path: Path) -> None:
    create(tmp_path / "trace.qdiag", Script("train.py"))
    assert shown(tmp_path) == "0 QNode calls · 0 circuit structures · 0 optimiser steps\n"


def test_an_unjudged_run_has_no_costs_and_no_unit(run: Path) -> None:
    written = json.loads(shown(run, "--json"))
    assert (len(written["calls"]), written["gap_unit"], written["costs"]) == (50, None, [])


def test_a_call_takes_one_line_of_80_columns_and_its_method_can_be_read(run: Path) -> None:
    (run / "report.qdiag").write_text(outline_file.save(CASES["moons"]().document()))
    lines = shown(run, "-v", columns=80).splitlines()
    method = json.loads(shown(run, "--json"))["calls"][0]["method"].rpartition("/")[2]
    assert max(map(len, lines)) <= 80
    assert sum("train.py:31" in line and f" {method} " in line for line in lines) == 50


def test_the_device_stands_between_circuit_and_outputs(run: Path) -> None:
    written = json.loads(shown(run, "--json"))
    assert written["calls"][3]["dtypes"][1:4] == ["float32", "complex128", "float64"]
    assert len(written["calls"][3]["dtypes"]) <= len(written["stations"])
    assert "f32→c128→f64" in shown(run, columns=80)


@pytest.mark.parametrize(
    ("name", "seen"), [("f[/]", "f[/]"), ("exp[lr=0.1]", "exp[lr=0.1]"), ("a\x1b[31mred", "a\\x1b[31mred"), ("x\u202ey", "x\\u202ey")]
)
def test_a_name_is_shown_as_it_is_and_never_obeyed(tmp_path: Path, name: str, seen: str) -> None:
    create(tmp_path / "trace.qdiag", Script("train.py"))
    with TraceWriter(tmp_path / "trace.qdiag") as writer:
        one = call(0, circuit(0.1, "float32"))
        writer.write(replace(one, configuration=replace(one.configuration, qnode=name)))
    assert seen in shown(tmp_path)
    assert json.loads(shown(tmp_path, "--json"))["qnodes"] == [seen]


@pytest.mark.parametrize(
    ("layer", "named"), [("", "arguments→circuit→device→outputs;"), ("float32", "arguments→circuit→device→outputs→layer;")]
)
def test_the_legend_names_as_many_stations_as_the_rows_have(tmp_path: Path, layer: str, named: str) -> None:
    create(tmp_path / "trace.qdiag", Script("train.py"))
    with TraceWriter(tmp_path / "trace.qdiag") as writer:
        writer.write(call(0, circuit(0.1, "float32"), layer_dtype=layer))
    assert f"dtypes: {named}" in shown(tmp_path)


def test_no_line_of_a_pipe_ends_in_blanks(run: Path) -> None:
    (run / "report.qdiag").write_text(outline_file.save(CASES["moons"]().document()))
    assert [line for line in shown(run).splitlines() if line != line.rstrip()] == []


def test_what_the_recording_did_not_see_is_shown(run: Path) -> None:
    with TraceWriter(run / "trace.qdiag") as writer, writer.transaction():
        writer.events([Event(event_of(Gap.STOPPED), 50, "The recording stopped before the script ended: disk full.")])
    assert "stopped before the script ended: disk full." in shown(run)
    assert "The recording stopped before the script ended: disk full." in json.loads(shown(run, "--json"))["unseen"]


def test_costs_say_which_method_to_use_within_80_columns_and_without_colour(run: Path) -> None:
    document = CASES["moons"]().document()
    costs = [
        {"method": "default.qubit/backprop", "calls": 9, "seconds": 1.0, "usual_seconds": 0.02, "times_own": 1.0},
        {"method": "default.qubit/adjoint", "calls": 9, "seconds": 0.5, "usual_seconds": 0.01, "times_own": 0.5},
    ]
    record = {**document.record, "costs": costs, "findings": [], "undecided": False}
    (run / "report.qdiag").write_text(outline_file.save(replace(document, record=record)))
    text = shown(run, "--costs", columns=80)
    assert "adjoint is the cheapest method that is right here: 10 ms a gradient; backprop," in " ".join(text.split())
    assert max(map(len, text.split("\n"))) <= 80
    assert "\x1b" not in text
    assert json.loads(shown(run, "--costs", "--json"))["cheapest"] == "default.qubit/adjoint"


def test_costs_of_a_run_that_is_not_judged_are_refused_with_what_to_do(run: Path) -> None:
    with pytest.raises(UsageError, match="is not judged yet"):
        shown(run, "--costs")
