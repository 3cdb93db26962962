"""Faults planted in the source of PennyLane's modules: what is wrong is an ERROR, and no cause is confirmed that is none.

A `sitecustomize` on ``PYTHONPATH`` edits one module as it is loaded, in the script, in the workers and in the reproducer alike. It
stands at no place of the user's, so that a fault is PennyLane's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")
if not hasattr(qml, "set_shots"):
    pytest.skip("the faults are planted in the source of today's", allow_module_level=True)

pytestmark = [pytest.mark.slow, pytest.mark.stack]

EDITING = '''
import importlib.abc, importlib.machinery, json, os, sys

MODULE, OLD, NEW = json.loads(os.environ["PLANTED"])

class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        path = self.get_filename(name)
        source = self.get_data(path).decode()
        if OLD not in source:
            os._exit(99)
        return compile(source.replace(OLD, NEW, 1), path, "exec", dont_inherit=True)

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        found = importlib.machinery.PathFinder.find_spec(name, path, target) if name == MODULE else None
        if found is not None:
            found.loader = Loader(name, found.origin)
        return found

sys.meta_path.insert(0, Finder())
'''

SCRIPT = """import pennylane as qml
import torch

torch.set_default_dtype(torch.float64)
dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, diff_method="{method}")
def circuit(w):
    {lines}


w = torch.tensor({values}, requires_grad=True)
loss = {loss}
loss.backward()
print(loss.item(), w.grad.tolist())
"""


LAYER = """import pennylane as qml
import torch

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), diff_method="{method}")
def circuit(inputs, weights):
    {lines}


layer = qml.qnn.TorchLayer(circuit, {{"weights": (2, 2)}})
model = torch.nn.Sequential(torch.nn.Linear(3, 2), layer, torch.nn.Linear(2, 1))
loss = ((model(torch.rand(6, 3)) - torch.rand(6, 1)) ** 2).mean()
loss.backward()
print(loss.item(), model[0].weight.grad.tolist())
"""


@dataclass(frozen=True)
class Planted:
    """A fault, a script that meets it, and what is to be said: the kind of difference, and which causes are true."""

    module: str
    old: str
    new: str
    lines: tuple[str, ...]
    where: tuple[str, ...]
    codes: tuple[str, ...] = ("QD901",)
    method: str = "parameter-shift"
    loss: str = "circuit(w)"
    values: str = "[0.3, 0.7, -0.4, 1.1]"
    shown: bool = True
    wrong: bool = True
    template: str = SCRIPT

    @property
    def script(self) -> str:
        """The script's text."""
        return self.template.format(method=self.method, lines="\n    ".join(self.lines), values=self.values, loss=self.loss)


LAYERS = ("qml.RX(w[0], 0)", "qml.RY(w[1], 1)", "qml.CNOT([0, 1])", "qml.RZ(w[2], 1)", "qml.RX(w[3], 1)")
PAIRS = ("qml.Hadamard(0)", "qml.CRX(w[0], [0, 1])", "qml.RY(w[1], 0)", "qml.CRZ(w[2], [1, 0])")
EMBEDDED = (
    "qml.AngleEmbedding(inputs, wires=[0, 1])",
    "qml.BasicEntanglerLayers(weights, wires=[0, 1])",
    "return [qml.expval(qml.Z(0)), qml.expval(qml.Z(1))]",
)
STACKED = "            return torch.hstack(_res).type(x.dtype)"
GIVEN = """            **{self.input_arg: x},
            **{arg: weight.to(x) for arg, weight in self.qnode_weights.items()},
        }
        res = self.qnode(**kwargs)"""
BY_MEASUREMENT = "            res = _swap_first_two_axes(res, len(res), num_measurements, squeeze=False)"
INTERFACE = "pennylane.workflow.interfaces.torch"
BACK = "        dy = _recursive_conj(dy)"
VJPS = "        return (None,) + vjps"
UNDONE = """        ket = apply_operation(adj_op, ket)

        if op.num_params == 1:
            if param_number in tape.trainable_params:
                d_op_matrix = operation_derivative(op)
                ket_temp = apply_operation(qp.QubitUnitary(d_op_matrix, wires=op.wires), ket)
                jac["""

