"""Issues of PennyLane that a finding may be an instance of. Only what was reproduced stands here, with the versions it was seen on."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from qdiag.model.call import Environment
from qdiag.model.circuit import nodes_of
from qdiag.model.comparison import Signature
from qdiag.model.findings import Finding

TRACKER = "https://github.com/PennyLaneAI/pennylane/issues/"


@dataclass(frozen=True)
class KnownIssue:
    """An upstream issue.

    Parameters
    ----------
    number, title
        In PennyLane's tracker.
    affected
        First and last version on which it was reproduced.
    fixed
        The first version without it, or "" where it is open.
    codes
        Causes under which qdiag finds it.
    methods
        Differentiation methods that show it.
    names
        Operations or observables of which the circuit must hold one; empty where any circuit will do.
    where
        Signatures; empty for any.
    says
        What PennyLane's exception must contain.
    """

    number: int
    title: str
    affected: tuple[str, str]
    fixed: str
    codes: tuple[str, ...]
    methods: tuple[str, ...]
    names: tuple[str, ...] = ()
    where: tuple[Signature, ...] = ()
    says: str = ""

    @property
    def reference(self) -> str:
        """As people write it."""
        return f"PennyLane #{self.number}"

    @property
    def text(self) -> str:
        """Title, where it stands, and which version helps."""
        state = f"fixed in {self.fixed}" if self.fixed else "open"
        return f"{self.title} ({state}) {TRACKER}{self.number}"

    def matches(self, finding: Finding, version: Version) -> bool:
        """Whether a finding on that version of PennyLane looks like this issue."""
        divergence = finding.divergence
        held = {node.name for top in divergence.call.circuit.nodes for node in nodes_of(top)}
        pair = divergence.comparison.methods
        suspects = [method for method in pair if method in divergence.wrong] or divergence.wrong or pair
        return (
            Version(self.affected[0]) <= version <= Version(self.affected[1])
            and finding.diagnosis.code in self.codes
            and any(suspect.diff_method in self.methods for suspect in suspects)
            and (not self.names or bool(held.intersection(self.names)))
            and (not self.where or divergence.signature in self.where)
            and self.says in _failure_messages(finding)
        )


def _failure_messages(finding: Finding) -> str:
    """All that PennyLane said at the diverging call."""
    divergence = finding.divergence
    raised = (divergence.call.failure, *divergence.comparison.failures, *(failure for _, failure in divergence.raised))
    return "\n".join(failure.message for failure in raised if failure is not None)


KNOWN_ISSUES = (
    KnownIssue(
        2434,
        "adjoint shifts the gradient by the matrices of Hermitian observables",
        affected=("0.21.0", "0.23.1"),
        fixed="0.24",
        codes=("QD303", "QD302"),
        methods=("adjoint",),
        names=("Hermitian", "Projector"),
        where=(Signature.VJP, Signature.JACOBIAN),
    ),
    KnownIssue(
        4462,
        "gradient transforms refuse circuits with a batch of trainable parameters",
        affected=("0.33.1", "0.45.1"),
        fixed="",
        codes=("QD304", "QD501"),
        methods=("parameter-shift", "finite-diff", "hadamard"),
        where=(Signature.RAISE,),
        says="broadcasted tapes",
    ),
    KnownIssue(
        9901,
        "adjoint leaves out parts of second derivatives behind classical preprocessing",
        affected=("0.21.0", "0.45.1"),
        fixed="",
        codes=("QD305",),
        methods=("adjoint",),
        where=(Signature.SECOND_DERIVATIVE,),
    ),
)
"""What was reproduced; `tests/bridge/test_known_issues.py` does it again on the stack at hand."""


def matching(finding: Finding, environment: Environment) -> tuple[KnownIssue, ...]:
    """The known issues that a finding matches."""
    try:
        version = Version(environment.version("pennylane"))
    except InvalidVersion:
        return ()
    return tuple(issue for issue in KNOWN_ISSUES if issue.matches(finding, version))
