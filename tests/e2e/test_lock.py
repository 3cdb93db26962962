"""A script locked, and the lock held against the stack that made it: silent; and against one that gave something else: told."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qdiag.trace.lock_file import LARGEST, read_lock, write_lock

pytestmark = pytest.mark.slow

SCRIPT = """
import sys
import pennylane as qml
import torch

def make(method):
    @qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method=method)
    def circuit(x):
        qml.RX(x[0], wires=0)
        qml.CNOT(wires=[0, 1])
        qml.RY(x[1], wires=1)
        return qml.expval(qml.PauliZ(1)), qml.probs(wires=0)

    return circuit

x = torch.tensor([0.123456, 0.7], requires_grad=True)
for method in sys.argv[1:]:
    energy, probabilities = make(method)(x)
    (energy + probabilities[0]).backward()
"""


def qdiag(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    command = [sys.executable, "-m", "qdiag", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280, check=False, env={**plain, **variables})


def test_a_lock_is_silent_on_its_own_stack_and_tells_of_another(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    made = qdiag(tmp_path, "lock", "train.py", "--", "backprop", "adjoint")
    assert made.returncode == 0, made.stderr
    file = tmp_path / "qdiag.lock"
    text = file.read_text(encoding="utf-8")
    assert len(text) < LARGEST
    assert "0.123456" not in text
    same = qdiag(tmp_path, "ci", OMP_NUM_THREADS="2", PYTHONHASHSEED="7")
    assert (same.returncode, same.stdout) == (0, ""), same.stderr
    lock = read_lock(text)
    assert {str(one.request.method) for one in lock.circuits} == {"default.qubit/backprop", "default.qubit/adjoint"}
    first = lock.circuits[0]
    off = replace(first.evaluation, vjps=tuple(tuple(np.asarray(part + 0.1) for part in row) for row in first.evaluation.vjps))
    file.write_text(write_lock(replace(lock, circuits=(replace(first, evaluation=off), *lock.circuits[1:]))), encoding="utf-8")
    changed = qdiag(tmp_path, "ci", GITHUB_ACTIONS="true")
    assert changed.returncode == 1, changed.stderr
    assert changed.stdout.startswith("::error file=train.py,line=")
    assert "The lock was wrong in 1." in " ".join(changed.stderr.split())
