"""What an answer costs: ``qdiag trace`` under backprop and adjoint ÷ the two plain runs that one would make by hand.

Run it as ``python -m tests.benchmarks.whole_command [rounds]``: interleaved, medians. Wall time is what a user waits, processor time what the
machine works; `judged` leaves out minimizing, `whole` is the command as it is typed, with minimizing and the runs of the reproducer.
"""

from __future__ import annotations

import sys
import tempfile
from statistics import median

from tests.benchmarks.recording import ROOT, Cost, run

SCRIPT = str(ROOT / "cases/moons/train.py")
TRACE = ["-m", "qdiag", "trace", "-q", "--methods", "backprop,adjoint"]
COMMANDS = {
    "backprop": [SCRIPT, "default.qubit", "backprop"],
    "adjoint": [SCRIPT, "default.qubit", "adjoint"],
    "recorded": [*TRACE, "--record-only", "--out", "{out}", SCRIPT, "default.qubit", "backprop"],
    "judged": [*TRACE, "--no-minimize", "--out", "{out}", SCRIPT, "default.qubit", "backprop"],
    "whole": [*TRACE, "--out", "{out}", SCRIPT, "default.qubit", "backprop"],
}


def measure(pairs: int) -> dict[str, list[Cost]]:
    """Cost of every command, each run once in every round, in an order that turns."""
    costs: dict[str, list[Cost]] = {name: [] for name in COMMANDS}
    names = list(COMMANDS)
    for number in range(pairs):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            with tempfile.TemporaryDirectory() as folder:
                words = [word.format(out=f"{folder}/run") for word in COMMANDS[name]]
                costs[name].append(run([sys.executable, *words]))
    return costs


def main() -> None:
    """Measure and print."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    costs = measure(pairs)
    print(f"{pairs} interleaved rounds, medians of seconds")
    print(f"{'':10s} {'wall':>7s} {'processor':>10s} {'wall ÷ two plain runs':>22s} {'processor ÷ two plain runs':>27s}")
    for name, taken in costs.items():
        wall, processor = median(cost.wall for cost in taken), median(cost.processor for cost in taken)
        rounds = list(zip(costs["backprop"], costs["adjoint"], taken))
        shares = [median(c[kind] / (a[kind] + b[kind]) for a, b, c in rounds) for kind in (1, 0)]
        print(f"{name:10s} {wall:7.2f} {processor:10.2f} {shares[0]:22.3f} {shares[1]:27.3f}")


if __name__ == "__main__":
    main()
