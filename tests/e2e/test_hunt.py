"""``qdiag hunt`` as users meet it: shift rules for a purity are wrong, and an operation that is right everywhere is no find."""

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
ONE = ("--device", "default.qubit", "--method", "parameter-shift", "--jobs", "1")


def hunt(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "qdiag", "hunt", *ONE, *words]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)


def test_a_rule_for_what_is_not_linear_is_found_diagnosed_and_not_new_the_second_time(tmp_path: Path) -> None:
    out = tmp_path / "hunt"
    found = hunt("--operation", "purity (PennyLane's)", "--out", str(out))
    assert found.returncode == 1, found.stderr
    (find,) = json.loads((out / "hunt.json").read_text())["finds"]
    assert (find["kind"], find["columns"], find["cause"]["code"]) == ("wrong number", ["default.qubit/parameter-shift"], "QD307")
    shown = subprocess.run([sys.executable, str(out / "repro.py")], capture_output=True, timeout=120, check=False)
    assert shown.returncode == 1
    again = hunt("--operation", "purity (PennyLane's)", "--quick", "--resume", str(out), "--against", str(out))
    assert again.returncode == 0, again.stderr


@needs_newest("shift rules of older PennyLanes break down behind a product")
def test_what_is_right_is_no_find(tmp_path: Path) -> None:
    # in random circuits with it others may be wrong
    found = hunt("--operation", "CRX", "--random", "0", "--out", str(tmp_path / "hunt"))
    assert found.returncode == 0, found.stderr
    assert "AGREE" in found.stderr
