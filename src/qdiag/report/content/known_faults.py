"""Faults of PennyLane that were reproduced, with the releases on which they are, as measured; which of them a run touches, and which a
finding is.

The table is data (``known_faults.toml``), so that others can use it. An entry says what a circuit must hold and under which methods.
That a run has both does not say that it is wrong: nothing may have parted at its points. It says where to look. A finding is one of the
table where it is wrong in the same way as well, and for the same cause.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Optional

from packaging.version import InvalidVersion, Version

from qdiag.model.call import Call, Environment
from qdiag.model.circuit import Circuit, postselects
from qdiag.model.class_names import is_among
from qdiag.model.comparison import Signature
from qdiag.model.findings import Finding
from qdiag.model.method import Method
from qdiag.model.node import nodes_of
from qdiag.model.promise import Promise

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Symptom = Literal["wrong number", "no number", "raises"]
"""How a fault shows."""

TRACKER = "https://github.com/PennyLaneAI/pennylane/issues/"


@dataclass(frozen=True)
class KnownFault:
    """A fault that was reproduced.

    Parameters
    ----------
    title
        What goes wrong.
    symptom
        How it shows: ``wrong number``, ``no number`` or ``raises``.
    promise
        What was promised of it.
    methods
        Devices and differentiation methods that show it.
    operations, measurements
        Classes, of which the circuit must hold one each, operators also as observables; empty where any will do.
    first_bad, last_bad
        The oldest and the newest release that were seen to have it.
    last_good, first_fixed
        Those beside them that have it not; "" where there is none.
    issue
        PennyLane's number of it, or 0.
    page
        Its page in ``docs/found``, or "".
    circuit
        A quantum function of one tracked argument that shows it, as source.
    point
        The argument's value.
    interface
        Which interface tracks it.
    options
        What the QNode is given beside that.
    codes
        Causes under which it was found; of an entry without one no finding is an instance.
    says
        What an exception's message must hold.
    derivative
        1, or 2 where only derivatives of the gradient are wrong.
    postselects
        Whether it takes a measurement that keeps one outcome only.
    """

    title: str
    promise: Promise
    methods: tuple[str, ...]
    operations: tuple[str, ...]
    measurements: tuple[str, ...]
    first_bad: str
    last_bad: str
    last_good: str = ""
    first_fixed: str = ""
    issue: int = 0
    page: str = ""
    circuit: str = ""
    point: tuple[Any, ...] = ()
    interface: str = "torch"
    options: tuple[tuple[str, str], ...] = ()
    symptom: Symptom = "wrong number"
    codes: tuple[str, ...] = ()
    says: str = ""
    derivative: int = 1
    postselects: bool = False

    def affects(self, version: str) -> bool:
        """Whether a release of PennyLane has it, as far as it was measured; what is newer than all that were has it, too."""
        try:
            release = Version(version)
        except InvalidVersion:
            return False
        return Version(self.first_bad) <= release and (not self.first_fixed or release < Version(self.first_fixed))

    def is_touched_by(self, call: Call) -> bool:
        """Whether a call holds its operations and measurements under one of its methods; of any circuit nothing is said."""
        named = self.operations or self.measurements
        return bool(named) and self._shows_under(call.configuration.method) and self._is_in(call.circuit)

    def is_shown_by(self, finding: Finding) -> bool:
        """Whether a finding is wrong as this fault is: by cause, methods, what its smallest circuit holds, and symptom."""
        divergence, minimal = finding.divergence, finding.minimal
        circuit = minimal.circuit if minimal is not None and minimal.circuit is not None else divergence.call.circuit
        return (
            finding.diagnosis.code in self.codes
            and (self.symptom, self.derivative) == _shown(divergence.signature)
            and any(map(self._shows_under, _suspects(finding)))
            and self._is_in(circuit)
            and self.says in _failure_messages(finding)
        )

    def _shows_under(self, method: Method) -> bool:
        return f"{method.device}/{method.diff_method}" in self.methods

    def _is_in(self, circuit: Circuit) -> bool:
        # an operator counts as an observable, too: a sum that is measured is no operation
        held = _holds(self.operations, circuit.nodes) and _holds(self.measurements, circuit.measurements)
        return held and (postselects(circuit) or not self.postselects)

    @property
    def reference(self) -> str:
        """Where it is told of."""
        return f"#{self.issue}" if self.issue else self.page

    @property
    def name(self) -> str:
        """As people write it beside a finding."""
        return f"PennyLane #{self.issue}" if self.issue else self.page

    @property
    def text(self) -> str:
        """What it is, on which releases, and where it is told of."""
        state = f"fixed in {self.first_fixed}" if self.first_fixed else f"still in {self.last_bad}"
        return f"{self.title} (PennyLane {self.releases}; {state})" + (f" {TRACKER}{self.issue}" if self.issue else "")

    @property
    def releases(self) -> str:
        """On which releases it is: ``0.33.0 to 0.34.0``, ``from 0.35.0``."""
        if self.first_fixed:
            return self.first_bad if self.first_bad == self.last_bad else f"{self.first_bad} to {self.last_bad}"
        return f"from {self.first_bad}"


def _holds(names: Sequence[str], nodes: Iterable[Any]) -> bool:
    wanted = frozenset(names)
    return not names or any(is_among(node.name, wanted) for top in nodes for node in nodes_of(top))


def _shown(signature: Signature) -> tuple[Symptom, int]:
    """How a difference of that kind shows, and in which derivative."""
    if signature is Signature.RAISE:
        return "raises", 1
    return ("no number" if signature is Signature.NAN else "wrong number"), 1 + (signature is Signature.SECOND_DERIVATIVE)


def _suspects(finding: Finding) -> Sequence[Method]:
    """The methods that may have the fault: those of the pair that are wrong, else all that are, else what raised, else the pair."""
    divergence = finding.divergence
    pair = divergence.comparison.methods
    raised = [method for method, _ in divergence.raised] if divergence.signature is Signature.RAISE else []
    return [method for method in pair if method in divergence.wrong] or divergence.wrong or raised or pair


def _failure_messages(finding: Finding) -> str:
    """All that PennyLane said at the diverging call."""
    divergence = finding.divergence
    raised = (divergence.call.failure, *divergence.comparison.failures, *(failure for _, failure in divergence.raised))
    return "\n".join(failure.message for failure in raised if failure is not None)


@dataclass(frozen=True)
class Touched:
    """A fault, and the calls of a run that have its operations under its method."""

    fault: KnownFault
    calls: tuple[int, ...]
    qnode: str


@lru_cache(maxsize=1)
def known_faults() -> tuple[KnownFault, ...]:
    """The table."""
    text = (Path(__file__).parent / "known_faults.toml").read_text(encoding="utf-8")
    return tuple(_fault(entry) for entry in tomllib.loads(text)["fault"])


def _fault(entry: dict[str, Any]) -> KnownFault:
    lists = ("methods", "operations", "measurements", "point", "codes")
    read: dict[str, Any] = {name: tuple(value) if name in lists else value for name, value in entry.items()}
    options = tuple(entry.get("options", {}).items())
    return KnownFault(**{"operations": (), "measurements": (), **read, "promise": Promise(entry["promise"]), "options": options})


def touched_by(calls: Iterable[Call], version: str, faults: Optional[Sequence[KnownFault]] = None) -> tuple[Touched, ...]:
    """The faults that a run on a release touches, in the order of the table."""
    affecting = [fault for fault in (known_faults() if faults is None else faults) if fault.affects(version)]
    found: dict[int, list[Call]] = {}
    for call in calls:
        for number in _touched(affecting, call):
            found.setdefault(number, []).append(call)
    return tuple(
        Touched(affecting[number], tuple(call.index for call in those), those[0].configuration.label)
        for number, those in sorted(found.items())
    )


def matching(finding: Finding, environment: Environment) -> tuple[KnownFault, ...]:
    """The known faults that a finding on a stack is an instance of: those of its operations, where there are any, before others."""
    version = environment.version("pennylane")
    found = tuple(fault for fault in known_faults() if fault.affects(version) and fault.is_shown_by(finding))
    return tuple(fault for fault in found if fault.operations) or found


def _touched(faults: Sequence[KnownFault], call: Call) -> Iterator[int]:
    return (number for number, fault in enumerate(faults) if fault.is_touched_by(call))


def record_of(fault: KnownFault) -> dict[str, Any]:
    """An entry for machines."""
    return {
        "title": fault.title,
        "symptom": fault.symptom,
        "promise": fault.promise.value,
        "methods": list(fault.methods),
        "operations": list(fault.operations),
        "measurements": list(fault.measurements),
        "first_bad": fault.first_bad,
        "last_bad": fault.last_bad,
        "last_good": fault.last_good or None,
        "first_fixed": fault.first_fixed or None,
        "issue": fault.issue or None,
        "page": fault.page or None,
        "circuit": fault.circuit,
        "point": list(fault.point),
        "interface": fault.interface,
        "options": dict(fault.options),
        "codes": list(fault.codes),
        "says": fault.says or None,
        "derivative": fault.derivative,
        "postselects": fault.postselects,
    }
