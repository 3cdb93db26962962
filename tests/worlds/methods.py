"""Methods by the names that people write: what tests say of them."""

from __future__ import annotations

from qdiag.model.method import ARBITER, Method, parse

BACKPROP, ADJOINT = parse("default.qubit/backprop"), parse("default.qubit/adjoint")
SHIFT, DIFFERENCES = parse("default.qubit/parameter-shift"), parse("default.qubit/finite-diff")
HADAMARD, LIGHTNING = parse("default.qubit/hadamard"), parse("lightning.qubit/adjoint")


def methods(*written: str) -> tuple[Method, ...]:
    """Methods by their names; ``arbiter`` is the reference."""
    return tuple(ARBITER if name == "arbiter" else parse(name) for name in written)
