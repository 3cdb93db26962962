"""What a replay of many calls of few structures takes, beside a bare loop of the same gradients; and what more workers gain.

Run it as ``python -m tests.benchmarks.long_replay [--calls N] [--rounds N] [--long N] [--json FILE]``. Ten structures of 4 qubits with
4 to 40 parameters are called in turns, each under backprop and adjoint. Figures are of one run, each round in turn: milliseconds of
processor time a call in the asking process and in the workers, wall time, and ratios of medians. ``--long`` replays so many calls once,
under a method that costs next to nothing, and says whether memory stays flat.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Optional

import numpy as np

from qdiag.evaluation.executor import open_evaluator
from qdiag.judging.differentiated import JudgedCalls
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Script
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import parse
from qdiag.model.variants import with_values
from qdiag.trace.evaluation_store import EvaluationStore
from qdiag.trace.reader import Trace
from qdiag.trace.writer import TraceWriter, create

MODEL = Path(__file__).parent / "models" / "ten_structures.py"
METHODS = ("backprop", "adjoint")
WAYS = {"1 worker": ("", 1), "2 workers": ("", 2), "cluster of 1": ("local:1", 1), "cluster of 2": ("local:2", 2)}
TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", type=int, default=0)
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--json", type=Path, help="write the figures there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        record = measure_short(Path(folder), given.calls, given.rounds, given.ways) if given.rounds else {}
        if given.long:
            record["long"] = measure_long(Path(folder), given.long)
    if given.json is not None:
        given.json.write_text(json.dumps(record, indent=1), encoding="utf-8")


def measure_short(folder: Path, calls: int, rounds: int, ways: list[str]) -> dict[str, Any]:
    """The bare loop and each way to replay, in turns."""
    trace = folder / "run" / "trace.qdiag"
    recorded = ["-m", "qdiag", "trace", "--record-only", "--no-probe", "--out", str(trace.parent), str(MODEL), str(calls), METHODS[0]]
    subprocess.run([sys.executable, *recorded], check=True, capture_output=True)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ("bare loop", *ways, "again")}
    for _ in range(rounds):
        found["bare loop"].append(bare_loop(calls))
        for name in ways:
            cluster, jobs = WAYS[name]
            found[name].append(replayed(trace, folder / "evaluations.qdiag", cluster, jobs))
            if name == ways[0]:
                found["again"].append(replayed(trace, folder / "evaluations.qdiag", cluster, jobs))
            (folder / "evaluations.qdiag").unlink()
    print(f"{calls} calls of 10 structures under {' and '.join(METHODS)}: ms a call, medians of {rounds}")
    print(f"{'':14s} {'asking':>8s} {'workers':>8s} {'together':>9s} {'÷ bare':>7s} {'wall':>8s} {'÷ bare':>7s}")
    middle = {name: {key: median(one[key] for one in rows) for key in rows[0]} for name, rows in found.items()}
    bare = middle["bare loop"]
    for name, one in middle.items():
        ratios = one["together"] / bare["together"], one["wall"] / bare["wall"]
        line = f"{one['asking']:8.2f} {one['workers']:8.2f} {one['together']:9.2f} {ratios[0]:7.2f} {one['wall']:8.2f} {ratios[1]:7.2f}"
        print(f"{name:14s} {line}")
    for fewer, more in (("1 worker", "2 workers"), ("cluster of 1", "cluster of 2")):
        if fewer in middle and more in middle:
            print(f"{more} ÷ {fewer}: {middle[fewer]['wall'] / middle[more]['wall']:.2f} ×")
    return {"calls": calls, "rounds": found, "medians": middle}


def bare_loop(calls: int) -> dict[str, float]:
    """Milliseconds a call of the script alone under each method, without its start."""
    processor = wall = 0.0
    for method in METHODS:
        for number, sign in ((10, -1), (calls + 10, 1)):
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run([sys.executable, str(MODEL), str(number), method], check=True)
            wall += sign * (time.perf_counter() - began)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            processor += sign * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return _figures(0.0, processor, wall, calls)


def replayed(trace: Path, evaluations: Path, cluster: str, jobs: int) -> dict[str, float]:
    """Milliseconds a call of a replay by warm workers: their start is left out."""
    plan = Plan(tuple(map(parse, METHODS)), in_flight=8)
    with Trace.open(trace) as opened, EvaluationStore(evaluations) as store, open_evaluator(cluster, jobs, forked=True) as workers:
        calls = JudgedCalls(opened, "")
        first = calls.call(0)
        # each of them has loaded what it needs and made something of each kind
        for one in [workers.submit(request) for number in range(4 * jobs) for request in _questions(first, number)]:
            one.result()
        replay = Replay(calls, workers, plan, store=store)
        before, began, own = _of_descendants(), time.perf_counter(), time.process_time()
        replay.finish_cheap_methods()
        wall, asking, spent = time.perf_counter() - began, time.process_time() - own, _of_descendants() - before
        return _figures(asking, spent, wall, len(calls))


def _questions(call: Any, number: int) -> list[Request]:
    """One of each kind, like no other's: a function of this very file cannot be sent to a cluster."""
    methods = [parse(f"default.qubit/{method}") for method in METHODS]
    return [Request.of(call.circuit, method, call.configuration, trusted=False, seed=1 + number) for method in methods]


