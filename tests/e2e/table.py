"""Prints a table of all cases: expected, found, confidence, seconds.  python -m tests.e2e.table [NAME …]"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pennylane
from rich.console import Console
from rich.table import Table

from qdiag.workers import Workers
from tests.e2e.case_runs import cases, run


def main(names: list[str]) -> int:
    """Run the cases of the installed stack (or those named) and print what came of them."""
    stack = "0.21" if pennylane.__version__.startswith("0.21") else "newest"
    table = Table("case", "expected", "found", "wrong", "seconds", "reproducer", "as expected")
    missed = 0
    with Workers() as workers, tempfile.TemporaryDirectory() as folder:
        for case in cases(stack):
            if names and case.name not in names:
                continue
            row = run(case, workers, Path(folder))
            missed += bool(row.failures)
            findings = row.outcome.result.findings
            made = [f.reproducer for f in findings if f.reproducer is not None]
            table.add_row(
                case.name,
                " or ".join(case.expected.get("codes", [])) or str(case.expected["verdict"]),
                row.found if findings else row.outcome.result.verdict.value,
                ", ".join(findings[0].divergence.wrong) if findings else "",
                f"{row.seconds:.1f}",
                ", ".join(f"exits {r.exit_code}, {r.lines} lines" for r in made),
                "; ".join(row.failures) or "yes",
            )
            print(case.name, row.found, row.failures or "", file=sys.stderr)
    Console(width=160).print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
