"""What is differentiated is what the script differentiates: the calls of a trace as they are judged.

A mark proves nothing: arrays of ``pennylane.numpy`` carry ``requires_grad=True`` unless told otherwise, be they weights, data or the
matrix of an observable. So a call is judged by its gradients only where a backward pass came back to it, and then by those numbers that
a graph leads to. Everything else that is marked trainable stays marked when the circuit is evaluated again, since PennyLane counts it;
it is just not differentiated by. A call that only evaluates is judged by its outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Optional, Protocol

from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.method import QJIT
from qdiag.model.probe import Probe
from qdiag.model.variants import as_evaluated, as_marked


class Recorded(Protocol):
    """A trace, as far as it is needed here."""

    def __len__(self) -> int: ...

    def call(self, index: int) -> Call:
        """The call at an index, as it was recorded."""

    def structure_of(self, index: int) -> str:
        """Equal for calls whose circuits differ in nothing but numbers."""

    def is_differentiated(self, index: int) -> bool:
        """Whether a backward pass came back to a call, or something raised."""

    def first_of_each_structure(self, limit: Optional[int] = None, *, apart: bool = False) -> tuple[int, ...]:
        """The first call of each structure, and ``apart`` the first one that is differentiated as well."""

    def refresh(self) -> int:
        """Look again how many calls there are."""

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What the live probes saw."""

    @property
    def handed(self) -> bool:
        """Whether the calls are of what a user hands in, and not of a training."""


def as_judged(call: Call, *, differentiated: bool, handed: bool = False) -> Call:
    """A call with that alone trainable which it is judged by.

    Parameters
    ----------
    call
        As it was recorded.
    differentiated
        Whether a backward pass came back to it, or was to: where it raised, none could.
    handed
        Whether it is a call of what a user hands in (a check, a test): then what is marked trainable is what is asked about.
    """
    if differentiated or call.configuration.compiled == QJIT:
        return call
    change: Callable[[Circuit], Circuit] = as_marked if handed else as_evaluated
    circuit = change(call.circuit)
    if circuit is call.circuit:
        return call
    return replace(call, circuit=circuit, written=None if call.written is None else change(call.written))


class JudgedCalls:
    """The calls of a trace as they are judged.

    Parameters
    ----------
    trace
        The calls as they were recorded.
    assumed
        The precision that their devices are taken to work in, where the user says it.
    """

    def __init__(self, trace: Recorded, assumed: str = "") -> None:
        self._trace = trace
        self._assumed = assumed
        self._handed = trace.handed
        self._known = lru_cache(maxsize=4096)(trace.is_differentiated)
        self._structure = lru_cache(maxsize=4096)(trace.structure_of)

    def __len__(self) -> int:
        return len(self._trace)

    def call(self, index: int) -> Call:
        """The call at an index."""
        call = as_judged(self._trace.call(index), differentiated=self._known(index), handed=self._handed)
        if call.configuration.assumed == self._assumed:
            return call
        return replace(call, configuration=replace(call.configuration, assumed=self._assumed))

    def structure_of(self, index: int) -> str:
        """Equal for calls whose circuits differ in nothing but numbers, and which are all differentiated or none."""
        structure = self._structure(index)
        return structure if self._known(index) else f"{structure} evaluated"

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        """The first call of each structure, in order, of so many structures or of all."""
        return self._trace.first_of_each_structure(limit, apart=True)

    def refresh(self) -> int:
        """Look again how many calls there are."""
        self._known.cache_clear()
        return self._trace.refresh()

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What the live probes saw."""
        return self._trace.probes

    @property
    def handed(self) -> bool:
        """Whether the calls are of what a user hands in: then marks are asked about."""
        return self._handed
