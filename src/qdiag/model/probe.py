"""What a live probe saw: the QNode itself, differentiated with respect to its own arguments, by its methods and numerically."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Optional

from qdiag.model.measured import UNKNOWN, Measured

OTHER_OUTPUTS = "gives other outputs"
"""How it is said that another method does not evaluate what the QNode does."""

REPRESENTATIVES = 4
"""So many QNodes are looked at of those that are alike: made, called and followed alike, with circuits of one structure.

All that a probe can see is the same for them, as far as anybody knows; what is not is in their numbers, and each of their calls is
replayed with these.
"""


class Proof(Enum):
    """What a probe, or the circuit as written, shows beside a gap, where that leaves one explanation; the value is how it is said."""

    NONE = ""
    MIXED_ROWS = "rows are mixed"
    TRANSFORMS = "without its transforms its gradient is right"
    STRUCTURE = "beside this point the circuit has another structure"
    POINT = "beside this point its gradient is right"
    REWRITTEN = "the circuit that ran is not the one that was written"
    LARGER_STEP = "with a larger step its gradient is right"
    METRIC = "the metric tensor is not that of the circuit's state"


@dataclass(frozen=True)
class ProbedArgument:
    """One tracked argument of the QNode, and the slope of the probed sum of outputs along one direction of it.

    Parameters
    ----------
    name
        As the quantum function calls it: ``weights``, ``layers[0]``.
    numerical, error
        The slope by numerical differentiation and its error bar; infinite where there is no number.
    smooth
        False where the slopes on the two sides disagree, so that there is none to compare with.
    scale
        What the slope could be at most for outputs and derivatives of the size of one.
    moves
        How far the circuit's own parameters move along the direction.
    followed
        Whether the interface's graph leads from one of these parameters back to the argument.
    restructured
        Whether the circuit has other operations a little way along the direction than at the point itself.
    aside
        Where it has, or the own method gives no number: how far that method is from the numerical slope at a point off that one.
    mended
        Where the own method is wrong: how far it is from the numerical slope once the moves of the circuit's parameters that no
        graph follows are added; None where that cannot be told.
    """

    name: str
    numerical: float
    error: float
    smooth: bool
    scale: float = 1.0
    moves: float = 0.0
    followed: bool = True
    restructured: bool = False
    aside: Optional[float] = None
    mended: Optional[float] = None


@dataclass(frozen=True)
class ProbedMethod:
    """What one differentiation method says: a slope for each argument, or PennyLane's words where it refused or broke down.

    Parameters
    ----------
    diff_method, slopes, failure
        The method, and what it says.
    apart
        How far its outputs are from those of the QNode on plain numbers, where there are as many; None where that is not known.
    """

    diff_method: str
    slopes: tuple[float, ...] = ()
    failure: str = ""
    apart: Optional[float] = None


@dataclass(frozen=True)
class ProbedRows:
    """What came of an argument's rows, each of them changed by itself.

    Parameters
    ----------
    argument, shape
        The argument's name, and its shape: rows first.
    results
        How many results the QNode gives along the first axis, 0 where each is a single number.
    row, result
        The row that moved what it should not, and the result that it moved.
    tried, unused
        How many rows were changed, and how many of these moved nothing at all.
    """

    argument: str
    shape: tuple[int, ...]
    results: int
    row: int = 0
    result: int = 0
    tried: int = 0
    unused: int = 0


@dataclass(frozen=True)
class ProbedVectors:
    """A call that ran several circuits, since operations were given vectors in which each circuit has a trained number of its own.

    Parameters
    ----------
    circuits
        How many ran.
    operation, wires
        The first operation that was given a vector.
    argument, shape
        The argument that is trained, some entries of which go into one circuit each, and its shape.
    """

    circuits: int
    operation: str
    wires: tuple[str, ...]
    argument: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Probe:
    """A QNode evaluated beside the script, at the arguments of one call.

    Parameters
    ----------
    call
        Index of the call.
    methods
        The user's own first.
    eps
        That of the working precision.
    size
        The largest output.
    plain_gap
        How far the outputs on tracked and on plain numbers are apart.
    rows
        Rows of the batch that was passed in, 0 where there was none.
    untransformed
        The user's own method on the QNode without its transforms, where it has some and their outputs are the same.
    mixing
        How far a result moved when only a row was changed that is not its own; None where that could not be told.
    repeatable
        Whether the QNode gives the same outputs again.
    complete
        Whether everything was done that was planned.
    note
        Why something is missing.
    differenced
        Whether PennyLane's shift rules leave a tracked number of the circuit to finite differences.
    batch
        What else was seen of the rows.
    vectors
        Where the axis of an argument that is trained became that of a batch.
    closed
        Whether nothing in the circuit is tracked but by way of the probed arguments, as far as they were all probed.
    marked
        Whether the arguments are only marked trainable: no graph led to them at the call.
    again
        How far the outputs are from those that the script got, of the same circuit; None where it was another one, or nobody knows.
    device
        What the device's own numbers say of it.
    steps
        Where the own method takes difference quotients: what it says with a far larger step, and with one twice as long.
    same_circuit
        Whether outputs on tracked and on plain numbers are apart although the circuit is the same: either may be what is wrong.
    """

    call: int
    arguments: tuple[ProbedArgument, ...] = ()
    methods: tuple[ProbedMethod, ...] = field(default=())
    eps: float = 2.0**-52
    size: float = 1.0
    plain_gap: float = 0.0
    untransformed: Optional[ProbedMethod] = None
    rows: int = 0
    mixing: Optional[float] = None
    repeatable: bool = True
    complete: bool = False
    note: str = ""
    differenced: bool = False
    batch: Optional[ProbedRows] = None
    vectors: Optional[ProbedVectors] = None
    closed: bool = False
    marked: bool = False
    again: Optional[float] = None
    device: Measured = UNKNOWN
    steps: tuple[ProbedMethod, ...] = ()
    same_circuit: bool = False
