"""Experiments on the point: the same circuit with other numbers, or numbers of another kind."""

from __future__ import annotations

from typing import Optional

import numpy as np

from qdiag.diagnosis.experiments.changes import edit
from qdiag.model.circuit import Circuit
from qdiag.model.numerics.surfaces import nudged, with_real_points
from qdiag.model.numerics.unitarity import with_unitary_gates
from qdiag.model.variants import with_values


def _nudge_parameters(circuit: Circuit, size: float) -> Circuit:
    """Along the surfaces on which the parameters live: the point is moved, and what it is a point of stays."""
    return with_values(circuit, nudged(circuit, size, np.random.default_rng(20_26)))


NUDGED = edit("parameters nudged by 1e-3", lambda circuit: _nudge_parameters(circuit, 1e-3))
NUDGED_FAR = edit("parameters moved by 0.3", lambda circuit: _nudge_parameters(circuit, 0.3))


MADE_UNITARY = edit("the nearest unitary matrices", with_unitary_gates)


def _real_numbers(circuit: Circuit) -> Optional[Circuit]:
    """Real matrices and states for complex ones, where each has a real one of its kind."""
    values = with_real_points(circuit)
    return with_values(circuit, values) if values else None


REAL_NUMBERS = edit("real numbers for complex ones", _real_numbers)


def real_in_all_but_dtype(circuit: Circuit) -> tuple[int, ...]:
    """Positions of the parameters whose dtype is complex, and none of whose numbers has an imaginary part."""
    parameters = circuit.parameters
    return tuple(i for i, p in enumerate(parameters) if p.value.dtype.kind == "c" and p.value.size and not np.any(p.value.imag))


def _real_dtypes(circuit: Circuit) -> Optional[Circuit]:
    positions = real_in_all_but_dtype(circuit)
    return with_values(circuit, {i: circuit.parameters[i].value.real.copy() for i in positions}) if positions else None


REAL_DTYPES = edit("complex numbers without an imaginary part of a real dtype", _real_dtypes)
