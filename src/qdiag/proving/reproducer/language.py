"""How a PennyLane is written: what scripts ask of the version that is installed, or of a fake, and where it is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from qdiag.model.circuit import Circuit
from qdiag.model.method import Method
from qdiag.model.option import Option
from qdiag.model.parameter import Parameter


class Source(Protocol):
    """What a circuit's source has: see `bridges.source.CircuitSource`."""

    @property
    def imports(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def definitions(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def lines(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def returns(self) -> str: ...  # noqa: D102


class Language(Protocol):
    """How this PennyLane is written: `bridges.source`, or a fake."""

    def circuit(self, circuit: Circuit, live: Mapping[int, str], exact: bool, default_dtype: str, trusted: bool) -> Source:
        """A circuit's source."""

    def number(self, parameter: Parameter, default_dtype: str) -> tuple[str, frozenset[str]]:
        """A number's source and imports."""

    def device(self, method: Method, wires: Sequence[object], shots: Sequence[int]) -> tuple[str, frozenset[str]]:
        """The expression of a method's device and its imports."""

    def qnode(self, device: str, method: Method, interface: str, options: Sequence[tuple[str, Option]], shots: Sequence[int]) -> str:
        """The expression of the QNode of ``circuit``."""


def pennylane() -> Language:
    """The installed PennyLane's language, which loads it."""
    from qdiag.proving.reproducer.pennylane_language import PENNYLANE

    return PENNYLANE
