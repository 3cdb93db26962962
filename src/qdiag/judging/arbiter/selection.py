"""Postselection of what never happens: what is left is divided by a probability of zero, and no result is a number."""

from __future__ import annotations

from qdiag.judging.arbiter.circuit_function import Simulation, too_large
from qdiag.model.circuit import Circuit
from qdiag.model.numerics.states import NothingSelected, NotSimulated


def selects_nothing(circuit: Circuit, trusted: bool) -> bool:
    """Whether what a circuit postselects has no probability at its numbers; not where our simulation cannot say."""
    try:
        too_large(circuit)
        simulation = Simulation(circuit, (), trusted)
        simulation.outputs(simulation.values)
    except NothingSelected:
        return True
    except (NotSimulated, ArithmeticError, ValueError):
        return False
    return False
