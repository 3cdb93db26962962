"""QD9: the honest answer."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause
from qdiag.model.twin_training import PartingCause

UNKNOWN = Cause(
    code="QD901",
    slug="unknown",
    title="unknown",
    remedy="report it with the reproducer: qdiag report --github",
    applies=lambda symptoms: False,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "no cause that qdiag knows explains every experiment",
    says_why=False,
    parting=PartingCause.UNKNOWN,
)
