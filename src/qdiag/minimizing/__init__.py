"""From a failing circuit to the few operations that matter."""

from qdiag.minimizing.changes import Workshop
from qdiag.minimizing.oracle import Oracle
from qdiag.minimizing.passes import PASSES
from qdiag.minimizing.search import Minimized, Progress, minimize

__all__ = ["PASSES", "Minimized", "Oracle", "Progress", "Workshop", "minimize"]