def _figures(asking: float, workers: float, wall: float, calls: int) -> dict[str, float]:
    asking, workers, wall = (1000 * seconds / calls for seconds in (asking, workers, wall))
    return {"asking": asking, "workers": workers, "together": asking + workers, "wall": wall}


def _of_descendants() -> float:
    """Processor seconds of all processes below this one."""
    parents, spent = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.parent.name)], spent[int(entry.parent.name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICK

    def is_below(number: Optional[int]) -> bool:
        while number is not None and number != os.getpid():
            number = parents.get(number)
        return number is not None

    return sum(seconds for number, seconds in spent.items() if number != os.getpid() and is_below(number))


def measure_long(folder: Path, calls: int) -> dict[str, Any]:
    """Memory and bytes on the way through very many calls, each like one of ten with other numbers; and after a stop in the middle."""
    from tests.worlds.evaluators import FakeEvaluator

    class Instant(FakeEvaluator):
        """Gives any circuit zeros: the replay's own work is what is measured."""

        def evaluate(self, request: Any) -> Any:
            zeros = tuple(np.zeros(request.circuit.parameters[at].value.shape) for at in request.circuit.trainable)
            return Evaluation(request.method, (np.zeros(()),), tuple(zeros for _ in request.cotangents), norms=(1.0,), seconds=0.01)

    source, path = folder / "run" / "trace.qdiag", folder / "long.qdiag"
    if not source.exists():
        recorded = ["-m", "qdiag", "trace", "--record-only", "--no-probe", "--out", str(source.parent), str(MODEL), "10", METHODS[0]]
        subprocess.run([sys.executable, *recorded], check=True, capture_output=True)
    _write_long(source, path, calls)
    plan = Plan((parse("adjoint"),))
    marks: list[tuple[int, int]] = []
    stopped = calls // 2

    class Stop(Exception):
        """In the middle."""

    def tell(done: int, total: int) -> None:
        if done % max(1, calls // 10) == 0:
            marks.append((done, _resident()))
        if done == stopped and len(marks) < 7:
            raise Stop

    began = time.process_time()
    for _ in range(2):
        with Trace.open(path) as opened, EvaluationStore(folder / "long_evaluations.qdiag") as store:
            try:
                Replay(JudgedCalls(opened, ""), Instant(), plan, store=store, progress=tell).finish_cheap_methods()
            except Stop:
                continue
    took = 1000 * (time.process_time() - began) / (calls + stopped)
    stored = (folder / "long_evaluations.qdiag").stat().st_size
    print(f"{calls} calls: {took:.2f} ms a call in the asking process, {stored / calls:.0f} bytes a call stored")
    for done, resident in marks:
        print(f"  {done:>8d} calls: {resident / 1e6:.0f} MB")
    return {"calls": calls, "ms": took, "marks": marks, "stored": stored}


def _write_long(source: Path, path: Path, calls: int) -> None:
    rng = np.random.default_rng(7)
    create(path, Script("ten_structures.py"))
    with Trace.open(source) as opened, TraceWriter(path) as writer:
        for call in _many([opened.call(index) for index in range(10)], calls, rng):
            writer.write(call)


def _many(first: list[Any], calls: int, rng: np.random.Generator) -> Iterator[Any]:
    from dataclasses import replace

    for index in range(calls):
        call = first[index % len(first)]
        values = {at: rng.random(one.value.shape) for at, one in enumerate(call.circuit.parameters)}
        backwards = tuple(replace(one, gradients=tuple(np.zeros(np.shape(g)) for g in one.gradients)) for one in call.backwards)
        made = with_values(call.circuit, values)
        yield replace(call, index=index, circuit=made, outputs=(np.zeros(()),), backwards=backwards)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
