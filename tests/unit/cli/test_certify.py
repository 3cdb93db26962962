"""``qdiag certify``: what is read of the command line, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qdiag.cli import certify as command_file
from qdiag.cli import group
from qdiag.errors import UsageError
from qdiag.model.certificate import Certificate, Standing
from qdiag.pipeline import certify as pipeline
from qdiag.trace.cells_file import record_of
from tests.worlds.certificates import cell, certificate


def run(monkeypatch: pytest.MonkeyPatch, found: Certificate, *words: str) -> tuple[int, str, pipeline.Asked]:
    seen: list[pipeline.Asked] = []

    def pretend(asked: pipeline.Asked, run, voice) -> Certificate:
        seen.append(asked)
        return found

    monkeypatch.setattr(pipeline, "certify", pretend)
    result = CliRunner().invoke(group, ["certify", *words], standalone_mode=False)
    return int(result.return_value if result.exception is None else 99), result.output, seen[0]


RIGHT = certificate(cells=(cell("RX"),), faults=())
REFUSED = certificate(cells=(cell("RX", standing=Standing.REFUSED),), faults=())


@pytest.mark.parametrize(
    ("found", "code"), [(certificate(), 1), (RIGHT, 0), (REFUSED, 4), (certificate(interrupted=True), 130)]
)
def test_the_exit_code_says_what_was_found(found: Certificate, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, found, "my.device", "--out", str(tmp_path / "out"))[0] == code


def test_held_against_an_earlier_certificate_only_what_is_worse_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tmp_path / "before.json"
    before.write_text(json.dumps({"cells": [record_of(one) for one in certificate().cells]}))
    assert run(monkeypatch, certificate(), "my.device", "--out", str(tmp_path / "a"), "--against", str(before))[0] == 0
    before.write_text(json.dumps({"cells": [record_of(one) for one in certificate().cells if one.standing is not Standing.WRONG]}))
    assert run(monkeypatch, certificate(), "my.device", "--out", str(tmp_path / "b"), "--against", str(before))[0] == 1


def test_the_files_are_written_and_the_record_is_printed_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, printed, _ = run(monkeypatch, RIGHT, "my.device", "--out", str(tmp_path / "out"), "--json")
    assert code == 0
    assert json.loads(printed)["verdict"] == "agree"
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written >= {"certificate.json", "certificate.md", "certificate.html", "badge.json"}


def test_options_are_numbers_truth_values_and_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ("--option", "level=8", "--option", "backend=aer_simulator", "--option", "exact=True", "--option", "noise=None")
    out = ("--out", str(tmp_path / "out"))
    asked = run(monkeypatch, RIGHT, "my.device", *given, "--seed", "3", "--methods", "adjoint,backprop", *out)[2]
    assert asked.options == (("backend", "aer_simulator"), ("exact", True), ("level", 8), ("noise", None))
    assert asked.methods == ("adjoint", "backprop")
    assert asked.seed == 3


@pytest.mark.parametrize("text", ["level", "=8", "le vel=8"])
def test_what_is_no_option_is_said(text: str) -> None:
    with pytest.raises(UsageError):
        command_file._options_of((text,))


def test_a_run_may_be_made_anew_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("my.device", "--out", str(tmp_path / "out"))
    assert run(monkeypatch, RIGHT, *words)[0] == 0
    assert run(monkeypatch, RIGHT, *words, "--force")[0] == 0
