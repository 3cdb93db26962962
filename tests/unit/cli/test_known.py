"""``qdiag known``: the table, and what of it a run touches."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from qdiag.cli.known import command
from qdiag.model.call import Script
from qdiag.report.content import known_faults
from qdiag.report.content.known_faults import KnownFault
from qdiag.trace.call_text import text_of
from qdiag.trace.writer import TraceWriter, create
from tests.unit.report.content.test_known_faults import FAULT, TOUCHING
from tests.worlds.results import ENVIRONMENT, call


def said(*words: str) -> str:
    done = CliRunner().invoke(command, list(words), env={"COLUMNS": "80"}, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def a_run(folder: Path, version: str) -> Path:
    create(folder / "trace.qdiag", Script("train.py"))
    with TraceWriter(folder / "trace.qdiag") as writer:
        writer.meta("environment", text_of(replace(ENVIRONMENT, packages=(("pennylane", version),))))
        writer.write(call(TOUCHING, 0, "adjoint"))
    return folder


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> tuple[KnownFault, ...]:
    faults = (FAULT, replace(FAULT, title="another", methods=("lightning.qubit/adjoint",), first_fixed=""))
    monkeypatch.setattr(known_faults, "known_faults", lambda: faults)
    monkeypatch.setattr("qdiag.cli.known.known_faults", lambda: faults)
    return faults


def test_the_table_fits_a_narrow_screen_and_says_on_which_releases() -> None:
    text = said()
    assert max(map(len, text.splitlines())) <= 80
    assert "0.33.0 to 0.36.0" in text
    assert "fixed in 0.37.0" in text
    assert "broken promise" in text
    assert text.splitlines()[-1].startswith("2 faults")


def test_what_does_not_fit_into_a_line_goes_on_indented(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = tuple(f"{device}/{method}" for device in ("default.qubit", "lightning.qubit") for method in ("adjoint", "hadamard"))
    monkeypatch.setattr("qdiag.cli.known.known_faults", lambda: (replace(FAULT, methods=everywhere, first_fixed=""),))
    _, title, *details, _ = said().splitlines()
    assert title.startswith(FAULT.title)
    assert len(details) > 1
    assert all(line.startswith("  ") and not line.startswith("   ") for line in details)


def test_only_what_a_release_has() -> None:
    assert said("--release", "0.40.0", "-q").splitlines() == ["another"]
    assert [entry["title"] for entry in json.loads(said("--release", "0.36.0", "--json"))] == [FAULT.title, "another"]


def test_of_a_run_only_what_it_touches(tmp_path: Path) -> None:
    run = str(a_run(tmp_path, "0.36.0"))
    assert said(run, "-q").splitlines() == [FAULT.title]
    assert json.loads(said(run, "--json"))[0]["calls"] == [0]
    assert "not that it is wrong there" in said(run)


def test_a_run_that_touches_nothing_is_told_so(tmp_path: Path) -> None:
    assert "nothing that is known of PennyLane 0.37.0" in said(str(a_run(tmp_path, "0.37.0")))


def test_of_a_run_without_a_call_nothing_is_said_of_a_release(tmp_path: Path) -> None:
    create(tmp_path / "trace.qdiag", Script("train.py"))
    assert said(str(tmp_path)) == "no QNode call was recorded in this run\n"
