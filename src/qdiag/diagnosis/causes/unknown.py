"""QD9: the honest answer."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause
from qdiag.model.comparison import Verdict
from qdiag.model.twin_training import PartingCause

_REPORT = "report it with the reproducer: qdiag report --github"


def _unless_explained(verdict: Verdict) -> str:
    """What no method is wrong about is nothing to report."""
    if verdict is Verdict.ROUNDING:
        return "none is needed: the difference is within what rounding explains"
    return "compare what is exact: no shots, and everything seeded" if verdict is Verdict.INCONCLUSIVE else _REPORT


UNKNOWN = Cause(
    code="QD901",
    slug="unknown",
    title="unknown",
    remedy=_REPORT,
    applies=lambda symptoms: False,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "no cause that qdiag knows explains every experiment",
    remedy_for=lambda symptoms: _unless_explained(symptoms.divergence.verdict),
    says_why=False,
    parting=PartingCause.UNKNOWN,
)
