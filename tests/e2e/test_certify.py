"""``qdiag certify`` as users meet it, on a device that ignores control values and on one that is healthy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from qdiag.bridges.space.ingredients import MODERN
from tests.worlds.older_stacks import needs_newest

pytestmark = [pytest.mark.stack, pytest.mark.skipif(not MODERN, reason="instances by hand are as the newer end takes them")]

ROOT = Path(__file__).parents[2]


def certify(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "qdiag", "certify", "--jobs", "1", *words]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)


@needs_newest("older PennyLanes do not copy circuits with other operations")
def test_a_device_that_ignores_control_values_is_found_out(tmp_path: Path) -> None:
    out = tmp_path / "blind"
    sick = ("BlindToControlValues", "--module", "tests.worlds.devices", "--methods", "parameter-shift")
    found = certify(*sick, "--operation", "S", "--operation", "PauliX", "--quick", "--out", str(out))
    assert found.returncode == 1, found.stderr
    record = json.loads((out / "certificate.json").read_text())
    assert record["verdict"] == "error"
    assert record["precision"]["single"]
    # it rounds to real numbers, too
    assert {fault["about"] for fault in record["faults"]} == {"controlled on 0", "state"}
    assert "controlled on 0: its output" in (out / "certificate.md").read_text()
    assert "controlled on 0" in found.stdout + found.stderr
    # the same again, against itself: nothing is worse, and all of it is known
    known = ("--resume", str(out), "--against", str(out / "certificate.json"))
    again = certify(*sick, "--operation", "S", "--operation", "PauliX", "--quick", *known)
    assert again.returncode == 0, again.stderr


@needs_newest("default.qubit of older PennyLanes is itself wrong or breaks down in places")
def test_a_healthy_device_is_certified(tmp_path: Path) -> None:
    out = tmp_path / "healthy"
    found = certify("default.qubit", "--operation", "CRX", "--quick", "--out", str(out), "--json")
    assert found.returncode == 0, found.stderr
    record = json.loads(found.stdout)
    assert record["verdict"] == "agree"
    assert {"backprop", "adjoint", "parameter-shift", "hadamard"} <= set(record["methods"])
    assert record["counts"].get("wrong", 0) == 0
    files = {"badge.json", "cells.jsonl", "certificate.html", "certificate.json", "certificate.md"}
    assert {path.name for path in out.iterdir()} == files


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no.such.device"], "there is no device 'no.such.device' here"),
        (["default.qubit", "--operation", "Splendid"], "there is no operation 'Splendid'"),
        (["default.qubit", "--option", "shots"], "gives no option"),
        (["default.qubit", "--methods", "sideways"], "unknown differentiation method"),
        (["Nothing", "--module", "tests.worlds.devices"], "has no device 'Nothing'"),
    ],
)
def test_what_cannot_be_certified_is_said_in_a_sentence(words: list[str], message: str, tmp_path: Path) -> None:
    found = certify(*words, "--out", str(tmp_path / "out"))
    assert found.returncode == 2
    assert message in " ".join(found.stderr.split())