PLANTED = {
    "outputs that all have wrong": Planted(
        "pennylane.measurements.purity",
        "return math_purity(state, indices=indices, c_dtype=state.dtype)",
        "return math_purity(state, indices=indices, c_dtype=state.dtype) ** 2",
        (*LAYERS, "return qml.purity(wires=[0])"),
        ("output",),
        method="backprop",
    ),
    "a matrix beyond two pi": Planted(
        "pennylane.ops.op_math.controlled_ops",
        "class CRY(ControlledOp):",
        "class _Wrapped:\n    def __set_name__(self, owner, name):\n"
        "        right = owner.compute_matrix\n"
        "        owner.compute_matrix = staticmethod(lambda theta: right(theta % (2 * np.pi)))\n\n\n"
        "class CRY(ControlledOp):\n    _wrapped = _Wrapped()\n",
        ("qml.Hadamard(0)", "qml.RX(w[0], 1)", "qml.CRY(w[1], [0, 1])", "qml.RY(w[2], 0)", "return qml.expval(qml.Z(0) @ qml.Z(1))"),
        ("output",),
        ("QD502",),
        method="backprop",
        values="[0.3, 7.1, -0.4]",
    ),
    "all gradients too small": Planted(
        INTERFACE,
        VJPS,
        f"        vjps = tuple(v * 0.99 for v in vjps)\n{VJPS}",
        ("qml.RX(w[0], 0)", "qml.RX(w[1], 1)", "qml.CNOT([0, 1])", "qml.RX(w[2], 1)", "qml.RZ(w[3], 1)", "return qml.expval(qml.Z(1))"),
        ("jacobian", "vjp"),
    ),
    "one gradient among several alike": Planted(
        INTERFACE,
        VJPS,
        f"        vjps = tuple(v * 1.1 if i == 2 else v for i, v in enumerate(vjps))\n{VJPS}",
        (*LAYERS, "return qml.expval(qml.Z(1))"),
        ("jacobian", "vjp"),
    ),
    "a gate that is not undone": Planted(
        "pennylane.devices.qubit.adjoint_jacobian",
        UNDONE,
        UNDONE.replace("(adj_op, ket)", "(adj_op if op.name != 'SX' else op, ket)", 1),
        (*LAYERS[:2], "qml.SX(0)", "qml.RY(w[2], 0)", "qml.CNOT([0, 1])", "return qml.expval(qml.Z(0) + qml.X(1))"),
        ("jacobian", "vjp"),
        method="adjoint",
    ),
    "cotangents cut off": Planted(
        INTERFACE,
        BACK,
        f"{BACK}\n        dy = tuple(torch.clamp(d, max=5.0) if d.ndim == 0 else d for d in dy)",
        (*LAYERS, "return qml.expval(qml.Z(1))"),
        ("jacobian", "vjp"),
        loss="40 * circuit(w)",
        shown=False,
    ),
    "nothing where one cotangent is zero": Planted(
        "pennylane.gradients.vjp",
        "        if _all_close_to_zero(dy):",
        "        if _all_close_to_zero(dy) or any(math.ndim(d) == 0 and float(d) == 0 for d in dy if len(tape.measurements) > 1):",
        (*LAYERS, "return qml.expval(qml.Z(0)), qml.expval(qml.Z(1))"),
        ("jacobian", "vjp"),
        ("QD508", "QD901"),
        loss="circuit(w)[1] ** 2 + 0.3 * circuit(w)[1]",
    ),
    "a coefficient for two frequencies": Planted(
        "pennylane.gradients.general_shift_rules",
        "    coeffs = np.concatenate((coeffs, -coeffs))",
        "    coeffs = coeffs * (1 - 0.05 * (np.arange(n_freqs) == 1))\n    coeffs = np.concatenate((coeffs, -coeffs))",
        (*PAIRS, "return qml.expval(qml.Y(0) @ qml.Z(1))"),
        ("jacobian", "vjp"),
        ("QD301",),
        values="[0.3, 0.7, -0.4]",
    ),
    "one measurement's gradient in another's place": Planted(
        "pennylane.gradients.parameter_shift",
        BY_MEASUREMENT,
        f"{BY_MEASUREMENT}\n            res = res if len(res) < 3 else (res[0], res[1], res[1], *res[3:])",
        (*LAYERS, "return [qml.expval(qml.Z(0)), qml.expval(qml.Z(1)), qml.expval(qml.X(0))]"),
        ("jacobian", "vjp"),
        ("QD508", "QD901"),
        loss="torch.stack(circuit(w)).sum()",
    ),
    "no gradient for the third": Planted(
        INTERFACE,
        VJPS,
        f"        vjps = tuple(None if i == 2 else v for i, v in enumerate(vjps))\n{VJPS}",
        (*LAYERS[:3], "qml.RY(w[2], 1)", "qml.RX(w[3], 1)", "return qml.expval(qml.Z(1))"),
        ("jacobian", "vjp"),
        ("QD901", "QD302"),
        method="adjoint",
    ),
    "rows of a layer turned round": Planted(
        "pennylane.qnn.torch", STACKED, f"{STACKED}.flip(0)", EMBEDDED, ("output",), method="backprop", template=LAYER, wrong=False
    ),
    "half of the slopes by a layer's inputs": Planted(
        "pennylane.qnn.torch",
        GIVEN,
        GIVEN.replace(": x}", ": 0.5 * x + 0.5 * x.detach()}", 1),
        EMBEDDED,
        ("vjp",),
        method="backprop",
        template=LAYER,
        wrong=False,
    ),
}


def traced(folder: Path, fault: Planted, *, planted: bool) -> tuple[int, dict[str, Any]]:
    """The exit code of a trace, and what it says to programs."""
    (folder / "train.py").write_text(fault.script)
    ran = run(folder, fault, "-m", "qdiag", "trace", "-qq", "--force", "--out", "run", "train.py", planted=planted)
    return ran.returncode, json.loads((folder / "run" / "findings.json").read_text())


def run(folder: Path, fault: Planted, *words: str, planted: bool) -> subprocess.CompletedProcess[str]:
    """Python, in a folder, with the fault or without it."""
    (folder / "site").mkdir(exist_ok=True)
    (folder / "site" / "sitecustomize.py").write_text(EDITING)
    paths = [*([str(folder / "site")] if planted else []), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    told = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PLANTED": json.dumps([fault.module, fault.old, fault.new])}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env={**os.environ, **told}, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_an_error_with_no_cause_that_is_none(name: str, tmp_path: Path) -> None:
    fault = PLANTED[name]
    code, found = traced(tmp_path, fault, planted=True)
    assert (code, found["verdict"]) == (1, "error")
    first = found["findings"][0]
    assert first["where"] in fault.where
    assert bool(first["wrong"]) is fault.wrong
    assert first["cause"]["code"] in fault.codes
    if fault.shown:
        assert [run(tmp_path, fault, "run/repro.py", planted=planted).returncode for planted in (True, False)] == [1, 0]


@pytest.mark.parametrize("name", PLANTED)
def test_without_it_nothing_that_the_script_uses_is_wrong(name: str, tmp_path: Path) -> None:
    code, found = traced(tmp_path, PLANTED[name], planted=False)
    assert (code, found["verdict"] in ("agree", "rounding", "remark")) == (0, True)
