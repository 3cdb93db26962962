"""What the arbiter costs: its slopes beside differences of the whole circuit, a warm `qdiag.check`, the lean path beside bare methods.

``python -m tests.benchmarks.arbiter [--step 24] [--rounds 7] [--device lightning.qubit] [--json FILE]``

Ratios of processor time, both sides measured in turns in one process. Slopes: tangents ÷ Ridders' differences along the same
directions, on the circuits of the space that have trainable numbers. The lean path: `certifying.examine`, which holds each method
against the arbiter, ÷ what the methods take by themselves: a QNode called, and its Jacobian taken row by row, for each that answers.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Optional

import numpy as np
import pennylane as qml
import torch

import qdiag
from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.flattening import stop_recording
from qdiag.certifying.examine import abilities_of, examine
from qdiag.certifying.task import Task
from qdiag.evaluation import space
from qdiag.judging.arbiter.circuit_function import Simulation, Space
from qdiag.judging.arbiter.directions import EVALUATIONS
from qdiag.judging.arbiter.reference import reference
from qdiag.judging.arbiter.tangent_slopes import tangent_slopes
from qdiag.model.certificate import OUTPUT, Standing
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method
from qdiag.model.numerics.derivative import derivative
from qdiag.model.specimen import Rank, Specimen

WARM = 3
"""So many circuits are asked before time is taken."""

METHODS = ("adjoint", "parameter-shift", "hadamard")
ANSWERED = (Standing.EXACT, Standing.OPEN, Standing.WRONG, Standing.EVERYWHERE)


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """What a function gives, and its processor seconds."""
    began = time.process_time()
    return function(), time.process_time() - began


# --- slopes -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SlopeCost:
    """One circuit differentiated both ways along the same directions: seconds, and evolutions of its state for one direction."""

    tangents: float
    differences: float
    evolutions: float
    evaluations: float
    left: int
    apart: float


def cost_of_slopes(circuit: Circuit, wires: Sequence[Any], full: bool) -> Optional[SlopeCost]:
    """Both costs; None where the reference has no slopes, or leaves them to differences."""
    found = reference(circuit, wires, "full" if full else "direction")
    if found.outputs is None or not found.directions.size or len(found.outputs) != len(circuit.measurements):
        return None
    circuit_space = Space(Simulation(circuit, wires))
    simulation, directions = circuit_space.simulation, list(found.directions)
    outputs = simulation.outputs(simulation.values)
    before = simulation.evaluations
    slopes, tangents = timed(lambda: tangent_slopes(circuit_space, directions, outputs, found.norms))
    evolved, before = simulation.evaluations - before, simulation.evaluations

    def differences() -> list[np.ndarray]:
        found_slopes = [derivative(circuit_space.outputs_at, circuit_space.centre, d, noise=1e-15) for d in directions]
        return [slope.value[0::2] + 1j * slope.value[1::2] for slope in found_slopes]

    others, dear = timed(differences)
    known = slopes.known
    gaps = [np.abs(slopes.value[:, k] - other) for k, other in enumerate(others) if known[k]]
    apart = max((float(np.nanmax(gap, initial=0.0)) for gap in gaps), default=0.0)
    count = len(directions)
    return SlopeCost(tangents, dear, evolved / count, (simulation.evaluations - before) / count, int(np.sum(~known)), apart)


def slopes_table(specimens: Sequence[Specimen], full: bool) -> dict[str, float]:
    """Sums and medians over the circuits of the space."""
    costs = [cost_of_slopes(one.circuit, one.wires, full) for one in specimens if one.circuit.trainable]
    known = [cost for cost in costs if cost is not None]
    lawful = [cost for cost in known if not cost.left]
    return {
        "circuits": len(known),
        "left to differences": len(known) - len(lawful),
        "tangents ÷ differences, processor time": sum(c.tangents for c in known) / sum(c.differences for c in known),
        "the same, median": median(c.tangents / c.differences for c in known),
        "evolutions a slope, most (with that of the outputs)": 1 + max((c.evolutions for c in lawful), default=0.0),
        "evaluations a slope by differences, median": median(c.evaluations for c in known),
        "most that is allowed for differences": EVALUATIONS,
        "apart at most": max((c.apart for c in lawful), default=0.0),
    }


# --- a warm check -------------------------------------------------------------------------------------------------------------


def check_warm(rounds: int) -> dict[str, float]:
    """Seconds of `qdiag.check` on a healthy circuit of 3 qubits, after a first one that has loaded everything."""
    device = qml.device("default.qubit", wires=3)

    def function(x: torch.Tensor) -> Any:
        for k in range(3):
            qml.RX(x[k], wires=k)
        qml.CNOT(wires=[0, 1])
        qml.CNOT(wires=[1, 2])
        for k in range(3):
            qml.RY(x[3 + k], wires=k)
        return qml.expval(qml.PauliZ(0) @ qml.PauliZ(2))

    circuit = qml.QNode(function, device, interface="torch")
    x = torch.linspace(0.1, 0.6, 6, dtype=torch.float64, requires_grad=True)
    assert qdiag.check(circuit, x)
    wall, processor = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        processor.append(timed(lambda: qdiag.check(circuit, x))[1])
        wall.append(time.perf_counter() - began)
    return {
        "seconds, median": median(wall),
        "seconds, least": min(wall),
        "processor seconds of this process, median": median(processor),
    }


# --- the lean path ------------------------------------------------------------------------------------------------------------


def bare(specimen: Specimen, device: str, method: Optional[str]) -> None:
    """What a script does that wants the outputs, or the Jacobian, of one circuit under one method."""
    circuit = specimen.circuit
    wires = list(specimen.wires or circuit.wires)
    if method == "hadamard":
        wires.append("one more")
    numbers = [torch.tensor(p.value, requires_grad=p.trainable and p.value.dtype.kind in "fc") for p in circuit.parameters]
    leaves = [number for number in numbers if number.requires_grad]
    with stop_recording():
        decoding = Decoding(iter(numbers if method else [p.value[()] for p in circuit.parameters]), False)
        operations = [decoding.operator(node) for node in circuit.operations]
        measurements = [decoding.operator(node) for node in circuit.measurements]

    def function() -> Any:
        for operation in operations:
            qml.apply(operation)
        return tuple(qml.apply(measurement) for measurement in measurements)

    options: dict[str, Any] = {"gradient_kwargs": {"aux_wire": "one more"}} if method == "hadamard" else {}
    node = qml.QNode(function, qml.device(device, wires=wires), interface="torch", diff_method=method, **options)
    for output in node():
        for element in output.reshape(-1) if method else ():
            torch.autograd.grad(element, leaves, retain_graph=True, allow_unused=True)


def lean_path(specimens: Sequence[Specimen], device: str) -> dict[str, float]:
    """Processor seconds of both, over the circuits at which nothing is wrong: what is, is asked again and elsewhere."""
    made = Method(space.device_named(device, ""), "", device_options=())
    ground = tuple(one for one in specimens if one.rank is Rank.GROUND)
    abilities = abilities_of(made, ground or tuple(specimens[:4]), False)
    plain = Task(specimens[0], made, METHODS, abilities, "" if device == "default.qubit" else "default.qubit", False)
    lean, alone, count = 0.0, 0.0, 0
    # warm: what is loaded once in a worker's life, as at a first gradient, is no part of a circuit's cost
    for specimen in specimens[:WARM]:
        examine(replace(plain, specimen=specimen))
    for specimen in specimens[WARM:]:
        cells, seconds = timed(partial(examine, replace(plain, specimen=specimen)))
        answering = [cell.column for cell in cells if cell.standing in ANSWERED]
        healthy = len(answering) == len(cells) and all(cell.standing is Standing.EXACT for cell in cells)
        if not healthy or not specimen.circuit.trainable:
            continue
        try:
            others = sum(timed(partial(bare, specimen, device, None if name == OUTPUT else name))[1] for name in answering)
        except Exception as error:
            print(f"  {specimen.key} is left out: {type(error).__name__}: {str(error)[:80]}")
            continue
        lean, alone, count = lean + seconds, alone + others, count + 1
    return {"circuits": count, "lean path, seconds": lean, "bare methods, seconds": alone, "lean path ÷ bare methods": lean / alone}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", default="lightning.qubit")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    every = space.specimens(0)
    specimens = every[:: arguments.step]
    tables = {
        "one direction": slopes_table(specimens, full=False),
        "all directions": slopes_table(specimens, full=True),
        "a warm check": check_warm(arguments.rounds),
        f"the lean path on {arguments.device}": lean_path(specimens, arguments.device),
    }
    for title, table in tables.items():
        print(title)
        for name, value in table.items():
            print(f"  {name:56s} {value:10.4g}")
    text = json.dumps(tables, ensure_ascii=False, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
