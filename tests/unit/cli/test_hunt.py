"""``qdiag hunt``: what is read of the command line, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qdiag.cli import group
from qdiag.model.certificate import Standing
from qdiag.model.hunt import Hunt
from qdiag.pipeline import hunt as pipeline
from tests.worlds.certificates import cell, certificate, hunted


def run(monkeypatch: pytest.MonkeyPatch, found: Hunt, *words: str) -> tuple[int, str, list[pipeline.Asked]]:
    seen: list[pipeline.Asked] = []

    def pretend(asked: pipeline.Asked, run, voice) -> Hunt:
        seen.append(asked)
        return found

    monkeypatch.setattr(pipeline, "hunt", pretend)
    result = CliRunner().invoke(group, ["hunt", *words], standalone_mode=False)
    return int(result.return_value if result.exception is None else 99), result.output, seen


RIGHT = hunted(finds=(), parts=(certificate(cells=(cell("RX"),)),))
REFUSED = hunted(finds=(), parts=(certificate(cells=(cell("RX", standing=Standing.REFUSED),)),))


@pytest.mark.parametrize(("found", "code"), [(hunted(), 1), (RIGHT, 0), (REFUSED, 4), (hunted(interrupted=True), 130)])
def test_the_exit_code_says_what_was_found(found: Hunt, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, found, "--out", str(tmp_path / "out"))[0] == code


def test_held_against_an_earlier_hunt_only_what_is_new_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, hunted(), "--out", str(tmp_path / "a"))[0] == 1
    assert run(monkeypatch, hunted(), "--out", str(tmp_path / "b"), "--against", str(tmp_path / "a"))[0] == 0
    record = json.loads((tmp_path / "a" / "hunt.json").read_text())
    record["finds"] = record["finds"][1:]
    (tmp_path / "a" / "hunt.json").write_text(json.dumps(record))
    assert run(monkeypatch, hunted(), "--out", str(tmp_path / "c"), "--against", str(tmp_path / "a"))[0] == 1
    assert [find["new"] for find in json.loads((tmp_path / "c" / "hunt.json").read_text())["finds"]] == [True, False]


def test_what_is_asked_for_reaches_the_pipeline_and_the_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--device", "default.mixed", "--operation", "RX", "--method", "adjoint", "--method", "backprop", "--seed", "3", "--json")
    code, printed, seen = run(monkeypatch, RIGHT, *words, "--out", str(tmp_path / "out"))
    assert code == 0
    assert json.loads(printed)["verdict"] == "agree"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"hunt.json", "hunt.md", "hunt.html"}
    asked = seen[0]
    assert (asked.devices, asked.only, asked.seed) == (("default.mixed",), frozenset({"RX"}), 3)
    assert asked.methods == ("adjoint", "backprop")


def test_an_earlier_hunt_that_is_not_there_is_refused_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IndexError):
        # nothing was seen
        run(monkeypatch, RIGHT, "--against", "0.1.0")[2][0]
    assert not (tmp_path / "qdiag-runs").exists()


def test_a_run_may_be_made_anew_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--out", str(tmp_path / "out"))
    assert run(monkeypatch, RIGHT, *words)[0] == 0
    assert run(monkeypatch, RIGHT, *words, "--force")[0] == 0
