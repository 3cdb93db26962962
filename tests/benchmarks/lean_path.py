"""What a hunt's judging of one circuit costs beside its bare methods, and beside `qdiag.check`: processor time, one process, in turns.

``python -m tests.benchmarks.lean_path [--every N] [--rounds N] [--json FILE]``. *Bare* is PennyLane alone: the QNode called once under
each method, and one vector-Jacobian product taken by torch. *Lean* is `examine`: the same, the outputs on plain numbers, the arbiter,
and whatever a wrong cell is asked again. *Check* is `qdiag.check` of the circuit. Circuits of up to three wires without a fault.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pennylane as qml
import torch

from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.flattening import stop_recording
from qdiag.bridges.results import outputs_of
from qdiag.bridges.space.specimens import specimens
from qdiag.certifying.examine import examine
from qdiag.certifying.task import Task
from qdiag.evaluation.workers import Inline
from qdiag.judging.replay.plan import Plan
from qdiag.model.certificate import Cell, Standing
from qdiag.model.method import Method
from qdiag.model.specimen import Specimen
from qdiag.pipeline import checking
from qdiag.pipeline.run_options import Options, Silence
from qdiag.trace.run_folder import RunFolder

METHODS = ("backprop", "adjoint", "parameter-shift", "hadamard", "finite-diff")
MOST_WIRES = 3
HEALTHY = {Standing.EXACT, Standing.REFUSED}


def live_qnode(one: Specimen, method: str) -> tuple[Any, list[torch.Tensor]]:
    """The circuit as a QNode of PennyLane's, and the numbers that are tracked in it."""
    tracked = [torch.tensor(p.value, requires_grad=p.trainable) for p in one.circuit.parameters if p.container == "torch"]
    live = iter(tracked)
    numbers = [next(live) if p.container == "torch" else p.value for p in one.circuit.parameters]
    device = qml.device("default.qubit", wires=(*one.wires, "auxiliary"))

    def quantum_function() -> Any:
        with stop_recording():
            decoding = Decoding(iter(numbers))
            operations = [decoding.operator(node) for node in one.circuit.operations]
            measurements = [decoding.operator(node) for node in one.circuit.measurements]
        for operation in operations:
            qml.apply(operation)
        found = [qml.apply(measurement) for measurement in measurements]
        return found[0] if len(found) == 1 else tuple(found)

    return qml.QNode(quantum_function, device, diff_method=method, interface="torch"), [t for t in tracked if t.requires_grad]


def run_bare(one: Specimen, method: str) -> None:
    """One call and one product; what PennyLane refuses costs what it costs."""
    try:
        qnode, tracked = live_qnode(one, method)
        weighed = sum((torch.real(output).sum() for output in outputs_of(qnode())), torch.tensor(0.0))
        torch.autograd.grad(weighed, tracked, allow_unused=True)
    except Exception:
        # each class has its own way of saying no
        return


def run_check(one: Specimen) -> None:
    """What `qdiag.check` does with the same circuit."""
    qnode, _ = live_qnode(one, "backprop")
    options = Options(Plan(trusted=True), trusted=True, proven=(), minimize=False, kept=False)
    with tempfile.TemporaryDirectory() as folder:
        checking.check(qnode, (), {}, run=RunFolder(Path(folder)), options=options, voice=Silence(), workers=Inline())


def run_lean(one: Specimen) -> tuple[Cell, ...]:
    """What a hunt does with it."""
    return examine(Task(one, Method("default.qubit", ""), METHODS, beside="", upheld=True))


def measure_seconds(run: Callable[[], object], rounds: int) -> float:
    """The median of its processor time."""
    found = []
    for _ in range(rounds):
        started = time.process_time()
        run()
        found.append(time.process_time() - started)
    return median(found)


def measure(taken: Sequence[Specimen], rounds: int, checked: int) -> dict[str, float]:
    """Milliseconds a circuit, on average."""
    total = dict.fromkeys((*METHODS, "bare", "lean"), 0.0)
    for one in taken:
        each = {method: measure_seconds(partial(run_bare, one, method), rounds) for method in METHODS}
        total["lean"] += measure_seconds(partial(run_lean, one), rounds)
        total["bare"] += sum(each.values())
        for method, seconds in each.items():
            total[method] += seconds
    found = {name: 1000 * seconds / len(taken) for name, seconds in total.items()}
    some = taken[:: max(1, len(taken) // checked)]
    found["check"] = 1000 * sum(measure_seconds(partial(run_check, one), 1) for one in some) / len(some)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--checked", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    made = [one for one in specimens(0) if not one.circuit.shots and len(one.circuit.wires) <= MOST_WIRES and one.circuit.trainable]
    # the first round loads what is loaded once
    taken = [one for one in made[:: arguments.every] if {cell.standing for cell in run_lean(one)} <= HEALTHY]
    run_check(taken[0])
    found = measure(taken, arguments.rounds, arguments.checked)
    rows = [f"{name:16} {value:8.1f} ms a circuit {value / found['bare']:8.2f} × bare" for name, value in found.items()]
    print("\n".join([f"{len(taken)} circuits", *rows, f"{3.6e6 / found['lean']:.0f} circuits an hour and core"]))
    if arguments.json:
        arguments.json.write_text(json.dumps({"circuits": len(taken), "milliseconds": found}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
