"""Issues of PennyLane that a finding may be an instance of. Only what was reproduced stands here, with the versions it was seen on."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from qdiag.call import Environment
from qdiag.circuit import nodes_of
from qdiag.findings import Finding

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
    """

    number: int
    title: str
    affected: tuple[str, str]
    fixed: str
    codes: tuple[str, ...]
    methods: tuple[str, ...]
    names: tuple[str, ...] = ()
    where: tuple[str, ...] = ()

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
        suspects = divergence.wrong or divergence.comparison.methods
        return (
            Version(self.affected[0]) <= version <= Version(self.affected[1])
            and finding.diagnosis.code in self.codes
            and any(method in suspect for method in self.methods for suspect in suspects)
            and (not self.names or bool(held.intersection(self.names)))
            and (not self.where or divergence.signature in self.where)
        )


KNOWN_ISSUES: tuple[KnownIssue, ...] = ()


def matching(finding: Finding, environment: Environment) -> tuple[KnownIssue, ...]:
    """The known issues that a finding matches."""
    try:
        version = Version(environment.version("pennylane"))
    except InvalidVersion:
        return ()
    return tuple(issue for issue in KNOWN_ISSUES if issue.matches(finding, version))
