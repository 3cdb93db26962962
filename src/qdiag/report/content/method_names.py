"""How methods are called in a report: a bare differentiation method means the script's own device, as on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qdiag.model.method import ARBITER, PLAIN, Method

SPOKEN = {ARBITER.diff_method: "the arbiter", PLAIN.diff_method: "untracked numbers"}
"""Sides of a comparison that are no method."""


@dataclass(frozen=True)
class Names:
    """Short names of methods, and of calls.

    ``device`` and ``precision`` are those of the script's own device; ``numbered`` is whether calls are named by their numbers, which
    say nothing to whoever has not got the script.
    """

    device: str = ""
    precision: str = ""
    numbered: bool = True

    def at(self, call: int) -> str:
        """At which call, in a sentence, or ""."""
        return f" at call {call}" if self.numbered else ""

    def since(self, call: int) -> str:
        """From which call on, in a sentence, or ""."""
        return f" from call {call} on" if self.numbered else ""

    @property
    def place(self) -> str:
        """The script's own device, as it is written before a method."""
        return f"{self.device}[{self.precision}]" if self.precision else self.device

    def short(self, method: Method) -> str:
        """The short name of one method."""
        if method.diff_method in SPOKEN and not method.precision:
            return SPOKEN[method.diff_method]
        if (method.device, method.device_precision) == (self.device, self.precision):
            return full(replace(method, device="", device_precision=""))
        return full(method)

    def all(self, methods: Sequence[Method]) -> list[str]:
        """The short names of several."""
        return [self.short(method) for method in methods]


def full(method: Method) -> str:
    """The name of a method as findings.json has it, with its device."""
    return str(method)


def names_of(methods: Sequence[Method]) -> Names:
    """The names that suit a set of methods, the script's own first."""
    return Names(methods[0].device, methods[0].device_precision) if methods else Names()
