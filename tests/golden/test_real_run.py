"""The report of a real run reads as it did, but for its numbers: wording and order are ours, figures are the machine's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")

ROOT = Path(__file__).parent.parent.parent
CASE = "adjoint-observable-coeff-shifts-gradient"
GOLDEN = Path(__file__).parent / "files" / "real-run.txt"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.stack,
    pytest.mark.skipif(not hasattr(qml, "dot"), reason="the case needs qml.dot, which this PennyLane lacks"),
]


def scrubbed(text: str) -> str:
    """Without figures, and without line breaks, which depend on them."""
    without = re.sub(r"(?<![A-Za-z\d.])-?\d+(\.\d+)?(e[+-]?\d+)?", "#", text)
    return "\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n+(?= {3}\S)|\n\n", without)) + "\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    shutil.copy(ROOT / "cases" / CASE / "train.py", folder)
    # how many calls dear methods are asked at is a matter of the machine
    options = ["-q", "--methods", "adjoint,backprop", "--out", "run"]
    order = [sys.executable, "-m", "qdiag", "trace", *options, "train.py", "--", "default.qubit", "adjoint"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "SOME_API_TOKEN": "swordfish", "COLUMNS": "80"}
    done = subprocess.run(order, cwd=folder, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 1, done.stderr
    (folder / "summary.txt").write_text(done.stderr, encoding="utf-8")
    return folder


def test_the_summary_reads_as_it_did(run: Path, update: bool) -> None:
    printed = (run / "summary.txt").read_text(encoding="utf-8")
    text = scrubbed(printed[printed.index(" 6 QNode calls") :])
    if update:
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_every_format_was_written_and_gives_no_path_away(run: Path) -> None:
    for name in ("findings.json", "report.md", "report.html"):
        text = (run / "run" / name).read_text(encoding="utf-8")
        assert "QD303" in text
        assert str(run) not in text
        assert "swordfish" not in text
