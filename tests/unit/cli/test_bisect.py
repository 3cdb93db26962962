"""``qdiag bisect``: which script is meant, where it is known to be bad, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qdiag.cli import group
from qdiag.model.bisection import Bisection
from qdiag.pipeline import bisect as pipeline
from tests.unit.trace.test_run_list import a_run
from tests.worlds.bisections import bisection

HEADER = '# /// script\n# requires-python = "==3.11.*"\n# dependencies = ["pennylane==0.36.0", "torch==2.13.0"]\n# ///\n'


def run(monkeypatch: pytest.MonkeyPatch, found: Bisection, *words: str) -> tuple[int, str, list[pipeline.Wanted]]:
    seen: list[pipeline.Wanted] = []

    def pretend(wanted: pipeline.Wanted, voice) -> Bisection:
        seen.append(wanted)
        return found

    monkeypatch.setattr(pipeline, "bisect", pretend)
    result = CliRunner(env={"COLUMNS": "80"}).invoke(group, ["bisect", *words], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return int(result.return_value), result.stdout, seen


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "repro.py"
    path.write_text(f"# What it shows.\n{HEADER}import sys\nsys.exit(1)\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("found", "code"), [(bisection(), 0), (bisection(span=None), 4), (bisection(span=None, interrupted=True), 130)]
)
def test_the_exit_code_says_whether_it_was_found(found: Bisection, code: int, script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, found, str(script))[0] == code


def test_a_script_says_in_its_header_where_it_was_found(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = run(monkeypatch, bisection(), str(script))[2][0]
    assert (asked.script, asked.known, asked.pennylane, asked.package) == (script, "0.36.0", "0.36.0", "pennylane")
    other = run(monkeypatch, bisection(), str(script), "--package", "torch", "--bad", "2.12.0", "--from", "2.1")[2][0]
    assert (other.package, other.known, other.pennylane, other.oldest) == ("torch", "2.12.0", "0.36.0", "2.1")


def test_of_a_run_it_is_the_script_that_is_asked_for_and_the_record_goes_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_run(tmp_path, "train-1", 1e9, '{"verdict": "error"}')
    for name in ("repro.py", "repro-2.py"):
        (folder / name).write_text(HEADER, encoding="utf-8")
    assert run(monkeypatch, bisection(), str(folder))[2][0].script == folder / "repro.py"
    record = json.loads((folder / "bisect.json").read_text(encoding="utf-8"))
    assert record["first_bad"] == "0.35.0"
    assert run(monkeypatch, bisection(), str(folder), "--finding", "2")[2][0].script == folder / "repro-2.py"
    assert (folder / "bisect-2.json").exists()
    with pytest.raises(Exception, match=r"has no repro-3\.py"):
        run(monkeypatch, bisection(), str(folder), "--finding", "3")


def test_as_json_it_prints_the_record_and_nothing_else(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = run(monkeypatch, bisection(), str(script), "--json")[1]
    assert json.loads(printed)["last_good"] == "0.34.0"


def test_what_is_run_is_said_before_it_is(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "bisect", lambda wanted, voice: bisection())
    result = CliRunner(env={"COLUMNS": "80"}).invoke(group, ["bisect", str(script)], standalone_mode=False)
    assert "repro.py is run on other releases of pennylane" in " ".join(result.stderr.split())


def test_cleaning_deletes_the_cache_and_asks_for_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cache" / "answers").mkdir(parents=True)
    code, _, seen = run(monkeypatch, bisection(), "--clean", "--cache", "cache")
    assert (code, seen) == (0, [])
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_release_that_is_none_is_refused(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match="newest is no release"):
        run(monkeypatch, bisection(), str(script), "--bad", "newest")
