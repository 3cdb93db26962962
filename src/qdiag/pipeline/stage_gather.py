"""From divergences to findings: one for each cause, however many pairs of methods and QNodes show it.

What is rounding at one QNode is rounding at its neighbours, too: there the experiments of the cause that was found are enough, and
the whole search is spared. Errors are diagnosed one by one, and are one finding only where the same is wrong for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from qdiag.diagnosis.causes import cause_of
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.diagnosis.diagnose import recurs
from qdiag.diagnosis.survey import survey
from qdiag.model.comparison import DERIVATIVES, Signature, Verdict
from qdiag.model.findings import Divergence, Finding
from qdiag.model.method import Method
from qdiag.pipeline.run_options import Report
from qdiag.pipeline.stage_context import StageContext, or_what_is_left

Diagnose = Callable[[Divergence], Finding]


def gather_findings(divergences: Sequence[Divergence], diagnose: Diagnose, context: StageContext, report: Report) -> list[Finding]:
    """The findings of a run, none of them proven yet.

    Parameters
    ----------
    divergences
        Errors first, in the order of the calls.
    diagnose
        Makes a finding of one.
    context
        What to work with.
    report
        Told how many divergences are done, and of how many.
    """
    found: list[Finding] = []
    for number, divergence in enumerate(divergences):
        report(number, len(divergences))
        at = next((i for i, known in enumerate(found) if _explains(known, divergence, context)), None)
        finding = None if at is not None else diagnose(divergence)
        if finding is not None:
            at = next((i for i, known in enumerate(found) if _is_the_same(known, finding)), None)
            divergence = finding.divergence
        if at is None and finding is not None:
            found.append(finding)
        elif at is not None and finding is not None and _comes_of(found[at], finding):
            found[at] = replace(finding, elsewhere=found[at].elsewhere)
        elif at is not None:
            found[at] = with_divergence(found[at], divergence)
    return found


def with_divergence(finding: Finding, divergence: Divergence) -> Finding:
    """The finding with another QNode at which it shows; another pair of methods at one of its QNodes says nothing new."""
    known = (finding.divergence, *finding.elsewhere)
    if any(one.place == divergence.place for one in known):
        return finding
    first, worst = finding.divergence, divergence.worst or divergence.comparison
    if worst.max_rel > (first.worst or first.comparison).max_rel:
        first = replace(first, worst=worst, worst_call=divergence.worst_call)
    return replace(finding, divergence=first, elsewhere=(*finding.elsewhere, divergence))


def _explains(finding: Finding, divergence: Divergence, context: StageContext) -> bool:
    """Whether the cause of a finding that is no error explains the same at another QNode, by its own experiments."""
    first, cause = finding.divergence, cause_of(finding.diagnosis.code)
    if divergence.verdict is not first.verdict or divergence.verdict is Verdict.ERROR or cause is UNKNOWN:
        return False
    if divergence.outside or first.outside or _pair(first) != _pair(divergence) or first.place == divergence.place:
        return False

    def tried() -> bool:
        symptoms = survey(divergence, context.question(divergence), context.workers, context.reference)
        return recurs(cause, symptoms, context.workers, context.reference)

    # where trying fails, diagnosing will say so
    return or_what_is_left(tried, lambda failed: False, "this divergence")


def _is_the_same(known: Finding, finding: Finding) -> bool:
    """Whether two findings say the same of the same QNode, or of another one for the same reason in the same words."""
    if _comes_of(finding, known) or _comes_of(known, finding):
        return True
    one, other = known.divergence, finding.divergence
    if (one.verdict, one.signature, known.diagnosis.code) != (other.verdict, other.signature, finding.diagnosis.code):
        return False
    if any(earlier.place == other.place for earlier in (one, *known.elsewhere)):
        return True
    return known.diagnosis.code != UNKNOWN.code and _reason(known) == _reason(finding)


def _comes_of(gradient: Finding, output: Finding) -> bool:
    """Whether gradients are wrong because the outputs are: under the same methods, at a call where these are, for the same cause."""
    one, other = gradient.divergence, output.divergence
    if other.signature is not Signature.OUTPUT or one.signature not in DERIVATIVES or one.place != other.place or not one.wrong:
        return False
    same = one.verdict is other.verdict and UNKNOWN.code != gradient.diagnosis.code == output.diagnosis.code
    return same and one.call.index in other.calls and _wrong(one) <= _wrong(other)


def _wrong(divergence: Divergence) -> frozenset[Method]:
    return frozenset(method.bare for method in divergence.wrong)


def _reason(finding: Finding) -> tuple[object, ...]:
    diagnosis, divergence = finding.diagnosis, finding.divergence
    return diagnosis.confidence, diagnosis.because, _pair(divergence), _wrong(divergence), divergence.outside


def _pair(divergence: Divergence) -> tuple[Method, ...]:
    return tuple(method.bare for method in divergence.comparison.methods)
