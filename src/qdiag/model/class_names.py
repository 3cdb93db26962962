"""One thing, several names: what releases of PennyLane call the class of which the same line of a script makes an object.

``qml.Hamiltonian(...)`` makes a `Hamiltonian` up to 0.35 and a `LinearCombination` after it; ``qml.measure(0)`` a `MidMeasureMP` or a
`MidMeasure`. A recorded circuit holds the name of its release, a table of known faults those of several, and both mean the same thing.
Measured: ``python -m tests.tools.class_names`` lets each release make what the rows are about; a bridge test asks the installed one.

What releases put in another's place with other contents (a controlled `RX` became a `CRX`) is no renaming, and is not in here.
"""

from __future__ import annotations

SWAPPED_IN = (
    ("Adjoint", "AdjointOperation", "AdjointObs", "AdjointOpObs"),
    ("Pow", "PowOperation", "PowObs", "PowOpObs"),
    ("Controlled", "ControlledOp"),
)
"""Classes that PennyLane swaps in by itself when the first is made: it takes itself apart alike, and is recorded by the first name."""

RENAMED = (
    ("LinearCombination", "Hamiltonian"),
    ("Prod", "Tensor"),
    ("StatePrep", "QubitStateVector"),
    ("MidMeasure", "MidMeasureMP"),
    ("BasisStateProjector", "Projector"),
    ("StateVectorProjector", "Projector"),
)
"""The newer name and the older one, where no release makes both by the same line. An older name may have become several."""

_PLAIN = {name: first for first, *others in SWAPPED_IN for name in others}


def plain(name: str) -> str:
    """The name of the class that was made, where PennyLane has swapped another one in."""
    return _PLAIN.get(name, name)


def names_of(name: str) -> frozenset[str]:
    """All names of what one of them names, itself among them."""
    first = plain(name)
    renamed = {one for pair in RENAMED if first in pair for one in pair}
    meant = {first, *renamed}
    return frozenset(meant | {other for other, plainly in _PLAIN.items() if plainly in meant})


def other_classes(name: str) -> tuple[str, ...]:
    """Names under which a release that has no class of that name may have it: the newest first."""
    renamed = (one for pair in RENAMED if name in pair for one in pair)
    return tuple(one for one in dict.fromkeys((plain(name), *renamed)) if one != name)


def is_among(name: str, names: frozenset[str]) -> bool:
    """Whether a class is one of those named, by whichever of its names."""
    return not names_of(name).isdisjoint(names)
