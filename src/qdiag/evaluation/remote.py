"""What may be asked of a worker: all that only PennyLane and torch can say about a circuit.

They run where the frameworks are loaded (`Evaluator.call`). Imports stand inside them, as nowhere else outside of the bridges where it
can be helped: the process that only asks never pays for PennyLane.
"""

from __future__ import annotations

from typing import Optional

import numpy as np

from qdiag.model.call import Configuration
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Casts, Request
from qdiag.model.method import Method
from qdiag.model.node import Label, Node
from qdiag.model.promise import Promise

# --- how a circuit can be evaluated -----------------------------------------------------------------------------------


def applicable(circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
    """The deterministic methods that the circuit's device offers, the user's own first."""
    from qdiag.bridges.running import applicable as bridge

    return bridge.applicable(circuit, configuration)


# --- circuits and gates that PennyLane makes ----------------------------------------------------------------------------


def expansion_of(circuit: Circuit, positions: Optional[tuple[int, ...]], trusted: bool) -> Optional[Circuit]:
    """The circuit with the operations at these positions (all, for None) replaced by their decompositions.

    Returns None where nothing could be expanded.
    """
    from qdiag.bridges.facts import decompositions

    return decompositions.expansion_of(circuit, positions, trusted)


def gate(name: str, numbers: int, wires: tuple[Label, ...]) -> Optional[Node]:
    """A gate by name with so many numbers, all 0, on these wires; None where this PennyLane has none."""
    from qdiag.bridges.facts import decompositions

    return decompositions.gate(name, numbers, wires)


def hermitian_part(circuit: Circuit, trusted: bool) -> Optional[Circuit]:
    """The circuit with the Hermitian part of each observable that is not Hermitian; None where all are, as far as one can tell."""
    from qdiag.bridges.facts import hermitian_part

    return hermitian_part.hermitian_part(circuit, trusted)


def adjoint_metric_tensor(circuit: Circuit, trusted: bool) -> Optional[np.ndarray]:
    """The metric of the circuit's state by its trainable numbers, as PennyLane's adjoint route has it; None where it has none."""
    from qdiag.bridges.facts import metric

    return metric.adjoint_metric_tensor(circuit, trusted)


def metric_tensor_failure(name: str, circuit: Circuit, trusted: bool) -> str:
    """The kind of exception that PennyLane's metric tensor of that name raises on a circuit by its trainable numbers, or ""."""
    from qdiag.bridges.facts import metric

    return metric.failure_of(name, circuit, trusted)


# --- the batch --------------------------------------------------------------------------------------------------------


def rows(circuit: Circuit, trusted: bool) -> tuple[Circuit, ...]:
    """One circuit for each row of the batch; the circuit itself where it has no batch axis."""
    from qdiag.bridges.running import batch_rows

    return batch_rows.rows(circuit, trusted)


def mapped_rows(requests: tuple[Request, ...]) -> tuple[tuple[np.ndarray, ...], ...]:
    """The outputs of circuits of one structure as the rows of one compiled ``jax.vmap``; empty where they do not differ."""
    from qdiag.bridges.running import mapped_rows as bridge

    return bridge.mapped_rows(requests)


def batched_parameters(circuit: Circuit, trusted: bool) -> tuple[int, ...]:
    """Positions of the parameters whose first axis is the batch."""
    from qdiag.bridges.running import batch_rows

    return batch_rows.batched_parameters(circuit, trusted)


# --- what derivative rules see of a circuit ---------------------------------------------------------------------------


def hidden_parameters(circuit: Circuit, trusted: bool) -> tuple[int, ...]:
    """Positions of the trainable parameters that PennyLane's tape does not list among its own."""
    from qdiag.bridges.facts import decompositions

    return decompositions.hidden_parameters(circuit, trusted)


def parameters_left_to_differences(circuit: Circuit, trusted: bool) -> tuple[int, ...]:
    """Positions of the trainable parameters for which shift rules take finite differences without a word."""
    from qdiag.bridges.facts import decompositions

    return decompositions.parameters_left_to_differences(circuit, trusted)


def parameters_with_a_rule(circuit: Circuit, trusted: bool) -> tuple[int, ...]:
    """Positions of the trainable parameters whose operations bring a shift rule."""
    from qdiag.bridges.facts import decompositions

    return decompositions.parameters_with_a_rule(circuit, trusted)


def rule_expansion(circuit: Circuit, trusted: bool) -> Optional[Circuit]:
    """The circuit as rules that take its numbers one by one see it; None where that is the circuit itself."""
    from qdiag.bridges.facts import rule_expansion as bridge

    return bridge.rule_expansion(circuit, trusted)


def promise(circuit: Circuit, core: str, method: Method, said: tuple[str, ...], wires: tuple[Label, ...], trusted: bool) -> Promise:
    """What was promised of a result that is wrong (see `bridges.facts.promises`)."""
    from qdiag.bridges.facts import promises

    return promises.promise_of(circuit, core, method, said, wires, trusted=trusted)


# --- what becomes of numbers on their way -----------------------------------------------------------------------------


def lossy_matrices(circuit: Circuit, interface: str, trusted: bool) -> tuple[tuple[int, str], ...]:
    """Operations whose matrix from tracked numbers differs from the one from plain numbers: position and what was lost.

    What was lost is ``integer`` (truncated), ``real`` (the imaginary part dropped), or ``different``.
    """
    from qdiag.bridges.facts import decompositions

    return decompositions.lossy_matrices(circuit, interface, trusted)


def rebound_operations(circuit: Circuit, trusted: bool) -> tuple[tuple[int, str], ...]:
    """Operations that are others once their own numbers are bound to them again: position and name."""
    from qdiag.bridges.facts import rebinding

    return rebinding.rebound_operations(circuit, trusted)


def bound_anew(circuit: Circuit, trusted: bool) -> Optional[Circuit]:
    """The circuit as it is once PennyLane has bound its numbers anew; None where that is the same circuit."""
    from qdiag.bridges.facts import rebinding

    return rebinding.bound_anew(circuit, trusted)


def casts(request: Request) -> Casts:
    """Where torch turns complex numbers into real ones in a call and in its backward pass."""
    from qdiag.bridges.facts import complex_casts as bridge

    return bridge.casts(request)


def integer_gradient(slope: float, dtype: str) -> float:
    """The derivative that autograd hands on to an array of a dtype, where one of its numbers has this slope."""
    from qdiag.bridges.facts import integer_gradients

    return integer_gradients.handed_on(slope, dtype)


def layer_loss(dtype: str, is_complex: bool) -> float:
    """How far the result of a layer whose input has this dtype is from its QNode's own."""
    from qdiag.bridges.facts import layer_loss

    return layer_loss.loss(dtype, is_complex)


def layer_parts(
    sizes: tuple[int, ...], shape: tuple[int, ...], dtype: str, start: float
) -> Optional[tuple[tuple[float, float, float], float]]:
    """How far a layer with results of these sizes is from its QNode (see `bridges.facts.layer_parts`)."""
    from qdiag.bridges.facts import layer_parts

    return layer_parts.gaps(sizes, shape, dtype, start)


def layer_axes(returns: str, results: int, rows: int) -> tuple[int, ...]:
    """The shape of what a layer hands on for a batch, whose quantum function returns a ``tuple`` or a ``list`` of results."""
    from qdiag.bridges.facts import layer_axes

    return layer_axes.shape(returns, results, rows)
