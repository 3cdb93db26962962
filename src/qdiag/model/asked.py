"""What a run was asked: the value that a recording keeps for whoever judges it later."""

from __future__ import annotations

from dataclasses import dataclass, field

from qdiag.model.comparison import Tolerance
from qdiag.model.method import Method


@dataclass(frozen=True)
class Asked:
    """What a run was asked: methods, empty for all that apply, the user's own tolerance, the precision devices are taken to have."""

    methods: tuple[Method, ...] = ()
    tolerance: Tolerance = field(default_factory=Tolerance)
    assumed: str = ""
