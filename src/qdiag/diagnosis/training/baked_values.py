"""QD809: a function that JAX compiled goes on with a value that it read while it was traced, and that has changed since.

Whether the circuit depends on it was asked beside the script: traced anew with either value, and twice with the later one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qdiag.diagnosis.causes.around_the_qnode import BAKED_IN
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.telling import listed, remark
from qdiag.model.baked_value import BakedValue
from qdiag.model.comparison import Signature
from qdiag.model.findings import Evidence, Outcome
from qdiag.model.numerics.rounding import EPS64
from qdiag.model.remarks import Remark

REPEATED = 1e3 * EPS64
"""Outputs of one circuit, worked out twice, are no further apart."""


def remarks(history: History) -> Iterator[Remark]:
    """One for each name whose value was compiled in and is another one now."""
    told: set[tuple[str, str]] = set()
    for seen in history.training.baked:
        found = seen.fact
        key = (found.name, str(found.source))
        if key not in told and found.call < len(history.recording):
            told.add(key)
            yield _remark(history, found)


def _remark(history: History, found: BakedValue) -> Remark:
    proved = found.gap is not None and found.again is not None and found.again <= min(REPEATED, found.gap) and found.same is not False
    places = [found.source, history.recording.call(found.call).source]
    made = remark(history, BAKED_IN, _because(found), calls=[found.call], places=places, evidence=_evidence(found), proved=proved)
    made = replace(made, where=Signature.OUTPUT, step=history.recording.call(found.call).step)
    return replace(made, diagnosis=replace(made.diagnosis, blamed=found.name))


def _because(found: BakedValue) -> str:
    reads = f"`{found.name}` is read in {found.function} while JAX traces it"
    what = f"{listed(found.numbers)} in the circuit depend{'s' if len(found.numbers) == 1 else ''} on it"
    if found.own:
        return f"{reads}, and set there: without jit each call would change it, {found.before} to {found.later} and so on; {what}"
    times = f"at {found.stale} of {found.runs} runs" if found.stale > 1 else "at a later run"
    return f"{reads}: {found.before} was compiled in, and it was another one {times}, {found.later} in the end; {what}"


def _evidence(found: BakedValue) -> tuple[Evidence, ...]:
    """The gap is that between the circuit which was compiled and what it is now."""
    evidence = []
    if found.gap is not None and found.same is not None:
        evidence.append(Evidence("traced anew with the old value put back", found.gap, 0.0, Outcome.HEALS, found.same))
    if found.gap is not None and found.again is not None:
        again = Evidence("traced once more with the later one", found.gap, found.gap, Outcome.PERSISTS, found.again <= REPEATED)
        evidence.append(again)
    return tuple(evidence)
