"""What releases call the class of which one and the same line of a script makes an object: what `model/class_names.py` was measured by.

Run it as ``python -m tests.tools.class_names [CACHE]``: each release that lies as a layer in the cache of ``qdiag bisect`` makes
every line, and what it makes is printed. It exits 1 where a name is none that the table has for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from packaging.version import Version

from qdiag.bisecting.installers import clean_environment
from qdiag.bisecting.layers import all_layers, cache_folder
from qdiag.model.class_names import names_of

LINES: Mapping[str, str] = {
    "LinearCombination": "qml.Hamiltonian([0.5, 0.3], [qml.PauliX(wires=0), qml.PauliZ(wires=1)])",
    "Prod": "qml.PauliX(wires=0) @ qml.PauliZ(wires=1)",
    "StatePrep": "getattr(qml, 'StatePrep', getattr(qml, 'QubitStateVector', None))(np.array([0.6, 0.8]), wires=[0])",
    "MidMeasure": "qml.measure(0).measurements[0]",
    "BasisStateProjector": "qml.Projector([0, 1], wires=[0, 1])",
    "StateVectorProjector": "qml.Projector(np.array([0.6, 0.8]), wires=[0])",
    "Adjoint": "qml.adjoint(qml.RX(0.1, wires=0))",
    "Pow": "qml.pow(qml.PauliX(wires=0), 0.5)",
    "Controlled": "qml.ctrl(qml.Rot(0.1, 0.2, 0.3, wires=0), control=[1, 2])",
}
"""The newest name of what a line makes, and the line."""

PROGRAM = """
import json, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
import pennylane as qml
made = {}
for name, line in json.loads(sys.argv[1]).items():
    try:
        made[name] = type(eval(line)).__name__
    except Exception as error:
        made[name] = ""
print(json.dumps(made))
"""


def made_by(python: str) -> dict[str, str]:
    """What the lines make on the release that an interpreter has; "" for what it cannot make."""
    import os

    command = [python, "-c", PROGRAM, json.dumps(dict(LINES))]
    said = subprocess.run(command, env=clean_environment(os.environ), capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(said.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Ask the releases that are there."""
    cache = Path(sys.argv[1]) if sys.argv[1:] else cache_folder()
    layers = {layer.path.name.split("-")[1]: layer for layer in all_layers(cache) if layer.path.name.startswith("pennylane-0")}
    wrong = False
    for release in sorted(layers, key=Version):
        made = made_by(layers[release].python)
        other = [name for name, found in made.items() if found and found not in names_of(name)]
        told = ", ".join(found or "–" for found in made.values())
        print(f"{release:8} {told}", *(["WRONG:", *other] if other else []), flush=True)
        wrong |= bool(other)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
