"""What a device may be trusted with, as a value: cells of operation × measurement × method, and the faults that cells share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from qdiag.model.call import Environment
from qdiag.model.comparison import Signature
from qdiag.model.findings import Finding
from qdiag.model.method import Method
from qdiag.model.numerics.rounding import EPS64
from qdiag.model.promise import Promise
from qdiag.model.specimen import Specimen

OUTPUT = "output"
"""The column of what a device gives on plain numbers, without any derivative."""


class Standing(str, Enum):
    """What a cell comes to.

    ``EXACT``: right to the precision that the device has. ``WRONG``: further from the reference than that explains. ``EVERYWHERE``:
    wrong or broken on PennyLane's own device, too, so that it is no fault of this one. ``RAISED``: broke down. ``REFUSED``: said no.
    ``LOST``: the process died. ``LATE``: took too long. ``OPEN``: nothing is known, and the words say why.
    """

    EXACT = "right"
    WRONG = "wrong"
    EVERYWHERE = "wrong everywhere"
    RAISED = "raises"
    REFUSED = "refused"
    LOST = "process lost"
    LATE = "too slow"
    OPEN = "not judged"


@dataclass(frozen=True)
class Cell:
    """One specimen under one method.

    Parameters
    ----------
    operation, core, measurement, variation
        As in the specimen.
    column
        `OUTPUT`, or the differentiation method.
    standing
        What it comes to.
    where
        The kind of difference; None where there is none.
    error
        Distance from the reference at the worst element, absolute; NaN where one of the two is no number.
    bound
        What the device's precision explains there.
    ulps
        The error in units of the device's eps and of what the measurement can give.
    words
        What is wrong, or what PennyLane or the device said.
    promise
        Of what is wrong or breaks down.
    asked
        Whether it was evaluated; else it follows from another cell.
    place
        The function of PennyLane's in which it broke down, or "".
    """

    operation: str
    core: str
    measurement: str
    variation: str
    column: str
    standing: Standing
    where: Optional[Signature] = None
    error: float = 0.0
    bound: float = 0.0
    ulps: float = 0.0
    words: str = ""
    promise: Optional[Promise] = None
    asked: bool = True
    place: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is known by in another certificate of the same device."""
        return self.operation, self.measurement, self.variation, self.column

    @property
    def silent(self) -> bool:
        """Whether a user gets a wrong number and no word about it."""
        return self.standing is Standing.WRONG and self.promise is not Promise.DOCUMENTED


@dataclass(frozen=True)
class Abilities:
    """What was measured of a device before anything was judged.

    Parameters
    ----------
    eps
        The eps of the precision that its results have.
    shots
        How many samples a result is made of although none were asked for; 0 where results are exact.
    words
        What it said when it was asked, warnings of its own.
    """

    eps: float = EPS64
    shots: int = 0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Fault:
    """Cells that one thing explains.

    Parameters
    ----------
    about
        The operation, measurement or variation that all its cells have in common.
    column
        The method, or `OUTPUT` where already the output is wrong.
    cells
        All of them, the plainest first.
    specimen
        The circuit of the first, where it is at hand.
    finding
        Its diagnosis and minimal circuit, where there was time for them.
    """

    about: str
    column: str
    cells: tuple[Cell, ...]
    specimen: Optional[Specimen] = None
    finding: Optional[Finding] = None


@dataclass(frozen=True, eq=False)
class Certificate:
    """All that was found of a device.

    Parameters
    ----------
    name
        What the user calls the device.
    device
        The same with its options, as a method without a differentiation method has it.
    environment
        Versions.
    abilities
        Precision and sampling.
    methods
        The differentiation methods that it offers, in order.
    cells
        In the order in which they were asked.
    faults
        The silent ones, the largest first.
    total
        How many specimens the space has; `asked` of them were asked.
    seconds
        What it took.
    seed
        Of the angles.
    interrupted
        Whether Ctrl-C ended it before all was asked.
    """

    name: str
    device: Method
    environment: Environment
    abilities: Abilities
    methods: tuple[str, ...]
    cells: tuple[Cell, ...]
    faults: tuple[Fault, ...] = ()
    asked: int = 0
    total: int = 0
    seconds: float = 0.0
    seed: int = 0
    interrupted: bool = False

    @property
    def silent(self) -> tuple[Cell, ...]:
        """Cells that are wrong without a word."""
        return tuple(cell for cell in self.cells if cell.silent)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its matrix."""
        return (OUTPUT, *self.methods)
