"""Numbers in the memory of a GPU: read as they are, said to have been moved, and judged on the CPU, and there, too.

Those that need one are skipped without it. What it takes to read a tensor that numpy cannot look at is tested on one that only says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")

import qdiag  # noqa: E402
from qdiag.bridges import results  # noqa: E402
from qdiag.bridges.codec.live_numbers import reader_for  # noqa: E402
from qdiag.bridges.codec.tapes import circuit_of  # noqa: E402
from qdiag.bridges.running.applicable import applicable  # noqa: E402
from qdiag.model.call import Configuration, SourceLine  # noqa: E402
from qdiag.model.circuit import MOVED_TO_CPU, ON_CUDA  # noqa: E402
from qdiag.recording import call_reader, fork_obstacles  # noqa: E402
from tests.worlds.older_stacks import needs_scripts  # noqa: E402

pytestmark = pytest.mark.stack

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")


class Elsewhere(torch.Tensor):  # type: ignore[misc,name-defined]
    """A tensor that says that it lies on a GPU, and that numpy cannot look at."""

    @property
    def device(self) -> Any:
        return torch.device("cuda", 0)

    def detach(self) -> Any:
        return self

    def numpy(self, **_: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.")

    def cpu(self, **_: Any) -> Any:
        return torch.tensor([0.25, 0.5], dtype=torch.float64)


def elsewhere() -> Any:
    return torch.tensor([0.25, 0.5], dtype=torch.float64).as_subclass(Elsewhere)


def test_a_number_in_another_memory_is_read_and_that_is_said() -> None:
    notes: list[str] = []
    reader = reader_for(Elsewhere)
    assert reader is not None
    parameter = reader(elsewhere(), notes.append)
    assert parameter.value.tolist() == [0.25, 0.5]
    assert notes == [f"a tensor on cuda {MOVED_TO_CPU}"]


@pytest.mark.parametrize("read", [results.array_of, call_reader.array_of])
def test_results_in_another_memory_are_read(read: Any) -> None:
    assert np.asarray(read(elsewhere())).tolist() == [0.25, 0.5]


@needs_scripts
def test_a_circuit_is_replayed_on_a_gpu_where_its_numbers_lay_on_one_and_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Configuration("f", SourceLine("train.py", 1), "default.qubit", (0,), interface="torch", resolved="backprop")
    tracked = torch.tensor(0.3, requires_grad=True)
    plain = circuit_of(qml.tape.QuantumScript([qml.RX(tracked, 0)], [qml.expval(qml.PauliZ(0))]), "single")
    moved = replace(plain, notes=(ON_CUDA,))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [str(method) for method in applicable(moved, own)[:2]] == ["default.qubit/backprop", "default.qubit/backprop@cuda"]
    assert not any(method.placement for method in applicable(plain, own))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert not any(method.placement for method in applicable(moved, own))


# --- on a GPU ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.gpu
@needs_gpu
def test_a_circuit_of_cuda_tensors_is_recorded_with_their_bits() -> None:
    angle = torch.tensor(0.3, dtype=torch.float64, device="cuda", requires_grad=True)
    with qml.queuing.AnnotatedQueue() as queue:
        qml.RX(angle, wires=0)
        qml.expval(qml.PauliZ(0))
    circuit = circuit_of(qml.tape.QuantumScript.from_queue(queue), "single")
    assert circuit.parameters[0].value.tolist() == 0.3
    assert any(MOVED_TO_CPU in note for note in circuit.notes)


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_circuit_of_cuda_tensors_is_replayed_where_they_lie_and_on_the_cpu(dtype: Any) -> None:
    angle = torch.tensor([0.3, 0.7], dtype=dtype, device="cuda", requires_grad=True)

    @qml.qnode(qml.device("default.qubit", wires=2), diff_method="backprop")  # type: ignore[untyped-decorator]
    def circuit(x: Any) -> Any:
        qml.RX(x[0], wires=0)
        qml.RY(x[1], wires=1)
        qml.CNOT([0, 1])
        return qml.expval(qml.PauliZ(1))

    found = qdiag.check(circuit, angle)
    assert found, str(found)
    assert "backprop@cuda" in str(found)


@pytest.mark.gpu
@needs_gpu
def test_no_process_is_copied_once_cuda_is_in_use() -> None:
    torch.zeros(1, device="cuda")
    assert fork_obstacles.obstacle(False) == "CUDA is in use"


LAYER = '''
import sys
import pennylane as qml
import torch

torch.manual_seed(0)


@qml.qnode(qml.device(sys.argv[1], wires=2), interface="torch", diff_method=sys.argv[2])
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1])
    qml.BasicEntanglerLayers(weights, wires=[0, 1])
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = torch.nn.Sequential(torch.nn.Linear(3, 2), qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}), torch.nn.Linear(2, 1)).to("cuda")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(4, 3, device="cuda")
for step in range(3):
    optimizer.zero_grad()
    loss = model(x).pow(2).mean()
    loss.backward()
    optimizer.step()
    print(step, loss.item(), [parameter.grad.tolist() for parameter in model.parameters()])
'''


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=280, check=False)


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize(
    ("device", "diff_method"), [("default.qubit", "backprop"), ("lightning.qubit", "adjoint"), ("lightning.gpu", "adjoint")]
)
def test_a_layer_on_a_gpu_is_traced_invisibly_and_judged(tmp_path: Path, device: str, diff_method: str) -> None:
    if device == "lightning.gpu":
        pytest.importorskip("pennylane_lightning.lightning_gpu", reason="lightning.gpu is not installed")
    (tmp_path / "train.py").write_text(LAYER)
    plain = run(tmp_path, sys.executable, "train.py", device, diff_method)
    command = (sys.executable, "-m", "qdiag", "trace", "--out", "out", "train.py", device, diff_method)
    traced = run(tmp_path, *command)
    assert traced.stdout.startswith(plain.stdout)
    assert traced.returncode == 0, traced.stdout + traced.stderr
    report = (tmp_path / "out" / "report.md").read_text()
    assert MOVED_TO_CPU in report
    assert "CUDA is in use" in report
