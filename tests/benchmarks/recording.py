"""What recording costs: the recorded run ÷ the plain run, in interleaved pairs, medians; imports apart.

Run it as ``python tests/benchmarks/recording.py [pairs]``. Processor time is what the ratios are of: it does not see what else the
machine is doing. Wall time stands beside it. Durable writes are on, as always.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SIX_QUBITS = '''
import pennylane as qml
import torch

torch.manual_seed(0)
dev = qml.device("default.qubit", wires=6)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def circuit(inputs, weights):
    for i in range(6):
        qml.RX(inputs[..., i], wires=i)
    for layer in weights:
        for i in range(6):
            qml.RY(layer[i], wires=i)
        for i in range(5):
            qml.CNOT(wires=[i, i + 1])
    return [qml.expval(qml.PauliZ(i)) for i in range(6)]


layer = qml.qnn.TorchLayer(circuit, {"weights": (9, 6)})
optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
x, y = torch.rand(100, 5, 6), torch.rand(100, 5, 6)
for step in range(100):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(layer(x[step]), y[step])
    loss.backward()
    optimizer.step()
print(loss.item())
'''
IMPORTS = '''
import pennylane, torch, sklearn.datasets

device = pennylane.device("default.qubit", wires=1)
pennylane.QNode(lambda: pennylane.expval(pennylane.PauliZ(0)), device)()
'''
RECORD = """
import sys
from pathlib import Path
from qdiag.tracing import launcher
launcher.run(sys.argv[2], sys.argv[3:], module=False, trace_path=Path(sys.argv[1]))
"""
# the time of the launcher's own process is part of the cost, but not its start: that is an import
LAUNCH = "import numpy, qdiag.tracing.launcher"


class Cost(NamedTuple):
    """Processor and wall seconds of one run."""

    processor: float
    wall: float


def run(command: list[str]) -> Cost:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - start)


def measure(script: Path, pairs: int) -> tuple[list[Cost], list[Cost]]:
    plain, recorded = [], []
    for number in range(pairs):
        with tempfile.TemporaryDirectory() as folder:
            order = [(plain, [str(script)]), (recorded, ["-c", RECORD, f"{folder}/trace.qdiag", str(script)])]
            for costs, words in order if number % 2 else reversed(order):
                costs.append(run([sys.executable, *words]))
    return plain, recorded


def main() -> None:
    """Measure and print."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        scripts = {"imports": Path(folder, "imports.py"), "moons": ROOT / "cases/moons/train.py", "six-qubits": Path(folder, "six.py")}
        scripts["imports"].write_text(IMPORTS)
        scripts["six-qubits"].write_text(SIX_QUBITS)
        launch = median(run([sys.executable, "-c", LAUNCH]).processor for _ in range(pairs))
        base: tuple[float, float] = (0.0, 0.0)
        print(f"{pairs} interleaved pairs, medians of processor seconds; the launcher's own start takes {launch:.2f} s")
        print(f"{'':12s} {'plain':>8s} {'recorded':>9s} {'ratio':>7s} {'less imports':>13s} {'wall ratio':>11s}")
        for name, script in scripts.items():
            plain, recorded = measure(script, pairs)
            left, right = (median(cost.processor for cost in costs) for costs in (plain, recorded))
            right -= launch
            wall = median(r.wall / p.wall for p, r in zip(plain, recorded))
            less = "" if name == "imports" else f"{(right - base[1]) / (left - base[0]):13.3f}"
            if name == "imports":
                base = (left, right)
            print(f"{name:12s} {left:8.2f} {right:9.2f} {right / left:7.3f} {less:>13s} {wall:11.3f}")


if __name__ == "__main__":
    main()
