"""How many questions the search asks, beside picire's ddmin, CDD, ProbDD and shrinkray, on the same oracles in the same run.

Run as ``python -m tests.benchmarks.search [--json FILE]``; with ``--circuits`` also on real circuits of ``cases/``, padded with
random operations, where every question is a real evaluation (some minutes; ``--circuits NAME --only-circuits`` is a part of it). CDD
and ProbDD are written here after their papers (arXiv 2408.04735; ESEC/FSE 2021), each with the better of two densities to begin with,
and end in the sweep that makes their results 1-minimal, as ours are. Needs the ``dev`` extra.
"""

from __future__ import annotations

import argparse
import json
import math
import operator
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
import picire
import shrinkray

from qdiag.evaluation.workers import Inline
from qdiag.judging.question import Question, question_of
from qdiag.model.call import Call, Script
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Tolerance
from qdiag.model.method import parse
from qdiag.model.node import Label, Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.proving.minimizing.oracle import Oracle
from qdiag.proving.minimizing.passes import PASSES
from qdiag.proving.minimizing.same_difference import SameDifference
from qdiag.proving.minimizing.search import Terms, minimize
from qdiag.recording import launcher
from qdiag.trace.reader import Trace

ROOT = Path(__file__).parents[2]
DRAWS, FEW = 60, 10
"""Of each kind of oracle; few for shrinkray, which takes seconds for each."""

SYNTHETIC = ((100, 1, 13), (100, 5, 41), (100, 10, 68), (1000, 5, 56))
"""Items, how many of them are needed, and how many questions we aim at, the closing sweep included."""

PAIRED = ((30, 2, 3), (100, 2, 5), (100, 5, 5))
"""Items, how many are needed, and pairs of them that go together or not at all, as gates that undo each other: no monotone question."""

FIRST_DENSITY = 0.1
"""Of needed items, as CDD and ProbDD begin with by default; one of all is the other that they are given."""

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


# --- the reducers ----------------------------------------------------------------------------------------------------------


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


def cdd(count: int, question: Asking, density: float) -> Kept:
    """Counter-based: parts of a size that the round alone decides, each left out once, down to single items."""
    kept, size = tuple(range(count)), 2
    while size > 1:
        size = _best_size([density] * len(kept))
        for part in [kept[start : start + size] for start in range(0, len(kept), size)]:
            kept = _without(kept, part, question)
        density = min(0.999, density / (1 - (1 - density) ** size))
    return _swept(kept, question)


def probdd(count: int, question: Asking, density: float) -> Kept:
    """By probabilities: the items that are least likely needed are left out together, and the likelier where that fails."""
    kept, chances = tuple(range(count)), dict.fromkeys(range(count), density)
    while any(chances[item] < 1 for item in kept):
        likely = sorted((item for item in kept if chances[item] < 1), key=lambda item: (chances[item], item))
        part = tuple(likely[: _best_size([chances[item] for item in likely])])
        smaller = _without(kept, part, question)
        if smaller == kept:
            failed = 1 - math.prod(1 - chances[item] for item in part)
            chances.update({item: 1.0 if len(part) == 1 else min(0.999, chances[item] / failed) for item in part})
        kept = smaller
    return _swept(kept, question)


def _best_size(chances: Sequence[float]) -> int:
    """How many items to leave out at once, to be rid of as many as can be expected."""
    gone = accumulate((1 - chance for chance in chances), operator.mul)
    gains = [size * chance for size, chance in enumerate(gone, 1)]
    return 1 + gains.index(max(gains)) if gains else 1


def _without(kept: Kept, part: Kept, question: Asking) -> Kept:
    smaller = tuple(item for item in kept if item not in part)
    return smaller if smaller and question(smaller) else kept


def _swept(kept: Kept, question: Asking) -> Kept:
    before: Kept = ()
    while before != kept:
        before = kept
        for item in reversed(before):
            kept = _without(kept, (item,), question)
    return kept


