"""What was seen of the training around a QNode, as values: no two methods differ there, and yet a user would want to know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from qdiag.model.call import Call, SourceLine
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Diagnosis


@dataclass(frozen=True, eq=False)
class Remark:
    """One thing that is amiss between data, circuit, loss and optimiser, or seems so.

    Parameters
    ----------
    verdict
        `Verdict.REMARK`, or `Verdict.ERROR` where an experiment proves it.
    where
        What it shows in.
    diagnosis
        The cause: its particulars, what to do, what was tried.
    call
        The first call that it is about, where it is about calls.
    calls
        The indices of all of them.
    step
        The optimiser step at which it shows first.
    places
        Lines of the user's code, the most telling first.
    qnodes
        Names of the QNodes.
    warnings
        PennyLane's, torch's and autograd's own words that name the spot.
    """

    verdict: Verdict
    where: Signature
    diagnosis: Diagnosis
    call: Optional[Call] = None
    calls: tuple[int, ...] = ()
    step: int = 0
    places: tuple[SourceLine, ...] = ()
    qnodes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
