"""Commands run in turns, so that whatever else the machine does meets all alike; and a table of what they cost beside the first."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

IMPORTS = '''
import pennylane, torch, sklearn.datasets

device = pennylane.device("default.qubit", wires=1)
pennylane.QNode(lambda: pennylane.expval(pennylane.PauliZ(0)), device)()
'''
"""A script that does nothing but load what every script loads, and call one QNode: recording loads its own part then, too."""

Commands = Mapping[str, Sequence[str]]
"""Arguments of Python by name; ``{out}`` in one stands for a new folder."""


class Cost(NamedTuple):
    """Processor and wall seconds of one run."""

    processor: float
    wall: float


def run(words: Sequence[str]) -> Cost:
    """Run Python once, with every process that it waits for."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *(word.format(out=f"{folder}/run") if "{out}" in word else word for word in words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - start)


def measure(commands: Commands, rounds: int) -> dict[str, list[Cost]]:
    """What each command costs, each run once in every round, in an order that turns."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    names = list(commands)
    for number in range(rounds):
        turn = number % len(names)
        for name in (*names[turn:], *names[:turn]):
            costs[name].append(run(commands[name]))
    return costs


def start_of(module: str) -> float:
    """Processor seconds that Python and a module take to load: an import, which is reported apart."""
    return median(run(["-c", f"import {module}"]).processor for _ in range(3))


def table(title: str, trainings: Mapping[str, Commands], imports: Commands, rounds: int, launch: float) -> None:
    """Print what each training costs beside the plain one, which stands first, with imports and less imports.

    Parameters
    ----------
    title
        What was measured.
    trainings
        For each training its commands, under the same names as `imports`.
    imports
        The same commands for a script that only imports.
    rounds
        How often each is run.
    launch
        Processor seconds of a start that every command but the plain one makes, and that is an import.
    """
    print(f"{title}: {rounds} interleaved rounds, medians of processor seconds; the launcher's own start, {launch:.2f} s, is left out")
    print(f"{'':24s} {'plain':>7s} {'recorded':>9s} {'ratio':>7s} {'less imports':>13s} {'wall ratio':>11s}")
    plain, *others = imports
    base = {name: median(c.processor for c in costs) for name, costs in measure(imports, rounds).items()}
    for name in others:
        base[name] -= launch
        print(f"{'imports, ' + name:24s} {base[plain]:7.2f} {base[name]:9.2f} {base[name] / base[plain]:7.3f}")
    for training, commands in trainings.items():
        costs = measure(commands, rounds)
        left = median(cost.processor for cost in costs[plain])
        for name in others:
            right = median(cost.processor for cost in costs[name]) - launch
            wall = median(b.wall / a.wall for a, b in zip(costs[plain], costs[name]))
            less = (right - base[name]) / (left - base[plain])
            print(f"{training + ', ' + name:24s} {left:7.2f} {right:9.2f} {right / left:7.3f} {less:13.3f} {wall:11.3f}")
