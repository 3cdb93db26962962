"""A report on made-up numbers holds none of the user's, in any format, and still shows the finding."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from qdiag.model.variants import with_values
from qdiag.pipeline.stage_prove import keep, load_minimal

pytestmark = [pytest.mark.stack, pytest.mark.slow]

PLANTED = ("0.318246", "0.731098", "0.459177")
TOLD = "0.862451"
"""In the exception that ends the script."""

RESULT = "0.949785"
"""The cosine of the first, which the smallest circuit returns."""

SCRIPT = f"""
import pennylane as qml
import torch

torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), diff_method="backprop")
def circuit(p):
    qml.RX(p[0], wires=0)
    qml.RY(p[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.Hamiltonian([p[2], 0.5], [qml.PauliZ(0), qml.PauliX(1)]))


p = torch.tensor([{", ".join(PLANTED)}], requires_grad=True)
circuit(p).backward()
raise ValueError("no patient has {TOLD}")
"""


def qdiag(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "qdiag", *words], cwd=folder, capture_output=True, text=True, timeout=280)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    (folder / "train.py").write_text(SCRIPT)
    assert qdiag(folder, "trace", "--out", "run", "train.py").returncode == 3
    plant(folder / "run" / "repro.minimal")
    return folder


def plant(minimal: Path) -> None:
    """Put the user's numbers back into the smallest circuit, where minimizing has made simple ones of them."""
    circuit = load_minimal(minimal)
    floats = [i for i, parameter in enumerate(circuit.parameters) if parameter.value.dtype.kind == "f" and not parameter.value.ndim]
    assert floats
    keep(with_values(circuit, {i: np.asarray(float(PLANTED[i % 3])) for i in floats}), minimal)


def shown(folder: Path, *words: str) -> str:
    done = qdiag(folder, "report", "run", "--synthetic", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_format_holds_a_number_of_the_users(run: Path) -> None:
    formats = ((), ("--format", "markdown"), ("--format", "html"), ("--json",), ("--github",))
    texts = [shown(run, *chosen) for chosen in formats]
    # PennyLane warns that it does not support this, so that there is no issue to open
    refused = qdiag(run, "report", "run", "--synthetic", "--url")
    assert (refused.returncode, "nothing to file" in refused.stderr) == (2, True)
    texts.append(refused.stderr)
    shown(run, "--bundle", "issue.zip")
    with zipfile.ZipFile(run / "issue.zip") as bundle:
        assert {"findings.json", "issue.md"} <= {*bundle.namelist()}
        texts += [bundle.read(name).decode() for name in bundle.namelist()]
    for text in texts:
        assert not [number for number in (*PLANTED, TOLD, RESULT) if number[:5] in text]
    assert all("QD303" in text for text in texts[:4])


def test_its_reproducer_shows_it(run: Path) -> None:
    assert "verified: exits 1" in shown(run)
    assert subprocess.run([sys.executable, "repro-synthetic.py"], cwd=run / "run", capture_output=True, timeout=100).returncode == 1


def test_the_trace_does_not_go_with_it(run: Path) -> None:
    refused = qdiag(run, "report", "run", "--synthetic", "--bundle", "b.zip", "--with-trace")
    assert (refused.returncode, "leave out" in refused.stderr) == (2, True)


def test_a_finding_that_is_not_there_is_a_clear_error(run: Path) -> None:
    refused = qdiag(run, "report", "run", "--synthetic", "--finding", "9")
    assert (refused.returncode, "finding" in refused.stderr) == (2, True)


def test_numbers_that_were_not_made_up_would_be_seen(run: Path) -> None:
    code = (
        "from qdiag.pipeline import synthetic_report; synthetic_report.made_up = lambda circuit, seed: circuit; "
        "from qdiag.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "report", "run", "--synthetic", "--format", "markdown"]
    told = subprocess.run(command, cwd=run, capture_output=True, text=True, timeout=280).stdout
    assert PLANTED[0][:5] in told
    assert RESULT[:5] in told
