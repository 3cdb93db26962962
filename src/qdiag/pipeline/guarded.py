"""What is left of a finding where our own code trips over it: one cause less, and the report of all others is still worth having."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Union

from qdiag.diagnosis.causes import UNKNOWN
from qdiag.errors import QdiagError
from qdiag.model.findings import Diagnosis, Divergence, Finding
from qdiag.model.method import Method
from qdiag.pipeline import stage_cast_warnings, stage_diagnose, stage_prove
from qdiag.pipeline.stage_context import StageContext
from qdiag.trace.reader import Trace

_REPORT = "report it with the trace, if it may be shown, as an issue of qdiag"


def with_arbiters_word(divergence: Divergence, methods: Sequence[Method], context: StageContext) -> Divergence:
    """The divergence with the arbiter's word; as it is where judging fails, which diagnosing will say."""
    try:
        return context.with_arbiters_word(divergence, methods)
    except QdiagError:
        raise
    except Exception:
        return divergence


def diagnosed(divergence: Divergence, methods: Sequence[Method], context: StageContext) -> Finding:
    """The finding of `examination.diagnosed`; of unknown cause where diagnosing fails."""
    return _unless_it_fails(lambda: stage_diagnose.diagnosed(divergence, methods, context), divergence)


def reproduced(finding: Finding, context: StageContext, path: Path) -> Finding:
    """The finding of `proof.reproduced`; as it stands where that fails."""
    return _unless_it_fails(lambda: stage_prove.reproduced(finding, context, path), finding)


def warnings(trace: Trace, methods: Sequence[Method], context: StageContext) -> tuple[str, ...]:
    """The notes of `warned.notes`; where that fails, a note that says so."""
    try:
        return tuple(stage_cast_warnings.notes(trace, methods, context))
    except QdiagError:
        raise
    except Exception as error:
        return (f"qdiag itself failed on the warnings of this run ({type(error).__name__}: {error})",)


def _unless_it_fails(work: Callable[[], Finding], known: Union[Divergence, Finding]) -> Finding:
    try:
        return work()
    except QdiagError:
        # what the user can mend
        raise
    except Exception as error:
        failed = f"qdiag itself failed on this finding ({type(error).__name__}: {error})"
        if isinstance(known, Finding):
            told = f"{known.diagnosis.because}; {failed}" if known.diagnosis.because else failed
            return replace(known, diagnosis=replace(known.diagnosis, because=told))
        return Finding(known, Diagnosis(UNKNOWN.code, UNKNOWN.slug, UNKNOWN.title, "unknown", failed, _REPORT))
