"""Circuits of one structure together, as ``jax.vmap`` hands them to a QNode that is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from qdiag.bridges.interfaces.choice import precision_for
from qdiag.bridges.running.qnode_runner import Runner
from qdiag.model.evaluation import Request


def mapped_rows(requests: Sequence[Request]) -> tuple[tuple[np.ndarray, ...], ...]:
    """The outputs of each request's circuit, worked out as the rows of one ``jax.jit(jax.vmap(...))``.

    Parameters
    ----------
    requests
        One for each row: of one structure, and alike in all but numbers.

    Returns
    -------
    tuple of tuple of numpy.ndarray
        The outputs of each row; empty where the rows do not differ, or PennyLane raises at them all together.
    """
    from qdiag.bridges.interfaces import jax_graph

    first = requests[0]
    with suppress(Exception), precision_for("jax", first.circuit.parameters, first.default_dtype):
        return jax_graph.mapped_rows(Runner(first, "jax"), [request.circuit.parameters for request in requests])
    return ()
