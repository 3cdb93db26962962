"""Scripts run back: a reproducer counts as verified only after a fresh process has shown what it claims."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional

from qdiag.call import Environment
from qdiag.circuit import Circuit, nodes_of
from qdiag.errors import OpaqueCircuitError, OutputError
from qdiag.evaluate import Evaluation
from qdiag.findings import Finding, Reproducer
from qdiag.reproducer.task import Language
from qdiag.reproducer.writing import write, write_for

SECONDS = 120.0
"""How long a script may run: importing the frameworks takes seconds on a busy machine, the circuit milliseconds."""

MOST_ROWS = 5
"""Rows of a batch that are tried by themselves, where the whole batch shows nothing."""

MOST_OUTPUT = 10_000
"""Characters of a script's output that are kept."""


def verify(
    reproducer: Reproducer, path: Path, *, python: str = sys.executable, times: int = 1, seconds: float = SECONDS
) -> Reproducer:
    """Write a script to a file and run it in fresh processes.

    Parameters
    ----------
    reproducer
        The script.
    path
        Where it is written; it runs in that folder.
    python
        The interpreter whose stack is asked.
    times
        How often it must exit with 1.
    seconds
        Time limit for each run.

    Returns
    -------
    Reproducer
        With path, exit code (None where it took too long) and output of the last run; verified where every run exited with 1.
    """
    try:
        path.write_text(reproducer.source, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}", "choose another folder with --out") from None
    code: Optional[int] = None
    output = ""
    for _ in range(times):
        code, output = _run([python, path.name], path.parent, seconds)
        if code != 1:
            break
    return replace(reproducer, path=path.name, verified=code == 1, exit_code=code, output=output[-MOST_OUTPUT:])


def _run(command: Sequence[str], folder: Path, seconds: float) -> tuple[Optional[int], str]:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return None, f"stopped after {seconds:g} s"
    return done.returncode, done.stdout


Split = Callable[[Circuit, bool], Sequence[Circuit]]
"""Gives the rows of a circuit's batch; the flag says whether its class definitions are trusted."""


def made(
    finding: Finding,
    path: Path,
    *,
    circuit: Optional[Circuit] = None,
    reference: Optional[Evaluation] = None,
    tolerance: Optional[float] = None,
    environment: Optional[Environment] = None,
    notes: Sequence[str] = (),
    trusted: bool = False,
    times: int = 1,
    python: str = sys.executable,
    language: Optional[Language] = None,
    split: Optional[Split] = None,
) -> Optional[Reproducer]:
    """The reproducer of a finding, written and run: as a person would write it where that shows it, else with every number as recorded.

    Parameters
    ----------
    finding
        The finding.
    path
        Where the script is written.
    circuit, reference, tolerance, environment, notes, trusted, language
        As in `write`.
    times, python
        As in `verify`. A script that holds the user's own classes runs only where it is ``trusted``.
    split
        Gives a circuit's rows; `bridges.batches` where it is None.

    Returns
    -------
    Reproducer or None
        None where the circuit cannot be written as source.
    """
    special = write_for(finding.divergence, finding.diagnosis, environment=environment, language=language)
    if special is not None:
        return verify(special, path, python=python, times=times)
    used = finding.divergence.call.circuit if circuit is None else circuit
    may_run = trusted or not any(node.definition for top in used.nodes for node in nodes_of(top))
    first: Optional[Reproducer] = None
    for tried_circuit, readable in _attempts(used, trusted and may_run, split or _rows):
        try:
            written = write(
                finding.divergence,
                tried_circuit,
                reference=reference if tried_circuit is used else None,
                tolerance=tolerance,
                environment=environment,
                notes=notes,
                readable=readable,
                trusted=trusted,
                language=language,
            )
        except OpaqueCircuitError:
            continue
        tried = verify(written, path, python=python, times=times if may_run else 0)
        if tried.verified or not may_run:
            return tried
        first = first or tried
    if first is not None:
        path.write_text(first.source, encoding="utf-8")
    return first


def _attempts(circuit: Circuit, trusted: bool, split: Split) -> Iterator[tuple[Circuit, bool]]:
    """The circuit as a person writes it, with every number as recorded, and its first rows: some methods refuse a batch."""
    yield circuit, True
    yield circuit, False
    rows = split(circuit, trusted)
    if len(rows) > 1:
        yield from ((row, True) for row in rows[:MOST_ROWS])


def _rows(circuit: Circuit, trusted: bool) -> Sequence[Circuit]:
    from qdiag.bridges.batches import rows

    try:
        return rows(circuit, trusted)
    except OpaqueCircuitError:
        return ()
