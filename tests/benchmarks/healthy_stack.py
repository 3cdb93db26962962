"""A hunt over a stack without a fault: the arbiter's own numbers as a device with derivatives; exits 1 where something is found.

``python -m tests.benchmarks.healthy_stack [--every N] [--random N] [--jobs N]``: every N-th circuit of the space, and random ones. Left
out are numbers that PennyLane's tape does not list: no device is told of them, and that their gradient is lost is no device's fault.
So are tensors of operations that are others once PennyLane has bound their numbers anew, which it does before any device is asked.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from qdiag.certifying.matrix import fill
from qdiag.certifying.task import Task
from qdiag.evaluation import space
from qdiag.evaluation.executor import open_evaluator
from qdiag.evaluation.remote import rebound_operations
from qdiag.model.certificate import Cell, Standing
from qdiag.model.method import Method
from qdiag.model.specimen import Specimen
from qdiag.pipeline.certify import LIMIT

EXACT = Method("tests.worlds.exact_device:Exact", "")
UNTOLD = frozenset({"hidden numbers tracked", "hidden numbers tracked, one zero"})
TENSORS = "constants as tensors"

HITS = {Standing.WRONG, Standing.EVERYWHERE, Standing.LOST}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--random", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    started = time.monotonic()

    def tell(specimen: Specimen, cells: tuple[Cell, ...]) -> None:
        for cell in cells:
            counts[cell.column, cell.standing.value] += 1
            if cell.standing in HITS:
                print("HIT", specimen.key, cell.column, cell.standing.value, cell.words[:200], flush=True)

    with open_evaluator("", arguments.jobs, LIMIT, forked=True) as workers:
        made = workers.call(space.wide_specimens, 0, "", frozenset(), arguments.random).result()
        exact = [one for one in made if not one.circuit.shots and one.variation not in UNTOLD]
        asked = {one.key: workers.call(rebound_operations, one.circuit, False) for one in exact if one.variation == TENSORS}
        taken = [one for one in exact if one.key not in asked or not asked[one.key].result()][:: arguments.every]
        plain = Task(taken[0], EXACT, ("device",), beside="", trusted=True, upheld=True)
        fill(taken, plain, workers, tell)
    print(f"{len(taken)} circuits in {time.monotonic() - started:.0f} s")
    for (column, standing), count in sorted(counts.items()):
        print(f"{count:6} {column} {standing}")
    hits = sum(count for (_, standing), count in counts.items() if standing in {one.value for one in HITS})
    print(f"{hits} hits")
    return 1 if hits else 0


if __name__ == "__main__":
    raise SystemExit(main())
