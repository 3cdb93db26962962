"""What a verdict on an ordinary model costs: ``qdiag trace`` as it is typed ÷ the plain run, and when its first answer is there.

Run it as ``python -m tests.benchmarks.ordinary_models [NAME …] [--json FILE]``: each model plainly and traced in turn, medians of
ratios within a round; ``--rounds`` says how many. Wall seconds, since they are what somebody waits, so on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

MODELS = Path(__file__).parent / "models"
RUNS = {
    "hybrid, backprop": ("hybrid.py", "backprop"),
    "hybrid, adjoint": ("hybrid.py", "adjoint"),
    "qcnn, autograd": ("qcnn.py", "backprop", "autograd"),
    "qcnn, torch": ("qcnn.py", "backprop", "torch"),
    "4,096 rows": ("wide_batch.py", "backprop"),
}
ANSWER = "first answer:"


@dataclass(frozen=True)
class Figures:
    """Wall seconds of one round, and what they come to beside the plain run."""

    plain: float
    first_answer: float
    whole: float

    @property
    def ratios(self) -> tuple[float, float]:
        """First answer and whole command ÷ plain run."""
        return self.first_answer / self.plain, self.whole / self.plain


def seconds(command: list[str]) -> tuple[float, float]:
    """Wall seconds of a command until the first answer and until its end; the same where it gives none."""
    began, answered = time.perf_counter(), 0.0
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if ANSWER in line and not answered:
                answered = time.perf_counter() - began
    ended = time.perf_counter() - began
    return answered or ended, ended


def measure(words: tuple[str, ...]) -> Figures:
    """One round of a model."""
    script = [str(MODELS / words[0]), *words[1:]]
    _, plain = seconds([sys.executable, *script])
    with tempfile.TemporaryDirectory() as folder:
        answered, whole = seconds([sys.executable, "-m", "qdiag", "trace", "--out", f"{folder}/run", *script])
    return Figures(plain, answered, whole)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="models; all where none is named")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there")
    given = parser.parse_args()
    record = {}
    print(f"{'':18s} {'plain s':>8s} {'first answer ÷ plain':>21s} {'whole ÷ plain':>14s}")
    for name in given.names or RUNS:
        rounds = [measure(RUNS[name]) for _ in range(given.rounds)]
        answer, whole = (median(one.ratios[k] for one in rounds) for k in (0, 1))
        print(f"{name:18s} {median(one.plain for one in rounds):8.2f} {answer:21.2f} {whole:14.2f}", flush=True)
        record[name] = {"rounds": [asdict(one) for one in rounds], "first_answer": answer, "whole": whole}
    if given.json is not None:
        given.json.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
