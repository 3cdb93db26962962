"""Types in the place of JAX's tracers, and calls as they are read while JAX traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import numpy as np

from qdiag.bridges.codec.recognition import Taken
from qdiag.recording.ongoing_call import KnownQNode, Read
from qdiag.trace.array_bundle import pack, unpack
from qdiag.trace.writer import Entry


class Tracer:
    """What stands for an array of JAX."""

    dtype, shape = np.dtype(np.float64), ()


class DynamicJaxprTracer(Tracer):
    """Of ``jit``."""


class JVPTracer(Tracer):
    """Of ``grad``."""

    def __init__(self, primal: Any, trace: Any = None) -> None:
        self.primal = primal
        self._trace = trace


for kind in (Tracer, DynamicJaxprTracer, JVPTracer):
    kind.__module__ = "jax._src"

OPEN = DynamicJaxprTracer()
ZERO = np.zeros(())


def read_of(numbers: Sequence[Any], outputs: Sequence[np.ndarray], written: Optional[Taken] = None) -> Read:
    packed = pack([ZERO if isinstance(number, Tracer) else np.asarray(number) for number in numbers])
    entry = Entry(0, "source", "configuration", "arguments", "structure", packed, pack(outputs))
    if written is not None:
        entry = entry._replace(written=written.structure, written_numbers=written.numbers)
    known = KnownQNode(lambda: None, "code", (), 0)  # type: ignore[arg-type]
    return Read(entry, Taken("structure", packed, numbers), True, known, written)


def array(value: complex) -> np.ndarray:
    return np.asarray(value)


def values(packed: bytes) -> list[float]:
    return [float(found) for found in unpack(packed) if found is not None]
