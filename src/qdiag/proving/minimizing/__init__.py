"""From a failing circuit to the few operations that matter."""

from qdiag.minimizing.changes import Workshop
from qdiag.minimizing.difference import SameDifference
from qdiag.minimizing.explanation import Explanation, explain
from qdiag.minimizing.oracle import Oracle
from qdiag.minimizing.passes import PASSES
from qdiag.minimizing.search import Minimized, Progress, minimize
from qdiag.minimizing.workshop import workshop_of

__all__ = [
    "PASSES",
    "Explanation",
    "Minimized",
    "Oracle",
    "Progress",
    "SameDifference",
    "Workshop",
    "explain",
    "minimize",
    "workshop_of",
]
