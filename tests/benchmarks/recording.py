"""What recording costs: the recorded run ÷ the plain run, interleaved, medians; a row for each kind of script, as a table and as JSON.

Run it as ``python -m tests.benchmarks.recording [rounds] [--only NAME]... [--jax] [--json FILE]``. Processor time is what the
ratios are of: it does not see what else the machine is doing. ``whole`` is the command as typed, with the launcher; ``less start``
leaves out what starting the launcher takes, which is an import; ``loop`` is what the script itself measured around its loop, with the
copies of it that were forked. Durable writes are on, as always. A probe works beside the script; what it costs is the fork. ``said`` is
"same" where all runs of a script printed the same: what comes out otherwise once it is recorded was not recorded. ``--jax`` asks for
trainings under JAX, each by a pattern of its own; those are left out that need what is not installed.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple, Optional

from tests.benchmarks import recording_models as models
from tests.benchmarks.interleaved import start_of
from tests.e2e.jax_trainings import TRAININGS

ROOT = Path(__file__).resolve().parents[2]

RECORD = """
import sys
from pathlib import Path
from qdiag.model.call import Script
from qdiag.recording import launcher
probing = launcher.Probing() if sys.argv[2] == "probe" else None
launcher.run(Script(sys.argv[3], tuple(sys.argv[4:])), Path(sys.argv[1]), probing=probing)
"""


class Script(NamedTuple):
    """A script to record: its text ("" for a file of the project), its words, and what its recording may cost."""

    text: str
    words: tuple[str, ...]
    probed: bool
    target: str


SCRIPTS = {
    "moons": Script("", (str(ROOT / "cases/moons/train.py"),), True, "1.02"),
    "six qubits": Script(models.SIX_QUBITS, (), True, "1.02"),
    "20,000 cheap calls": Script(models.CHEAP, ("20000",), True, "1.08"),
    "50 QNodes": Script(models.FIFTY_QNODES, (), True, "1.06, loop 1.12"),
    "2,000 structures": Script(models.STRUCTURES, (), True, "1.10"),
    "10,000 cheap calls": Script(models.CHEAP, ("10000",), False, "300 bytes a call"),
    "100,000 cheap calls": Script(models.CHEAP, ("100000",), False, "memory as after 10,000"),
}
DEFAULT = tuple(SCRIPTS)[:5]

UNDER_JAX = {
    f"jax: {name.replace('_', ' ')}": Script("", (str(path),), True, "1.10") for name, path in TRAININGS.items()
}
"""Trainings of a few steps: half of what they take, or more, is to load JAX and to compile."""


class Run(NamedTuple):
    """Processor seconds of a run and of its loop, wall seconds, the peak of memory in MB, bytes a call, and what was printed."""

    processor: float
    wall: float
    loop: float
    memory: float
    bytes_a_call: float
    printed: bytes


@dataclass(frozen=True)
class Row:
    """A script, recorded beside plain: medians over the rounds."""

    script: str
    target: str
    plain: float
    whole: float
    less_start: float
    wall: float
    loop: Optional[float]
    memory_plain: float
    memory: float
    bytes_a_call: float
    said: str


def run(words: Sequence[str], folder: Path) -> Run:
    """Run Python once, with every process that it waits for."""
    trace, loop = folder / "trace.qdiag", folder / "loop"
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, *(word.format(out=trace) if word == "{out}" else word for word in words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LOOP": str(loop)}
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    spent, peak = map(float, loop.read_text().split()) if loop.exists() else (0.0, 0.0)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(processor, wall, spent, peak / 1024, _bytes_a_call(trace), printed)


def _bytes_a_call(trace: Path) -> float:
    import sqlite3

    if not trace.exists():
        return 0.0
    with closing(sqlite3.connect(trace)) as database:
        return trace.stat().st_size / max(1, database.execute("SELECT COUNT(*) FROM calls").fetchone()[0])


def row_of(name: str, rounds: int, launch: float) -> Row:
    """Measure one script, plain and recorded in turns."""
    script = {**SCRIPTS, **UNDER_JAX}[name]
    pairs: list[tuple[Run, Run]] = []
    with tempfile.TemporaryDirectory() as there:
        words = list(script.words)
        if script.text:
            Path(there, "script.py").write_text(script.text)
            words.insert(0, str(Path(there, "script.py")))
        kinds = (words, ["-c", RECORD, "{out}", "probe" if script.probed else "", *words])
        for number in range(rounds):
            runs = {}
            for place in (number % 2, 1 - number % 2):
                with tempfile.TemporaryDirectory() as folder:
                    runs[place] = run(kinds[place], Path(folder))
            pairs.append((runs[0], runs[1]))
    return Row(
        name,
        script.target,
        median(a.processor for a, _ in pairs),
        median(b.processor / a.processor for a, b in pairs),
        median((b.processor - launch) / a.processor for a, b in pairs),
        median(b.wall / a.wall for a, b in pairs),
        median(b.loop / a.loop for a, b in pairs) if all(a.loop for a, _ in pairs) else None,
        median(a.memory for a, _ in pairs),
        median(b.memory for _, b in pairs),
        median(b.bytes_a_call for _, b in pairs),
        "same" if len({one.printed for pair in pairs for one in pair}) == 1 else "other",
    )


def line_of(row: Row) -> str:
    """A row of the table."""
    loop = f"{row.loop:7.3f}" if row.loop is not None else f"{'-':>7s}"
    return (
        f"{row.script:21s} {row.plain:7.2f} {row.whole:7.3f} {row.less_start:11.3f} {row.wall:7.3f} {loop}"
        f" {row.memory_plain:9.0f} {row.memory:9.0f} {row.bytes_a_call:8.0f} {row.said:>5s}  {row.target}"
    )


def _installed(scripts: Mapping[str, Script]) -> list[str]:
    """Those of which everything that they import is there."""
    found = []
    for name, script in scripts.items():
        lines = Path(script.words[0]).read_text(encoding="utf-8").splitlines()
        roots = {line.split()[1].partition(".")[0] for line in lines if line.startswith(("import ", "from "))}
        missing = [root for root in sorted(roots) if importlib.util.find_spec(root) is None]
        if missing:
            print(f"{name}: left out, {', '.join(missing)} is not installed")
        else:
            found.append(name)
    return found


HEAD = (
    f"{'':21s} {'plain':>7s} {'whole':>7s} {'less start':>11s} {'wall':>7s} {'loop':>7s}"
    f" {'MB, plain':>9s} {'MB':>9s} {'B a call':>8s} {'said':>5s}  target"
)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=7)
    parser.add_argument("--only", action="append", choices=[*SCRIPTS, *UNDER_JAX], default=[])
    parser.add_argument("--jax", action="store_true", help="trainings under JAX")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    # as it is for whoever has installed it, also where Python was told to keep no compiled modules
    compileall.compile_dir(ROOT / "src", quiet=1)
    launch = start_of("numpy, qdiag.recording.launcher")
    print(f"{options.rounds} interleaved rounds, medians; plain in processor seconds, the launcher's own start takes {launch:.2f} s")
    print(HEAD)
    rows = []
    for name in options.only or (_installed(UNDER_JAX) if options.jax else DEFAULT):
        rows.append(row_of(name, options.rounds, launch))
        print(line_of(rows[-1]), flush=True)
    text = json.dumps({"rounds": options.rounds, "launch": launch, "rows": [asdict(row) for row in rows]}, indent=1)
    print(f"median: processor {median(row.whole for row in rows):.3f}, wall {median(row.wall for row in rows):.3f}")
    if options.json:
        options.json.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