def _better(reducer: Callable[[int, Asking, float], Kept], count: int, question: Asking) -> Kept:
    """The result of the density that asks less, as if that had been known; only its questions are counted."""
    if not isinstance(question, Counted):
        return reducer(count, question, FIRST_DENSITY)
    tried = []
    for density in (FIRST_DENSITY, 1 / count):
        counted = Counted(question.question, question.most)
        tried.append((reducer(count, counted, density), counted))
    kept, counted = min(tried, key=lambda one: len(one[1].known))
    question.known, question.best = counted.known, counted.best
    return kept


REDUCERS: dict[str, Reducer] = {
    "qdiag": ours,
    "ddmin": ddmin,
    "CDD": lambda count, question: _better(cdd, count, question),
    "ProbDD": lambda count, question: _better(probdd, count, question),
    "shrinkray": ray,
}


# --- synthetic oracles ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What a reducer asked of one kind of oracle, over all draws: its median and 95th percentile, and how much it left in the mean."""

    items: int
    needed: int
    pairs: int
    reducer: str
    median: float
    most: int
    left: float


def synthetic() -> tuple[bool, list[Asked]]:
    """Print the median number of questions, and say whether ours are within the aims."""
    print(f"questions asked until 1-minimal, median / 95th percentile of {DRAWS} draws (needed items; pairs that go together or not)")
    print(f"{'items':>6} {'needed':>6} {'pairs':>5} {'aim':>4} " + " ".join(f"{name:>14}" for name in REDUCERS))
    found: list[Asked] = []
    reached = True
    rows = [(count, needed, 0, aim) for count, needed, aim in SYNTHETIC] + [(*row, 0) for row in PAIRED]
    for count, needed, pairs, aim in rows:
        columns = [_asked(name, count, needed, pairs) for name in REDUCERS]
        found += columns
        reached = reached and (not aim or columns[0].median <= aim)
        texts = (f"{one.median:6.1f} / {one.most:5d}" for one in columns)
        print(f"{count:>6} {needed:>6} {pairs:>5} {aim or '':>4} " + " ".join(f"{text:>14}" for text in texts), flush=True)
    return reached, found


def _asked(name: str, count: int, relevant: int, pairs: int) -> Asked:
    seeds = range(FEW if name == "shrinkray" else DRAWS)
    draws = [_draw(REDUCERS[name], name, count, relevant, pairs, seed) for seed in seeds]
    asked = sorted(questions for questions, _ in draws)
    left = statistics.mean(kept for _, kept in draws)
    return Asked(count, relevant, pairs, name, statistics.median(asked), asked[int(0.95 * len(asked))], left)


def _draw(reducer: Reducer, name: str, count: int, relevant: int, pairs: int, seed: int) -> tuple[int, int]:
    """How many questions were asked of one oracle, and how many items were left."""
    draw = random.Random(seed)
    drawn = draw.sample(range(count), relevant + 2 * pairs)
    needed, paired = set(drawn[:relevant]), list(zip(drawn[relevant::2], drawn[relevant + 1 :: 2]))

    def ask(kept: Kept) -> bool:
        return needed <= set(kept) and all((one in kept) == (other in kept) for one, other in paired)

    question = Counted(ask, most=10**6)
    kept = reducer(count, question)
    exact = (name != "shrinkray" or count <= BYTES) and not pairs
    if not ask(kept) or (exact and set(kept) != needed):
        raise AssertionError(f"{name} left {sorted(kept)} where {sorted(needed)} are needed")
    return len(question.known), len(kept)


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
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the synthetic figures are written")
    given = parser.parse_args()
    reached, figures = (True, []) if given.only_circuits else synthetic()
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(one) for one in figures], indent=1) + "\n", encoding="utf-8")
    if given.circuits is not None:
        reached = real(given.most, given.circuits) and reached
    raise SystemExit(0 if reached else 1)
