"""How often healthy circuits are called an error, and how often a wrong gradient is not: exits 1 where a bar is missed.

``python -m tests.benchmarks.false_alarms [--count 300] [--seed 1] [--device default.qubit] [--own backprop] [--shadows adjoint,…]``
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings

from qdiag.evaluation.evaluate import evaluate
from qdiag.evaluation.workers import Inline
from qdiag.judging.arbiter.arbiter import Arbitration, arbitrate
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.questions import cotangents_of
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Call, Configuration, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method, parse_list
from qdiag.trace.keys import circuit_key
from tests.benchmarks.healthy import circuits

MOVES = {"float32": ((1e-5, True), (1e-8, False)), "float64": ((1e-9, True), (1e-16, False))}
"""By how much of the floored scale a gradient is moved, and whether that must be called an error."""


class OneCall:
    """A trace of one call."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def __len__(self) -> int:
        return 1

    def refresh(self) -> int:
        return 1

    def call(self, index: int) -> Call:
        return self._call

    def structure_of(self, index: int) -> str:
        return "only"

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        return (0,)


@dataclass
class Mover:
    """A test double: one method's gradient has one element moved."""

    inner: Inline
    method: Method
    amount: float
    seed: int

    def submit(self, request: Request) -> Future[Evaluation]:
        future: Future[Evaluation] = Future()
        evaluation = self.inner.submit(request).result()
        future.set_result(self._moved(request, evaluation) if request.method == self.method else evaluation)
        return future

    @property
    def count(self) -> int:
        return self.inner.count

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        return self.inner.call(function, *arguments)

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        return self.inner.applicable(circuit, configuration)

    def _moved(self, request: Request, evaluation: Evaluation) -> Evaluation:
        rng = np.random.default_rng(self.seed)
        position = int(rng.integers(len(request.circuit.trainable)))
        element = int(rng.integers(request.circuit.parameters[request.circuit.trainable[position]].value.size))
        norms = evaluation.norms
        vjps = []
        for row, cotangent in zip(evaluation.vjps, request.cotangents):
            floor = sum(n * float(np.sum(np.abs(c))) for n, c in zip(norms, cotangent) if c is not None)
            vjps.append(_shifted(row, position, element, self.amount * max(floor, float(np.max(np.abs(row[position]), initial=0.0)))))
        jacobian = evaluation.jacobian
        if jacobian is not None:
            scale = max(norms[0], float(np.max(np.abs(jacobian[0][position]), initial=0.0)))
            jacobian = (_shifted(jacobian[0], position, element, self.amount * scale), *jacobian[1:])
        return replace(evaluation, vjps=tuple(vjps), jacobian=jacobian)


def _shifted(row: tuple[np.ndarray, ...], position: int, element: int, by: float) -> tuple[np.ndarray, ...]:
    moved = np.array(row[position], dtype=np.result_type(row[position], np.float64))
    moved.reshape(-1)[element] += by
    return (*row[:position], moved, *row[position + 1 :])


def call_of(circuit: Circuit, own: Method, evaluator: Inline) -> Call:
    """A call as a trace would have it."""
    place = SourceLine("healthy.py", 1)
    wires = tuple(sorted(circuit.wires, key=str))
    name = own.diff_method
    configuration = Configuration("circuit", place, own.device, wires, interface="torch", requested=name, resolved=name)
    ran = evaluator.submit(Request(circuit, own, device_wires=wires)).result()
    return Call(0, 0, place, configuration, (), circuit, ran.outputs, failure=ran.failure)


def upheld(call: Call, located: Located) -> str:
    """What the arbiter says about the first error, or "" where it finds no method wrong."""
    cotangents = cotangents_of(call, circuit_key(call.circuit))
    wires = call.configuration.device_wires
    request = Request(call.circuit, call.configuration.method, device_wires=wires, cotangents=tuple(cotangents), jacobian=True)
    evaluations = [evaluate(replace(request, method=m)) for m in dict.fromkeys(located.divergences[0].comparison.methods)]
    judgement = arbitrate(call.circuit, call.configuration, evaluations, cotangents, Inline())
    return ", ".join(map(str, judgement.wrong))


