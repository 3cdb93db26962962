"""A device whose class lies in a module beside the script: made again, shrunk, and shown by a script that finds the module."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")
if not hasattr(qml, "set_shots"):
    pytest.skip("the device is written for today's PennyLane", allow_module_level=True)

pytestmark = [pytest.mark.slow, pytest.mark.stack]

MODULE = '''"""A simulator that takes slopes of rotations by shifts of its own."""
from dataclasses import replace

import numpy as np
from pennylane.devices import DefaultQubit, ExecutionConfig

HALF = {{"RX": 2.0, "RY": 2.0, "RZ": {factor}}}


class ShiftQubit(DefaultQubit):
    """``default.qubit`` with derivatives by two shifts for each angle."""

    def supports_derivatives(self, execution_config=None, circuit=None):
        return execution_config is None or execution_config.gradient_method == "device"

    def setup_execution_config(self, config=None, circuit=None):
        config = config or ExecutionConfig()
        if config.gradient_method != "device":
            return super().setup_execution_config(config, circuit)
        return replace(config, use_device_gradient=True, grad_on_execution=False, use_device_jacobian_product=False)

    def execute(self, circuits, execution_config=None):
        return tuple({contrast} * result for result in super().execute(circuits, execution_config))

    def compute_derivatives(self, circuits, execution_config=None):
        return tuple(self._slopes(circuit) for circuit in circuits)

    def _slopes(self, circuit):
        slopes = []
        for position in circuit.trainable_params:
            angle = circuit.get_parameters(trainable_only=False)[position]
            shifted = [circuit.bind_new_parameters([angle + shift], [position]) for shift in (np.pi / 2, -np.pi / 2)]
            up, down = self.execute(shifted)
            slopes.append(np.array((up - down) / HALF[circuit.par_info[position]["op"].name]))
        return tuple(slopes)
'''

SCRIPT = """import pennylane as qml
import torch

from simulator import ShiftQubit


@qml.qnode(ShiftQubit(wires=2), interface="torch", diff_method="device")
def circuit(weights):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RZ(weights[2], wires=1)
    qml.RX(weights[3], wires=1)
    return qml.expval(qml.PauliZ(1))


weights = torch.tensor([0.3, 0.7, -0.4, 1.1], dtype=torch.float64, requires_grad=True)
circuit(weights).backward()
print(weights.grad.tolist())
"""


def traced(folder: Path, factor: float = 2.0, contrast: float = 1.0) -> tuple[int, dict[str, Any]]:
    """The exit code of a trace, and what it says to programs."""
    (folder / "simulator.py").write_text(MODULE.format(factor=factor, contrast=contrast))
    (folder / "train.py").write_text(SCRIPT)
    command = [sys.executable, "-B", "-m", "qdiag", "trace", "-qq", "--out", "run", "train.py"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert sorted(path.name for path in folder.iterdir()) == ["run", "simulator.py", "train.py"]
    return ran.returncode, json.loads((folder / "run" / "findings.json").read_text())


def test_a_wrong_slope_is_found_with_its_operation_and_a_script_that_shows_it(tmp_path: Path) -> None:
    code, found = traced(tmp_path, factor=1.9)
    first = found["findings"][0]
    assert (code, first["wrong"], first["cause"]["code"]) == (1, ["simulator:ShiftQubit/device"], "QD301")
    assert first["minimal"]["operations"] <= 3
    assert first["reproducer"]["verified"]
    assert subprocess.run([sys.executable, "-B", "run/repro.py"], cwd=tmp_path, check=False, timeout=100).returncode == 1


def test_a_right_one_agrees(tmp_path: Path) -> None:
    code, _ = traced(tmp_path)
    assert code == 0


def test_results_of_its_own_are_remarked_and_slopes_are_held_to_them(tmp_path: Path) -> None:
    code, found = traced(tmp_path, contrast=0.9)
    assert (code, found["verdict"]) == (0, "remark")
