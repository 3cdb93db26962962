"""From a finding to its cause, its minimal circuit and its verified script: what that takes, now ÷ before.

Run it as ``python -m tests.benchmarks.after_finding [--before TREE] [--json FILE] [NAME ...]``, with the checkout of an older version
of this project. Each case is recorded once and judged by either version in turn, in a process of its own with warm workers; the
processor time is that of the whole judging, since workers serve all its stages.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Optional

ROOT = Path(__file__).parents[2]

CASES = (
    "single-qubit-fusion-at-zero-nan",
    "rare-branch-in-float32",
    "adjoint-observable-coeff-shifts-gradient",
    "gates-skipped-at-zero",
    "sparse-hamiltonian-mixed-backprop",
    "lightning-results-in-float32",
    "evolution-trainable-coefficients",
    "qsvt-adjoint-zero",
    "custom-gate-wrong-frequencies",
    "fsim-decomposition-sign",
)
"""Those that took longest, and the ones of several shapes among the rest."""

STAGES = ("finding_of", "proven_finding")
"""What follows a finding in the pipeline: its diagnosis, then its circuit and its script."""


@dataclass(frozen=True)
class Judged:
    """What one version took for one case, and what it came to."""

    after: float
    processor: float
    findings: int
    verified: int


# --- in a process of its own, of whichever version ---------------------------------------------------------------------------


def judge(folder: Path) -> None:
    """Judge a recorded run and print what that took; the version is the one that is imported."""
    from qdiag.cli.progress import Voice
    from qdiag.evaluation.workers import Workers
    from qdiag.judging.replay.plan import Plan
    from qdiag.pipeline import run as pipeline
    from qdiag.pipeline.run_options import Options
    from qdiag.trace.run_folder import RunFolder

    taken: list[float] = []

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            begun = time.perf_counter()
            try:
                return work(*arguments)
            finally:
                taken.append(time.perf_counter() - begun)

        return wrapped

    for name in STAGES:
        setattr(pipeline, name, timed(getattr(pipeline, name)))
    with Workers() as workers:
        for _ in range(workers.count):
            workers.call(sum, ()).result()
        findings = pipeline.examine(RunFolder(folder), Options(Plan(trusted=True), trusted=True), Voice(2), workers).result.findings
    scripts = [finding.reproducer for finding in findings if finding.reproducer is not None]
    print(json.dumps({"after": sum(taken), "findings": len(findings), "verified": sum(script.verified for script in scripts)}))


# --- here ----------------------------------------------------------------------------------------------------------------------


def judged_by(tree: Path, trace: Path) -> Judged:
    """What a version takes for a trace."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(trace, Path(folder) / "trace.qdiag")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, __file__, "--judge", folder]
        environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Judged(processor=spent, **json.loads(done.stdout.splitlines()[-1]))


def measure(names: list[str], trees: dict[str, Path]) -> dict[str, dict[str, Judged]]:
    """What each version takes for each case; the one that begins changes from case to case."""
    import pennylane

    from tests.e2e.case_runs import cases

    known = {case.name: case for case in cases(pennylane.__version__)}
    found: dict[str, dict[str, Judged]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names):
            run = Path(folder) / name
            script = [str(known[name].folder / "train.py"), *known[name].arguments]
            command = [sys.executable, "-m", "qdiag", "trace", "-qq", "--record-only", "--out", str(run), *script]
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            order = list(trees)[:: 1 if number % 2 else -1]
            found[name] = {label: judged_by(trees[label], run / "trace.qdiag") for label in order}
            print(line_of(name, found[name]), flush=True)
    return found


def line_of(name: str, taken: dict[str, Judged]) -> str:
    """One case as a line of the table."""
    texts = [f"{taken[label].after:7.1f} s {taken[label].processor:6.1f} s" for label in ("before", "now") if label in taken]
    ratio = f"{taken['now'].after / taken['before'].after:6.2f}" if "before" in taken else ""
    now = taken["now"]
    return f"{name[:44]:44s} " + " ".join(texts) + f" {ratio} {now.verified} of {now.findings} verified"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--before", type=Path, metavar="TREE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--judge", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.judge is not None:
        judge(given.judge)
        return
    trees = {**({} if given.before is None else {"before": given.before}), "now": ROOT}
    print("after the finding by the clock, and processor time of the whole judging: " + ", then ".join(trees))
    found = measure(given.names or list(CASES), trees)
    for label in trees:
        after = [taken[label].after for taken in found.values()]
        print(f"{label}: median {median(after):.1f} s, worst {max(after):.1f} s")
    write(given.json, found)


def write(path: Optional[Path], found: dict[str, dict[str, Judged]]) -> None:
    """The figures as JSON, where they are wanted."""
    if path is not None:
        figures = {name: {label: asdict(one) for label, one in taken.items()} for name, taken in found.items()}
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