def judged(call: Call, methods: Sequence[Method], mover: Optional[Mover]) -> Arbitration:
    """What the arbiter says about these methods, one of which may have an element of its gradient moved."""
    cotangents = cotangents_of(call, circuit_key(call.circuit))
    wires = call.configuration.device_wires
    request = Request(call.circuit, methods[0], device_wires=wires, cotangents=tuple(cotangents), jacobian=True)
    evaluator: Any = mover or Inline()
    evaluations = [evaluator.submit(replace(request, method=m)).result() for m in methods]
    return arbitrate(call.circuit, call.configuration, evaluations, cotangents, Inline())


def ask_arbiter(call: Call, methods: Sequence[Method], dtype: str, seed: int, counts: Counter[str], say: Callable[[str], None]) -> None:
    """Count whom the arbiter blames on a healthy circuit, and on one where a gradient is moved."""
    found = judged(call, methods, None)
    counts["arbiter: judged"] += bool(found.reference.slopes.size and np.isfinite(found.reference.slopes).all())
    counts["arbiter: blames the healthy"] += bool(found.wrong)
    if found.wrong:
        say(f"  {dtype} the arbiter blames {found.reason} {[n.name for n in call.circuit.nodes]}")
    for amount, must in MOVES[dtype]:
        moved = judged(call, methods, Mover(Inline(), methods[1], amount, seed))
        counts[f"arbiter: {amount:g} {'seen' if moved.wrong == (methods[1],) else 'blames another' if moved.wrong else 'silent'}"] += 1
        if must and moved.wrong != (methods[1],):
            say(f"  {dtype} the arbiter does not see {amount:g}: {moved.reason} {[n.name for n in call.circuit.nodes]}")


def measure(dtype: str, arguments: argparse.Namespace, say: Callable[[str], None]) -> tuple[int, int]:
    """Draw circuits and count; returns the unexplained alarms and the moves judged otherwise than they must be."""
    own = Method(arguments.device, arguments.own)
    shadows = parse_list(arguments.shadows)
    first = shadows[0].beside(own)
    counts: Counter[str] = Counter()

    def examine(circuit: Circuit) -> None:
        evaluator = Inline()
        call = call_of(circuit, own, evaluator)
        if call.failure is not None:
            counts["not taken by the own method"] += 1
            return
        plan = Plan(methods=shadows, seed=arguments.seed)
        located = Replay(OneCall(call), evaluator, plan).finish()
        counts[located.verdict.value] += 1
        if located.verdict is Verdict.ERROR:
            found = located.divergences[0].comparison
            blame = upheld(call, located)
            counts["upheld" if blame else "false alarm"] += 1
            say(f"  {dtype} {found.where} {' and '.join(map(str, found.methods))} {found.element} {found.values} {found.detail}")
            say(f"    gap {found.max_abs:.2g} bound {found.bound:.2g}")
            say(f"    arbiter: {blame or 'none is wrong'} {[n.name for n in circuit.nodes]}")
        elif located.verdict is Verdict.INCONCLUSIVE:
            # the other method raises, as default.qubit's backprop does for an IsingXY with a batch of angles: nothing to move
            return
        elif circuit.trainable and first in located.methods and first not in dict(located.refused):
            for amount, must in MOVES[dtype]:
                moved = Replay(OneCall(call), Mover(evaluator, first, amount, arguments.seed), plan).finish()
                seen = moved.verdict is Verdict.ERROR
                counts[f"{amount:g} {'seen' if seen else 'silent'}"] += 1
                counts["missed"] += must and not seen
                counts["too keen"] += seen and not must
            ask_arbiter(call, (own, first), dtype, arguments.seed, counts, say)

    calm = settings(database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))

    @seed(arguments.seed)
    @settings(calm, max_examples=arguments.count)
    @given(circuits(dtype))
    def run(circuit: Circuit) -> None:
        examine(circuit)

    began = time.monotonic()
    run()
    say(f"{dtype}: {dict(sorted(counts.items()))} in {time.monotonic() - began:.0f} s")
    return counts["false alarm"] + counts["arbiter: blames the healthy"], counts["missed"] + counts["too keen"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="default.qubit")
    parser.add_argument("--own", default="backprop")
    parser.add_argument("--shadows", default="adjoint")
    parser.add_argument("--dtypes", default="float64,float32")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    failed = False
    for dtype in arguments.dtypes.split(","):
        alarms, misjudged = measure(dtype, arguments, lambda text: print(text, flush=True))
        failed |= alarms > (dtype == "float32") or misjudged > arguments.count // 100
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
