"""What recording costs: the recorded run ÷ the plain run, interleaved, medians; imports apart, and live probes apart.

Run it as ``python -m tests.benchmarks.recording [rounds]``. Processor time is what the ratios are of: it does not see what else the
machine is doing. Durable writes are on, as always. A probe works beside the script; what it costs is the fork.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.interleaved import IMPORTS, start_of, table

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
RECORD = """
import sys
from pathlib import Path
from qdiag.model.call import Script
from qdiag.recording import launcher
probing = launcher.Probing() if sys.argv[2] == "probe" else None
launcher.run(Script(sys.argv[3], tuple(sys.argv[4:])), Path(sys.argv[1]), probing=probing)
"""


def commands(script: Path) -> dict[str, list[str]]:
    """The script as it is, recorded, and recorded with live probes."""
    recorded = {name: ["-c", RECORD, "{out}", flag, str(script)] for name, flag in (("recorded", ""), ("probed", "probe"))}
    return {"plain": [str(script)], **recorded}


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        imports, six = Path(folder, "imports.py"), Path(folder, "six.py")
        imports.write_text(IMPORTS)
        six.write_text(SIX_QUBITS)
        trainings = {"moons": commands(ROOT / "cases/moons/train.py"), "six qubits": commands(six)}
        table("recording", trainings, commands(imports), rounds, start_of("numpy, qdiag.recording.launcher"))


if __name__ == "__main__":
    main()
