"""Scripts run back: a reproducer counts as verified only after a fresh process has shown what it claims."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Optional

from qdiag.errors import OpaqueCircuitError, OutputError
from qdiag.model.findings import Finding, Reproducer
from qdiag.proving.reproducer.candidates import Candidates, candidates_for
from qdiag.proving.reproducer.material import NOTHING_ELSE, Material
from qdiag.proving.reproducer.script_runs import NewInterpreter, Start, Started

SECONDS = 120.0
"""How long a script may run: importing the frameworks takes seconds on a busy machine, the circuit milliseconds."""

TIMES = 3
"""In how many fresh processes a script must show it."""

MOST_OUTPUT = 10_000
"""Characters of a script's output that are kept."""


def verify(
    reproducer: Reproducer, path: Path, *, start: Start = NewInterpreter, times: int = 1, seconds: float = SECONDS
) -> Reproducer:
    """Write a script to a file and run it in fresh processes, side by side.

    Parameters
    ----------
    reproducer
        The script.
    path
        Where it is written; it runs in that folder.
    start
        What starts it, each time in a process of its own.
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
    found = replace(reproducer, path=path.name)
    started: list[Started] = []
    try:
        started += [start(path, seconds) for _ in range(times)]
        for one in started:
            code, output = one.ended()
            found = replace(found, verified=code == 1, exit_code=code, output=output[-MOST_OUTPUT:])
            if not found.verified:
                break
    finally:
        # also by Ctrl-C: they are of no more use, and would be waited for
        for one in started:
            one.end()
    return found


def write_and_verify(
    finding: Finding,
    path: Path,
    material: Material = NOTHING_ELSE,
    *,
    candidates: Optional[Candidates] = None,
    times: int = TIMES,
    start: Start = NewInterpreter,
    seconds: float = SECONDS,
) -> Reproducer:
    """The reproducer of a finding, written and run: the first of its scripts that shows it.

    Parameters
    ----------
    finding
        The finding.
    path
        Where the script is written.
    material
        What it is made of. A script that holds the user's own classes is run only where these are trusted.
    candidates
        The scripts to try, by default `candidates_for` them, which loads PennyLane.
    times, start, seconds
        As in `verify`.

    Returns
    -------
    Reproducer
        Where no script shows a difference of the circuit, the first one, not verified.

    Raises
    ------
    OpaqueCircuitError
        If nothing can be written, or nothing shows what lies outside of the circuit: the error says why.
    """
    may_run = material.may_run(finding.divergence)
    candidates = candidates_for(finding, material) if candidates is None else candidates
    first: Optional[Reproducer] = None
    for candidate in candidates.scripts:
        tried = verify(candidate, path, start=start, times=times if may_run else 0, seconds=seconds)
        if tried.verified or not may_run:
            return tried
        first = first or tried
    if finding.divergence.outside:
        path.unlink(missing_ok=True)
    if candidates.refusal is not None:
        raise candidates.refusal
    if first is None:
        raise OpaqueCircuitError("the circuit cannot be written as source", "read it in the report")
    if finding.divergence.outside:
        raise OpaqueCircuitError("cut out of the script, the QNode does not show it by itself", "cut the script down by hand")
    path.write_text(first.source, encoding="utf-8")
    return first


def first_to_show(
    scripts: Iterable[Reproducer], path: Path, *, within: float, times: int = TIMES, start: Start = NewInterpreter
) -> Optional[Reproducer]:
    """The first of several scripts, each a guess, that shows what it claims in each of several fresh processes.

    Parameters
    ----------
    scripts
        The guesses; a next one is only asked for where those before show nothing.
    path
        Where it is written; nothing is left there where none shows it.
    within
        Seconds after which no further guess is tried.
    times, start
        As in `verify`.
    """
    begun = time.monotonic()
    for script in scripts:
        left = within - (time.monotonic() - begun)
        if left <= 0:
            break
        # one process tells most guesses apart from those that show it
        if verify(script, path, start=start, seconds=left).verified:
            tried = verify(script, path, start=start, times=times)
            if tried.verified:
                return tried
    path.unlink(missing_ok=True)
    return None
