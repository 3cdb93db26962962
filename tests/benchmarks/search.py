"""How many questions the search asks, beside picire's ddmin and shrinkray, on the same oracles in the same run.

Run as ``python tests/benchmarks/search.py``; with ``--circuits`` also on real circuits of ``cases/``, padded with random operations,
where every question is a real evaluation (some minutes; ``--circuits NAME --only-circuits`` is a part of it). Needs the ``dev`` extra.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import picire
import shrinkray

from qdiag.evaluation.workers import Inline
from qdiag.judging.question import Question, question_of
from qdiag.model.call import Call, Script
from qdiag.model.circuit import Circuit, Label, Node, Parameter, Wires
from qdiag.model.comparison import Signature, Tolerance
from qdiag.model.method import parse
from qdiag.proving.minimizing.oracle import Oracle
from qdiag.proving.minimizing.passes import PASSES
from qdiag.proving.minimizing.same_difference import SameDifference
from qdiag.proving.minimizing.search import Terms, minimize
from qdiag.recording import launcher
from qdiag.trace.reader import Trace

ROOT = Path(__file__).parents[2]
DRAWS = 60
SYNTHETIC = ((100, 1, 15), (100, 5, 55), (100, 10, 90), (1000, 5, 90))
PADDED = (100, 300)
BYTES = 256
RUNS, QUICK = 5, 3.0
CASES = (
    ("pow-of-controlled-lightning", "default.qubit/backprop", "lightning.qubit/adjoint"),
    ("adjoint-observable-coeff-shifts-gradient", "default.qubit/backprop", "default.qubit/adjoint"),
    ("controlled-multirz-parameter-shift-raises", "default.qubit/backprop", "default.qubit/parameter-shift"),
)

Kept = tuple[int, ...]
Asking = Callable[[Kept], bool]
Reducer = Callable[[int, Asking], Kept]


class Counted:
    """A question that counts its distinct askings: a cache is granted to everyone."""

    def __init__(self, question: Asking, most: int) -> None:
        self.question, self.most = question, most
        self.known: dict[Kept, bool] = {}
        self.best: Kept = ()

    def __call__(self, kept: Kept) -> bool:
        if kept not in self.known:
            if len(self.known) >= self.most:
                raise TimeoutError
            self.known[kept] = self.question(kept)
            if self.known[kept] and (not self.best or len(kept) < len(self.best)):
                self.best = kept
        return self.known[kept]


# --- the three --------------------------------------------------------------------------------------------------------------


def ours(count: int, question: Asking) -> Kept:
    """Our engine with its first pass alone, on operations that are numbered by their wire."""
    operations = tuple(Node("Item", wires=(i,)) for i in range(count))
    oracle = Oracle(lambda found: question(tuple(int(op.wires[0]) for op in found.operations)))
    found = minimize(Circuit(operations, (Node("ExpectationMP"),)), oracle, Terms(PASSES[:1]))
    return tuple(int(op.wires[0]) for op in found.circuit.operations)


def ddmin(count: int, question: Asking) -> Kept:
    """Picire as it is by default, without the empty configuration, which it never tries."""

    def test(config: Sequence[int], config_id: object) -> picire.Outcome:
        return picire.Outcome.FAIL if question(tuple(config)) else picire.Outcome.PASS

    return tuple(picire.DD(test)(list(range(count))))


def ray(count: int, question: Asking) -> Kept:
    """Shrinkray on bytes, one an item; where bytes repeat, the leftmost items that fit are meant, and it may leave some too many."""
    whole = bytes(i % BYTES for i in range(count))

    def meant(value: bytes) -> Kept:
        kept, start = [], 0
        for byte in value:
            start = whole.index(bytes([byte]), start)
            kept.append(start)
            start += 1
        return tuple(kept)

    reducer = shrinkray.Reducer(whole, lambda value: bool(value) and question(meant(value)))
    reducer.run()
    return meant(reducer.target)


REDUCERS: dict[str, Reducer] = {"qdiag": ours, "ddmin": ddmin, "shrinkray": ray}


# --- synthetic oracles ------------------------------------------------------------------------------------------------------


def synthetic() -> bool:
    """Print the median number of questions, and say whether ours are within the aims."""
    print(f"questions asked until 1-minimal, median / 95th percentile of {DRAWS} draws (relevant items are needed, others are not)")
    print(f"{'items':>6} {'relevant':>8} {'aim':>5} " + " ".join(f"{name:>13}" for name in REDUCERS))
    reached = True
    for count, relevant, aim in SYNTHETIC:
        columns = []
        for name, reducer in REDUCERS.items():
            asked = sorted(_asked(reducer, count, relevant, seed) for seed in range(DRAWS))
            median = statistics.median(asked)
            columns.append(f"{median:6.1f} / {asked[int(0.95 * DRAWS)]:4d}")
            reached = reached and (name != "qdiag" or median <= aim)
        print(f"{count:>6} {relevant:>8} {aim:>5} " + " ".join(f"{column:>13}" for column in columns), flush=True)
    return reached


def _asked(reducer: Reducer, count: int, relevant: int, seed: int) -> int:
    needed = set(random.Random(seed).sample(range(count), relevant))
    question = Counted(lambda kept: needed <= set(kept), most=10**6)
    kept = reducer(count, question)
    exact = reducer is not ray or count <= BYTES
    if not needed <= set(kept) or (exact and set(kept) != needed):
        raise AssertionError(f"{reducer.__name__} left {sorted(kept)} where {sorted(needed)} are needed")
    return len(question.known)


# --- real circuits ----------------------------------------------------------------------------------------------------------


def real(most: int, names: Sequence[str]) -> bool:
    """Print questions, seconds and operations left for recorded circuits between random operations; whether ours are the fewest."""
    chosen = [entry for entry in CASES if not names or entry[0] in names]
    calls = {case: _recorded(case) for case, _, _ in chosen}
    reached = True
    print(f"\nreal circuits between random operations; at most {most} questions ('>' where that was not enough)")
    print(f"{'case':>42} {'added':>5} " + " ".join(f"{name + ': asked, s, left':>26}" for name in REDUCERS))
    for case, good, bad in chosen:
        call = calls[case]
        for added in PADDED:
            circuit = padded(call.circuit, added, seed=added)
            pair = (parse(good), parse(bad))
            ran = replace(call, circuit=circuit)
            question = question_of(ran, pair, where=Signature.JACOBIAN, trusted=False, tolerance=Tolerance())
            question = replace(question, device_wires=())
            found = [_best_of(reducer, question, most) for reducer in REDUCERS.values()]
            reached = reached and all(found[0].asked < other.asked and found[0].seconds < other.seconds for other in found[1:])
            print(f"{case:>42} {added:>5} " + " ".join(f"{column.text:>26}" for column in found), flush=True)
    return reached


@dataclass(frozen=True)
class Measured:
    """What one reducer took for one circuit, and how many operations it left."""

    asked: int
    seconds: float
    left: int
    finished: bool

    @property
    def text(self) -> str:
        """The three figures of a column."""
        return f"{'' if self.finished else '>'}{self.asked}, {self.seconds:.2f}, {self.left}"


def _best_of(reducer: Reducer, asked: Question, most: int) -> Measured:
    """The quickest of several runs, where they take so little that whatever else the machine does would decide."""
    found = _measured(reducer, asked, most)
    again = [_measured(reducer, asked, most) for _ in range(RUNS - 1 if found.seconds < QUICK else 0)]
    return min([found, *again], key=lambda measured: measured.seconds)


def _measured(reducer: Reducer, asked: Question, most: int) -> Measured:
    # each run has an evaluator of its own, which remembers nothing of the runs before
    same, circuit = SameDifference(asked, Inline()), asked.circuit

    def question(kept: Kept) -> bool:
        return same(replace(circuit, operations=tuple(circuit.operations[i] for i in kept)))

    counted = Counted(question, most)
    begun = time.perf_counter()
    try:
        left, finished = len(reducer(len(circuit.operations), counted)), True
    except TimeoutError:
        left, finished = len(counted.best), False
    return Measured(len(counted.known), time.perf_counter() - begun, left, finished)


def _recorded(case: str) -> Call:
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.qdiag"
        launcher.run(Script(str(ROOT / "cases" / case / "train.py")), trace)
        return Trace.open(trace).call(0)


def padded(circuit: Circuit, count: int, seed: int) -> Circuit:
    """The circuit with random constant operations at random places, on its own wires and two more."""
    draw = random.Random(seed)
    wires = [*circuit.wires, "pad0", "pad1"]
    places = sorted(draw.randrange(len(circuit.operations) + 1) for _ in range(count))
    operations: list[Node] = []
    for position in range(len(circuit.operations) + 1):
        operations += [_random_gate(draw, wires) for place in places if place == position]
        operations += circuit.operations[position : position + 1]
    return replace(circuit, operations=tuple(operations))


def _random_gate(draw: random.Random, wires: list[Label]) -> Node:
    name = draw.choice(["RX", "RY", "RZ", "Hadamard", "CNOT"])
    chosen = tuple(draw.sample(wires, 2 if name == "CNOT" else 1))
    data = (Parameter(np.asarray(draw.uniform(-3, 3))),) if name.startswith("R") else ()
    return Node(name, data, (Wires(chosen),) if name == "CNOT" else (Wires(chosen), ()), chosen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--circuits", nargs="*", metavar="NAME", help="also on real circuits: of these cases, or of all")
    parser.add_argument("--only-circuits", action="store_true", help="leave the synthetic oracles out")
    parser.add_argument("--most", type=int, default=600, help="questions that a reducer may ask about a real circuit")
    given = parser.parse_args()
    reached = given.only_circuits or synthetic()
    if given.circuits is not None:
        reached = real(given.most, given.circuits) and reached
    raise SystemExit(0 if reached else 1)
