"""Prints a table of all cases: expected, found, confidence, seconds.  python -m tests.e2e.table [--minimal] [NAME …]"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pennylane
from rich.console import Console
from rich.table import Table

from qdiag.evaluation.workers import Workers
from qdiag.model.findings import Finding
from tests.e2e.case_runs import Row, cases, run


def main() -> int:
    """Run the cases of the installed stack (or those named) and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a case; all of the installed stack where none is named")
    parser.add_argument("--minimal", action="store_true", help="a second table, of circuits before and after, and of reproducers")
    given = parser.parse_args()
    chosen = [case for case in cases(pennylane.__version__) if not given.names or case.name in given.names]
    unknown = {*given.names} - {case.name for case in chosen}
    if unknown:
        parser.error(f"there is no case '{min(unknown)}' of PennyLane {pennylane.__version__}")
    rows: list[Row] = []
    with Workers() as workers, tempfile.TemporaryDirectory() as folder:
        for case in chosen:
            rows.append(run(case, workers, Path(folder)))
            print(case.name, rows[-1].found, rows[-1].failures or "", file=sys.stderr)
    console = Console(width=160)
    console.print(judged(rows))
    if given.minimal:
        console.print(minimized(rows))
    return 1 if any(row.failures for row in rows) else 0


def judged(rows: Sequence[Row]) -> Table:
    """What was expected of each case, and what was found."""
    table = Table("case", "expected", "found", "wrong", "seconds", "reproducer", "as expected")
    for row in rows:
        findings, expected = row.outcome.result.findings, row.case.expected
        made = [f.reproducer for f in findings if f.reproducer is not None]
        table.add_row(
            row.case.name,
            " or ".join(expected.get("codes", expected.get("remarks", []))) or str(expected["verdict"]),
            row.found if findings or row.outcome.result.remarks else row.outcome.result.verdict.value,
            ", ".join(map(str, findings[0].divergence.wrong)) if findings else "",
            f"{row.seconds:.1f}",
            ", ".join(f"exits {r.exit_code}, {r.lines} lines" for r in made),
            "; ".join(row.failures) or "yes",
        )
    return table


def minimized(rows: Sequence[Row]) -> Table:
    """How small the circuit of each finding became, at which cost, and how long its reproducer is; medians in the last line."""
    table = Table("case", "finding", "operations", "most", "wires", "asked", "seconds", "1-minimal", "lines", "verified")
    found = [(row, finding) for row in rows for finding in row.outcome.result.findings]
    for row, finding in found:
        minimal, script, most = finding.minimal, finding.reproducer, row.case.expected.get("operations")
        table.add_row(
            row.case.name,
            f"{finding.diagnosis.code} {finding.divergence.verdict.value}",
            f"{_before(finding)} → {minimal.operations}" if minimal else str(_before(finding)),
            "" if most is None else str(most),
            str(minimal.wires) if minimal else "",
            str(minimal.oracle_calls) if minimal else "",
            f"{minimal.seconds:.1f}" if minimal else "",
            ("yes" if minimal.one_minimal else "no") if minimal else "",
            str(script.lines) if script else "",
            ("yes" if script.verified else f"exits {script.exit_code}") if script else finding.unreproduced,
        )
    left = [finding.minimal for _, finding in found if finding.minimal is not None]
    lines = [finding.reproducer.lines for _, finding in found if finding.reproducer is not None]
    if left and lines:
        operations, asked, seconds = (
            statistics.median(of) for of in ([m.operations for m in left], [m.oracle_calls for m in left], [m.seconds for m in left])
        )
        table.add_section()
        median = f"{statistics.median(lines):g}"
        table.add_row("median", "", f"{operations:g}", "", "", f"{asked:g}", f"{seconds:.1f}", "", median, "")
    return table


def _before(finding: Finding) -> int:
    return len(finding.divergence.call.circuit.operations)


if __name__ == "__main__":
    sys.exit(main())
