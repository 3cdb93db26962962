"""What a hunt found, as a value: a certificate for each device, without faults of its own, and finds across devices and methods.

A *hit* is a cell that is wrong, gives no number, breaks down where another works, or loses its process. Hits that one thing explains
are one *find*, whatever the device and the method.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from qdiag.model.certificate import Cell, Certificate, Standing
from qdiag.model.comparison import Signature
from qdiag.model.findings import Finding
from qdiag.model.promise import Promise
from qdiag.model.specimen import Specimen


class Kind(str, Enum):
    """What kind of hit it is, the worst first."""

    WRONG = "wrong number"
    NOT_FINITE = "no number"
    LOST = "process lost"
    RAISED = "raises"


@dataclass(frozen=True)
class Hit:
    """A cell of one device that is a hit."""

    device: str
    cell: Cell

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What it is known by in another hunt."""
        return (self.device, *self.cell.key)

    @property
    def kind(self) -> Kind:
        """What kind of hit it is."""
        if self.cell.standing is Standing.RAISED:
            return Kind.RAISED
        if self.cell.standing is Standing.LOST:
            return Kind.LOST
        return Kind.NOT_FINITE if self.cell.where is Signature.NAN else Kind.WRONG

    @property
    def column(self) -> str:
        """The device and the method, as methods are written in files."""
        return f"{self.device}/{self.cell.column}"


@dataclass(frozen=True, eq=False)
class Find:
    """Hits that one thing explains.

    Parameters
    ----------
    about
        The operation, measurement or variation that all its hits have in common.
    hits
        All of them, the plainest first.
    specimen
        The circuit of the first.
    finding
        Its diagnosis and minimal circuit, where there was time for them.
    """

    about: str
    hits: tuple[Hit, ...]
    specimen: Optional[Specimen] = None
    finding: Optional[Finding] = None

    @property
    def first(self) -> Hit:
        """The plainest."""
        return self.hits[0]

    @property
    def kind(self) -> Kind:
        """That of the plainest."""
        return self.first.kind

    @property
    def columns(self) -> tuple[str, ...]:
        """Devices and methods that show it, in the order of its hits."""
        return tuple(dict.fromkeys(hit.column for hit in self.hits))

    @property
    def offered(self) -> bool:
        """Whether it is worth an issue: what is said not to be supported is not."""
        return any(hit.cell.promise is not Promise.DOCUMENTED for hit in self.hits)


@dataclass(frozen=True, eq=False)
class Hunt:
    """All that was found.

    Parameters
    ----------
    parts
        What was asked of each device.
    finds
        The worst kinds first, and of these the largest.
    seconds
        What it took.
    interrupted
        Whether Ctrl-C ended it before all was asked.
    """

    parts: tuple[Certificate, ...]
    finds: tuple[Find, ...] = ()
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def offered(self) -> tuple[Find, ...]:
        """Finds that are worth an issue."""
        return tuple(find for find in self.finds if find.offered)
