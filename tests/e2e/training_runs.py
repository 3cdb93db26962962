"""Runs healthy trainings of many shapes, plain and traced, and says what would worry a reader without need.

The scripts in trainings/ are what people write: some look suspicious (a rate of zero at first, frozen layers, copies, gradients that
are zero now and then) and all are right. A remark or an error about one of them is a false alarm.
As a command it prints a table:  python -m tests.e2e.training_runs [NAME …]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from qdiag.cli.progress import Voice
from qdiag.evaluation.workers import Workers
from qdiag.judging.replay.plan import Plan
from qdiag.model.comparison import Verdict
from qdiag.pipeline.run import examine
from qdiag.pipeline.run_options import JudgedRun, Options
from qdiag.trace import run_folder

TRAININGS = sorted((Path(__file__).parent / "trainings").glob("*.py"))
CALM = {Verdict.AGREE, Verdict.ROUNDING, Verdict.REMARK}
"""What worries no reader: a remark that another method would be wrong is true; remarks on the training itself are counted apart."""
WITH_SHOTS = {"shots"}
"""Trainings whose numbers are drawn: that they cannot be decided is a right answer, too."""


@dataclass(frozen=True, eq=False)
class Ran:
    """A training that was run plain and traced."""

    name: str
    plain: subprocess.CompletedProcess
    traced: subprocess.CompletedProcess
    outcome: JudgedRun
    plain_seconds: float
    seconds: float

    @property
    def failures(self) -> list[str]:
        """What a reader would be worried by, or what the trace changed."""
        result = self.outcome.result
        allowed = CALM | ({Verdict.INCONCLUSIVE} if self.name in WITH_SHOTS else set())
        wrong = [] if result.verdict in allowed else [f"verdict {result.verdict.value}"]
        wrong += [f"{remark.diagnosis.code} {remark.diagnosis.title}" for remark in result.remarks]
        wrong += [f"exit code {run.returncode}: {run.stderr.decode()[-300:]}" for run in (self.plain, self.traced) if run.returncode]
        return wrong + ([] if self.plain.stdout == self.traced.stdout else ["stdout is not the plain run's"])


def run(script: Path, workers: Workers, folder: Path) -> Ran:
    """Run a training by itself, then recorded, and judge what was recorded."""
    directory = run_folder.create(str(script), folder / script.stem, force=True)
    recorded = ["-m", "qdiag", "trace", "--record-only", "-qq", "--force", "--out", str(directory.path), str(script)]
    start = time.perf_counter()
    plain = subprocess.run([sys.executable, str(script)], capture_output=True)
    between = time.perf_counter()
    traced = subprocess.run([sys.executable, *recorded], capture_output=True)
    outcome = examine(directory, Options(Plan(trusted=True), trusted=True), Voice(2), workers)
    return Ran(script.stem, plain, traced, outcome, between - start, time.perf_counter() - between)


def main(names: list[str]) -> int:
    """Run all trainings, or those named, and print what came of them."""
    table = Table("training", "verdict", "calls", "plain s", "traced s", "calm")
    worried = 0
    with Workers() as workers, tempfile.TemporaryDirectory() as folder:
        for script in (each for each in TRAININGS if not names or each.stem in names):
            ran = run(script, workers, Path(folder))
            worried += bool(ran.failures)
            result, calm = ran.outcome.result, "; ".join(ran.failures) or "yes"
            table.add_row(ran.name, result.verdict.value, str(result.calls), f"{ran.plain_seconds:.1f}", f"{ran.seconds:.1f}", calm)
            print(ran.name, result.verdict.value, calm, file=sys.stderr, flush=True)
    Console(width=160).print(table)
    return 1 if worried else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
