"""The installed PennyLane's language: `bridges.source` behind the interface that scripts are written with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qdiag.bridges.source import quantum_function
from qdiag.bridges.source.literals import Style
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method
from qdiag.model.option import Option
from qdiag.model.parameter import Parameter


class _PennyLane:
    def circuit(
        self, circuit: Circuit, live: Mapping[int, str], exact: bool, default_dtype: str, trusted: bool
    ) -> quantum_function.CircuitSource:
        return quantum_function.source_of(circuit, live, Style(exact, default_dtype), trusted=trusted)

    def number(self, parameter: Parameter, default_dtype: str) -> tuple[str, frozenset[str]]:
        return quantum_function.number_source(parameter, Style(True, default_dtype))

    def device(self, method: Method, wires: Sequence[object], shots: Sequence[int]) -> tuple[str, frozenset[str]]:
        return quantum_function.device_source(method, wires, shots)

    def qnode(self, device: str, method: Method, interface: str, options: Sequence[tuple[str, Option]], shots: Sequence[int]) -> str:
        return quantum_function.qnode_source("circuit", device, method, interface=interface, execution_options=options, shots=shots)


PENNYLANE = _PennyLane()
