"""A run directory that an earlier qdiag wrote still opens, is judged again without replaying anything, and is reported."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qdiag.trace.evaluation_store import installed_versions
from tests.worlds.older_stacks import qml

pytestmark = pytest.mark.stack

EARLIER = Path(__file__).parent / "runs" / "before-the-rooms"
"""Recorded and judged when every module lay at the package's root: three calls under adjoint, with trainable coefficients."""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EARLIER, tmp_path / "run"))


def qdiag(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "qdiag", *arguments], capture_output=True, text=True, timeout=240, check=False)


def test_its_outline_is_reported_without_judging(run: Path) -> None:
    done = qdiag("report", str(run))
    assert done.returncode == 0, done.stderr
    assert "adjoint is wrong" in done.stdout
    assert "QD303" in done.stdout


def test_its_calls_are_listed(run: Path) -> None:
    done = qdiag("show", str(run))
    assert done.returncode == 0, done.stderr
    assert "readout" in done.stdout


@pytest.mark.skipif(not hasattr(qml.ops, "Sum"), reason="this PennyLane has no sum, which the circuit measures")
def test_it_is_judged_again_as_it_was_then(run: Path) -> None:
    before = json.loads((EARLIER / "findings.json").read_text(encoding="utf-8"))
    done = qdiag("diagnose", str(run), "--no-minimize")
    assert done.returncode == 1, done.stderr
    after = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    assert (after["verdict"], after["replayed"], after["methods"]) == (before["verdict"], before["replayed"], before["methods"])
    for key in ("call", "where", "methods", "wrong", "source"):
        assert after["findings"][0][key] == before["findings"][0][key]
    assert after["findings"][0]["cause"]["code"] == before["findings"][0]["cause"]["code"]


def test_what_was_evaluated_then_is_not_evaluated_again(run: Path) -> None:
    if stack_of(run) != installed_versions():
        pytest.skip("evaluations of another stack are not found")
    before = kept(run)
    assert qdiag("diagnose", str(run), "--no-minimize", "--trust").returncode == 1
    assert kept(run) == before


def kept(run: Path) -> set[str]:
    """The keys of the evaluations that a replay has stored."""
    with contextlib.closing(sqlite3.connect(run / "evaluations.qdiag")) as database:
        return {key for (key,) in database.execute("SELECT key FROM evaluations")}


def stack_of(run: Path) -> str:
    """The stack that they were made with."""
    with contextlib.closing(sqlite3.connect(run / "evaluations.qdiag")) as database:
        return str(database.execute("SELECT stack FROM evaluations").fetchone()[0])
