"""What is not ``qdiag trace``, under JAX: ``pytest --qdiag``, and a recording and a check in a notebook."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax", reason="JAX is not installed: pip install 'qdiag[jax]'")
pytestmark = [pytest.mark.slow, pytest.mark.stack]

CIRCUITS = """
import jax, jax.numpy as jnp, pennylane as qml, qdiag

jax.config.update("jax_enable_x64", True)
dev = qml.device("default.qubit", wires=2)

@qml.qnode(dev, diff_method="adjoint")
def healthy(x, angle):
    qml.RY(angle, wires=0)
    qml.RX(x[0], wires=0)
    qml.CRZ(x[1], wires=[0, 1])
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))

@qml.qnode(dev, diff_method="adjoint")
def sick(x):
    qml.RY(0.4, wires=0)
    qml.RX(x[0], wires=0)
    return qml.probs(wires=[0])

step = jax.jit(jax.value_and_grad(healthy))

def train(x):
    for _ in range(3):
        value, slope = step(x, 0.2)
        x = x - 0.1 * slope
    return value
"""

SUITE = (
    CIRCUITS
    + """
def test_healthy():
    assert float(train(jnp.array([0.3, 0.4]))) < 1

def test_sick():
    assert jax.jacrev(sick)(jnp.array([0.5])).shape == (2, 1)
"""
)


def test_a_suite_under_jax_is_recorded_and_judged_test_by_test(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--qdiag", "test_suite.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    said = done.stdout.decode()
    assert done.returncode == 0, said
    assert "2 passed" in said
    assert re.search(r"=+ qdiag: 4 QNode calls in 2 tests =+", said)
    assert re.findall(r"^qdiag: .*", said, re.MULTILINE) == ["qdiag: error in test_suite.py::test_sick"]
    assert "adjoint" in said.partition("test_suite.py::test_sick")[2]


CELLS = (
    CIRCUITS,
    "with qdiag.record('first') as recording:\n    train(jnp.array([0.3, 0.4]))\nlen(recording)",
    "with qdiag.record('again', probe=False) as again:\n    train(jnp.array([0.1, 0.2]))\nlen(again)",
    "recording.judge()",
    "qdiag.check(sick, jnp.array([0.5]))",
)


def test_a_notebook_records_what_it_compiled_in_an_earlier_cell_and_judges_it(tmp_path: Path) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source.strip()) for source in CELLS])
    client = nbclient.NotebookClient(notebook, timeout=280, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env={**os.environ, "IPYTHONDIR": str(tmp_path / ".ipython")})
    shown = [
        [output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result"] for cell in notebook.cells
    ]
    assert shown[1:3] == [["3"], ["3"]]
    assert shown[3][0].startswith("<qdiag.Check AGREE: ")
    assert shown[4][0].startswith("<qdiag.Check ERROR: adjoint is wrong: its output")
