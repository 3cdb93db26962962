"""The rows of ``bridges/releases/stacks.toml``, tried: the oldest and the newest release of each is installed, and runs a script.

Run it as ``python -m tests.tools.stacks [CACHE]``: it needs the index, takes minutes, and exits 1 where a row is wrong.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from qdiag.bisecting.asking import answer_of, run_on
from qdiag.bisecting.installers import installer_for
from qdiag.bisecting.layers import CannotInstall, Layers, cache_folder, look_at
from qdiag.bridges.releases.table import known_releases, needs_of
from qdiag.model.bisection import Answer

SCRIPT = """
import sys

import pennylane as qml
import torch


def circuit(x):
    qml.RX(x[0], wires=0)
    qml.CRZ(x[1], wires=[0, 1])
    qml.RY(x[1], wires=0)
    return qml.expval(qml.Z(0) @ qml.X(1))


def gradient(device, method):
    x = torch.tensor([0.4, 0.7], dtype=torch.float64, requires_grad=True)
    qml.QNode(circuit, qml.device(device, wires=2), interface="torch", diff_method=method)(x).backward()
    return x.grad


known = gradient("default.qubit", "backprop")
others = [("default.qubit", "adjoint"), ("default.qubit", "parameter-shift"), ("lightning.qubit", "adjoint")]
sys.exit(not all(torch.allclose(gradient(*one), known) for one in others))
"""


def of_each_row() -> list[str]:
    """The oldest and the newest release of each row of pins."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for release in known_releases("pennylane"):
        rows.setdefault(needs_of(release).requires[2:], []).append(release)
    return [release for row in rows.values() for release in dict.fromkeys((row[0], row[-1]))]


def main() -> int:
    """Try them."""
    cache = Path(sys.argv[1]) if sys.argv[1:] else cache_folder()
    interpreter = look_at(sys.executable)
    layers, installer, wrong = Layers(cache, interpreter), installer_for(sys.executable), 0
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.py")
        script.write_text(SCRIPT, encoding="utf-8")
        for release in of_each_row():
            title, requires = f"pennylane-{release}", needs_of(release).requires
            try:
                layer = layers.find(title, requires) or layers.make(title, requires, installer)
            except CannotInstall as error:
                told, good = str(error), False
            else:
                found = answer_of(release, run_on(layer.python, script))
                told, good = f"{found.answer.value} {found.words}".strip(), found.answer is Answer.GOOD
            wrong += not good
            print(f"{release:8} {'ok   ' if good else 'WRONG'} {told}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
