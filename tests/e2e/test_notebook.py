"""qdiag in a Jupyter kernel: what cells show, what they say beside it, and what is left when the kernel ends."""

from __future__ import annotations

import os
import re
import time
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

pytestmark = [pytest.mark.stack, pytest.mark.slow]

TOLD = re.compile(r"judged in [\d.]+ s")

CELLS = {
    "imports": """
import asyncio, os, signal, sys, threading, warnings
import pennylane as qml
import torch
import qdiag
from IPython.display import HTML, display
from pennylane.operation import Operation

# torch 1 says it of PennyLane's own backward passes
warnings.filterwarnings("ignore", "Casting complex values to real")
torch.set_default_dtype(torch.float64)
dev = qml.device("default.qubit", wires=2)
x = torch.tensor([0.3, 0.7], requires_grad=True)
os.getpid()
""",
    "definitions": """
@qml.qnode(dev, interface="torch", diff_method="adjoint")
def healthy(x):
    qml.RX(x[0], wires=0)
    qml.RY(x[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))

class Turn(Operation):
    num_params = 1
    num_wires = 1
    ndim_params = (0,)

    @staticmethod
    def compute_matrix(angle):
        return qml.RX.compute_matrix(angle)

    @staticmethod
    def compute_decomposition(angle, wires):
        return [qml.RX(-angle, wires=wires)]

@qml.qnode(dev, interface="torch", diff_method="adjoint")
def sick(x):
    Turn(x[0], wires=0)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliY(0) @ qml.PauliX(1))

@qml.qnode(dev, interface="torch", diff_method="backprop")
def talking(x):
    print("it runs")
    print("it runs", file=sys.stderr)
    display(HTML("it runs"))
    qml.RX(x[0].item(), wires=0)
    qml.RY(x[1], wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))
""",
    # first of all: a process in which torch 1 has gone backward cannot be probed
    "talking": "result = qdiag.check(talking, x)",
    "lost": "[finding.diagnosis.code for finding in result.findings]",
    "healthy": "qdiag.check(healthy, x)",
    "sick": "result = qdiag.check(sick, x)\nresult",
    "printed": "print(result)",
    "reproducer": "print(result.reproducer)\nresult.findings[0].reproducer.verified",
    "raised": "result.raise_for_error()",
    "layer": """
@qml.qnode(dev, interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.StronglyEntanglingLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]

model = torch.nn.Sequential(torch.nn.Linear(3, 2), qml.qnn.TorchLayer(circuit, {"weights": (1, 2, 3)}))
batch = torch.rand(4, 3)
qdiag.check(model, batch)
""",
    "recorded": """
original = qml.QNode.__call__
with qdiag.record("training") as recording:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(3):
        optimizer.zero_grad()
        model(batch).sum().backward()
        optimizer.step()
    %timeit -n 1 -r 2 healthy(x)
""",
    "judged": "recording.judge()",
    "opened": "qdiag.open('training')",
    "failing": """
with qdiag.record("failing") as recording:
    healthy(x)
    1 / 0
""",
    "interrupted": """
threading.Timer(0.5, os.killpg, (os.getpgrp(), signal.SIGINT)).start()
with qdiag.record("interrupted", probe=False) as recording:
    while True:
        healthy(x)
""",
    "interrupted check": """
threading.Timer(0.2, os.killpg, (os.getpgrp(), signal.SIGINT)).start()
while True:
    qdiag.check(healthy, x)
""",
    "restored": "qml.QNode.__call__ is original, len(qdiag.open('failing')), len(recording) > 0, bool(recording.judge())",
    "awaited": """
async def later():
    return qdiag.check(healthy, x)

[result.verdict.value for result in await asyncio.gather(later(), later())]
""",
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each cell puts out, in a notebook that is run from its first cell to its last and shut down."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source.strip()) for source in CELLS.values()])
    resources = {"metadata": {"path": str(folder)}}
    client = nbclient.NotebookClient(notebook, timeout=120, allow_errors=True, kernel_name="python3", resources=resources)
    client.execute(env={**os.environ, "IPYTHONDIR": str(folder / ".ipython")})
    return {name: without_line(cell.outputs) for name, cell in zip(CELLS, notebook.cells)}


def without_line(outputs: list[Any]) -> list[Any]:
    """What a cell puts out besides the line that tells how long it took, which is there where that was long."""
    told = [output.output_type == "display_data" and TOLD.fullmatch(output.data.get("text/plain", "")) for output in outputs]
    return [output for output, line in zip(outputs, told) if not line]


def value(outputs: list[Any]) -> Any:
    """What a cell shows, if nothing else came of it."""
    (only,) = outputs
    assert only.output_type == "execute_result", only
    return only.data


@pytest.mark.parametrize(("name", "verdict"), [("healthy", "AGREE"), ("sick", "ERROR"), ("layer", "AGREE"), ("judged", "AGREE")])
def test_a_result_shows_itself_in_three_ways_and_nothing_is_said_beside_it(
    cells: dict[str, list[Any]], name: str, verdict: str
) -> None:
    shown = value(cells[name])
    assert sorted(shown) == ["text/html", "text/markdown", "text/plain"]
    assert shown["text/plain"].startswith(f"<qdiag.Check {verdict}: ")
    assert f"**{verdict}**" in shown["text/markdown"]
    assert shown["text/html"].startswith("<iframe srcdoc=")
    assert len(shown["text/html"]) < 200_000


def test_places_are_cells_and_no_file_of_the_kernel_is_named(cells: dict[str, list[Any]]) -> None:
    shown = value(cells["sick"])["text/markdown"].replace("\\", "")
    assert "(sick, In[2]:21)" in shown
    assert " In[6]:1 " in shown
    assert "ipykernel" not in shown


def test_a_result_is_printed_as_the_summary(cells: dict[str, list[Any]]) -> None:
    (said,) = cells["printed"]
    assert (said.output_type, said.name) == ("stream", "stdout")
    assert "ERROR  " in said.text
    assert "In[6]:1" in said.text


def test_the_reproducer_holds_a_class_that_was_defined_in_a_cell(cells: dict[str, list[Any]]) -> None:
    said, verified = cells["reproducer"]
    assert "class Turn(Operation):" in said.text
    assert verified.data["text/plain"] == "True"


def test_an_error_is_raised_with_its_sentence(cells: dict[str, list[Any]]) -> None:
    (raised,) = cells["raised"]
    assert raised.ename == "DivergenceError"
    assert "In[6]" not in raised.evalue


def test_what_a_quantum_function_prints_is_seen_once_though_a_copy_of_the_kernel_probes_it(cells: dict[str, list[Any]]) -> None:
    shown = [output.get("text") or output.data["text/html"] for output in cells["talking"]]
    assert sorted(text.strip() for text in shown) == ["it runs"] * 3
    assert value(cells["lost"])["text/plain"] == "['QD401']"


def test_a_recording_says_nothing_and_can_be_opened(cells: dict[str, list[Any]]) -> None:
    (timed,) = cells["recorded"]
    assert "per loop" in timed.text
    shown = value(cells["opened"])
    assert shown["text/plain"] == "<qdiag.Recording training: AGREE>"
    assert shown["text/html"] == value(cells["judged"])["text/html"]


@pytest.mark.parametrize(
    ("name", "error"),
    [("failing", "ZeroDivisionError"), ("interrupted", "KeyboardInterrupt"), ("interrupted check", "KeyboardInterrupt")],
)
def test_what_ends_a_cell_is_the_users_own(cells: dict[str, list[Any]], name: str, error: str) -> None:
    (raised,) = cells[name]
    assert raised.ename == error


def test_afterwards_everything_is_as_it_was_and_what_was_recorded_is_there(cells: dict[str, list[Any]]) -> None:
    assert value(cells["restored"])["text/plain"] == "(True, 1, True, True)"


def test_it_works_where_a_loop_is_running(cells: dict[str, list[Any]]) -> None:
    assert value(cells["awaited"])["text/plain"] == "['agree', 'agree']"


def test_no_process_outlives_the_kernel(cells: dict[str, list[Any]]) -> None:
    kernel = int(value(cells["imports"])["text/plain"])
    until = time.monotonic() + 10
    while time.monotonic() < until and in_the_group_of(kernel):
        time.sleep(0.1)
    assert in_the_group_of(kernel) == []


def in_the_group_of(leader: int) -> list[str]:
    """The processes that a kernel started, and itself."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, ProcessLookupError):
            continue
    return found
