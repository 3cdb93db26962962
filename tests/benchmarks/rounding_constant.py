"""How far healthy methods are apart, in units of ``eps · sqrt(operations) · scale``, over depth, width, dtype and kind of gates.

The table that `rounding.CONSTANT` rests on: ``python tests/benchmarks/rounding_constant.py > tests/benchmarks/rounding_constant.md``.
"""

from __future__ import annotations

import argparse
import math
from itertools import combinations

import numpy as np
import pennylane as qml
import torch

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.evaluation.evaluate import evaluate
from qdiag.judging.comparison.compare import comparisons
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import parse
from qdiag.model.numerics.rounding import operations_of

DEPTHS = (1, 3, 10, 30, 100, 300)
WIDTHS = (1, 2, 4, 6)
FAMILIES = {
    "rotations": ("RX", "RY", "RZ"),
    "one-qubit": ("RX", "RY", "RZ", "PhaseShift", "Rot", "U3", "Hadamard"),
    "entangling": ("RX", "Rot", "CRX", "CRot", "IsingXX", "ControlledPhaseShift", "SingleExcitation", "CNOT"),
}
ANGLES = {"Rot": 3, "U3": 3, "CRot": 3, "Hadamard": 0, "CNOT": 0}
PAIRED = ("CRX", "CRot", "IsingXX", "ControlledPhaseShift", "SingleExcitation", "CNOT")
CHEAP = ("default.qubit/backprop", "default.qubit/adjoint", "lightning.qubit/adjoint")
SHIFT_UP_TO = 10


def drawn(rng: np.random.Generator, names: tuple[str, ...], depth: int, width: int, dtype: torch.dtype) -> Circuit:
    """A random circuit of one family, every angle a trainable tensor."""
    operations = []
    for _ in range(depth):
        name = str(rng.choice([n for n in names if width > 1 or n not in PAIRED]))
        on = [int(w) for w in rng.choice(width, 2 if name in PAIRED else 1, replace=False)]
        angles = [torch.tensor(rng.uniform(-np.pi, np.pi), dtype=dtype, requires_grad=True) for _ in range(ANGLES.get(name, 1))]
        operations.append(getattr(qml, name)(*angles, wires=on))
    observables = [qml.PauliZ(w) for w in range(width)] + ([qml.PauliX(0) @ qml.PauliY(width - 1)] if width > 1 else [])
    return circuit_of(qml.tape.QuantumScript(operations, [qml.expval(o) for o in observables]), "tuple")


def worst(circuit: Circuit, rng: np.random.Generator, eps: float) -> dict[str, float]:
    """The largest gap between any two methods, for outputs and for vector-Jacobian products."""
    cotangent = rng.standard_normal(len(circuit.measurements))
    cotangents = (tuple(np.asarray(c) for c in cotangent / np.linalg.norm(cotangent)),)
    names = [*CHEAP, *(["default.qubit/parameter-shift"] if len(circuit.operations) <= SHIFT_UP_TO else [])]
    wires = tuple(range(max(circuit.wires) + 1))
    found = [evaluate(Request(circuit, parse(n), device_wires=wires, cotangents=cotangents, default_dtype="float64")) for n in names]
    unit = eps * math.sqrt(operations_of(circuit))
    gaps: dict[str, float] = {}
    for one, other in combinations([e for e in found if isinstance(e, Evaluation) and e.failure is None], 2):
        for comparison in comparisons(one, other, circuit, cotangents=cotangents):
            gaps[comparison.where] = max(gaps.get(comparison.where, 0.0), comparison.max_rel / unit)
    return gaps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("# The rounding constant, measured\n")
    print(f"Largest scaled gap between any two of {', '.join(CHEAP)} (and parameter-shift up to depth {SHIFT_UP_TO}),")
    print(f"`gap / (eps · sqrt(operations) · scale)`, over {arguments.repeat} random circuits a cell (2 for depth > 30).")
    print("Outputs / vector-Jacobian products.\n")
    for dtype in ("float32", "float64"):
        for family, names in FAMILIES.items():
            print(f"## {dtype}, {family}\n\n| depth | " + " | ".join(f"{w} wires" for w in WIDTHS) + " |")
            print("| --- " * (len(WIDTHS) + 1) + "|")
            for depth in DEPTHS:
                cells = []
                for width in WIDTHS:
                    rng = np.random.default_rng([arguments.seed, depth, width, len(family), len(dtype)])
                    top: dict[str, float] = {}
                    for _ in range(arguments.repeat if depth <= 30 else 2):
                        circuit = drawn(rng, names, depth, width, getattr(torch, dtype))
                        for where, gap in worst(circuit, rng, float(np.finfo(dtype).eps)).items():
                            top[where] = max(top.get(where, 0.0), gap)
                    cells.append(f"{top.get('output', 0.0):.2f} / {top.get('vjp', 0.0):.2f}")
                print(f"| {depth} | " + " | ".join(cells) + " |", flush=True)
            print()


if __name__ == "__main__":
    main()
