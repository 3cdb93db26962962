"""What an answer costs: ``qdiag trace`` under backprop and adjoint ÷ the two plain runs that one would make by hand.

Run it as ``python -m tests.benchmarks.whole_command [rounds] [--json FILE]``: interleaved, medians. Wall time is what a user
waits, processor time what the machine works; `judged` leaves out minimizing, `whole` is the command as it is typed, with minimizing and
the reproducer.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median

from tests.benchmarks.interleaved import measure
from tests.benchmarks.recording import ROOT

SCRIPT = str(ROOT / "cases/moons/train.py")
TRACE = ["-m", "qdiag", "trace", "-qq", "--methods", "backprop,adjoint", "--out", "{out}"]
COMMANDS = {
    "backprop": [SCRIPT, "default.qubit", "backprop"],
    "adjoint": [SCRIPT, "default.qubit", "adjoint"],
    "recorded": [*TRACE, "--record-only", SCRIPT, "default.qubit", "backprop"],
    "judged": [*TRACE, "--no-minimize", SCRIPT, "default.qubit", "backprop"],
    "whole": [*TRACE, SCRIPT, "default.qubit", "backprop"],
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=7)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    given = parser.parse_args()
    costs, record = measure(COMMANDS, given.rounds), {}
    print(f"{given.rounds} interleaved rounds, medians of seconds")
    print(f"{'':10s} {'wall':>7s} {'processor':>10s} {'wall ÷ two plain runs':>22s} {'processor ÷ two plain runs':>27s}")
    plain = list(zip(costs["backprop"], costs["adjoint"]))
    for name, taken in costs.items():
        wall, processor = median(cost.wall for cost in taken), median(cost.processor for cost in taken)
        waited = median(c.wall / (a.wall + b.wall) for (a, b), c in zip(plain, taken))
        worked = median(c.processor / (a.processor + b.processor) for (a, b), c in zip(plain, taken))
        print(f"{name:10s} {wall:7.2f} {processor:10.2f} {waited:22.3f} {worked:27.3f}")
        record[name] = {"wall": wall, "processor": processor, "wall_ratio": waited, "processor_ratio": worked}
    if given.json is not None:
        given.json.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
