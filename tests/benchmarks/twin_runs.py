"""What recording a twin run costs: a run of ``qdiag twin`` ÷ the same training unrecorded, interleaved, medians; imports apart.

Run it as ``python -m tests.benchmarks.twin_runs [rounds]``. The script takes its method as an argument, so that the plain run under the
other method is the same variation. Beside calls, a twin run keeps parameters, gradients, masks and random streams of every step.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.interleaved import IMPORTS, start_of, table
from tests.benchmarks.recording import ROOT

MOONS = str(ROOT / "cases/moons/train.py")
RECORD = """
import sys
from pathlib import Path
from qdiag.model.call import Script
from qdiag.recording import launcher
from qdiag.trace.twin_variation import Variation, save
trace = Path(sys.argv[1])
save(Variation(diff_method=sys.argv[2]), trace)
launcher.run(Script(sys.argv[3], tuple(sys.argv[4:])), trace)
"""


def commands(plain: list[str], changed: str, script: list[str]) -> dict[str, list[str]]:
    """A training as it is, and the run of a script that is changed into it from outside."""
    return {"plain": plain, "twin run": ["-c", RECORD, "{out}", changed, *script]}


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    own, other = [MOONS, "default.qubit", "backprop"], [MOONS, "default.qubit", "adjoint"]
    with tempfile.TemporaryDirectory() as folder:
        imports = Path(folder, "imports.py")
        imports.write_text(IMPORTS)
        nothing = commands([str(imports)], "", [str(imports)])
        trainings = {"unchanged": commands(own, "", own), "adjoint": commands(other, "adjoint", own)}
        table("twin runs of moons", trainings, nothing, rounds, start_of("numpy, qdiag.recording.launcher"))


if __name__ == "__main__":
    main()
