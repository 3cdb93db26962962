"""How methods are called in a report: a bare differentiation method means the script's own device, as on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SPOKEN = {"arbiter": "the arbiter", "none": "untracked numbers", "plain": "untracked numbers"}
"""Sides of a comparison that are no method."""


@dataclass(frozen=True)
class Names:
    """Short names for canonical ones; ``device`` is the script's own."""

    device: str

    def short(self, method: str) -> str:
        """The short name of one method."""
        device, _, diff = method.rpartition("/")
        if diff in SPOKEN:
            return SPOKEN[diff]
        return diff if device == self.device else method

    def all(self, methods: Sequence[str]) -> list[str]:
        """The short names of several."""
        return [self.short(method) for method in methods]


def names_of(methods: Sequence[str]) -> Names:
    """The names that suit a set of methods, the script's own first."""
    return Names(methods[0].rpartition("/")[0] if methods else "")
