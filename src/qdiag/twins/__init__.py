"""Second trainings and how two traces part: the runs, the series they give, growth, verdict."""

from __future__ import annotations

from qdiag.twins.account import account
from qdiag.twins.runs import Conductor, Twins, Wish

__all__ = ["Conductor", "Twins", "Wish", "account"]
