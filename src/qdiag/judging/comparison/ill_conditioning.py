"""What ill-conditioning explains: how far a float64 reference moves when the parameters move by the working precision's eps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_precision, with_values


@dataclass(frozen=True)
class Spread:
    """How far a float64 reference itself moves when the parameters move by the working precision's eps: one number for each tensor."""

    outputs: tuple[float, ...] = ()
    jacobian: tuple[tuple[float, ...], ...] = ()
    vjps: tuple[tuple[float, ...], ...] = ()


def spread_of(evaluations: Sequence[Evaluation]) -> Spread:
    """The spread of one reference method at several points a rounding error apart (failed and non-finite ones left out).

    The points are compared with each other, not with the call's own point: at a singular point the reference may be what is wrong.
    """
    usable = [e for e in evaluations if e.failure is None and e.outputs is not None]
    jacobians = [e.jacobian for e in usable if e.jacobian is not None]
    return Spread(
        _ranges([e.outputs or () for e in usable]),
        tuple(_ranges(rows) for rows in zip(*jacobians)),
        tuple(_ranges(rows) for rows in zip(*[e.vjps for e in usable])),
    )


def _ranges(points: Sequence[Sequence[np.ndarray]]) -> tuple[float, ...]:
    return tuple(_range([np.asarray(a) for a in tensors]) for tensors in zip(*points))


def _range(tensors: Sequence[np.ndarray]) -> float:
    finite = [t for t in tensors if t.dtype.kind in "biufc" and np.isfinite(t).all() and t.shape == tensors[0].shape]
    pairs = [(a, b) for i, a in enumerate(finite) for b in finite[:i]]
    return max((float(np.max(np.abs(np.subtract(a, b, dtype=complex)), initial=0.0)) for a, b in pairs), default=0.0)


def perturbed_circuits(circuit: Circuit, eps: float, points: int, seed: int, *, only_trainable: bool = False) -> tuple[Circuit, ...]:
    """The circuit in float64 at several points, each parameter moved up or down by ``eps · max(1, |value|)``.

    Matrices stay: a unitary moved off its manifold is another question.
    """
    wide = with_precision(circuit, "float64")
    rng = np.random.default_rng(seed)
    return tuple(with_values(wide, _moved_values(wide.parameters, eps, rng, only_trainable)) for _ in range(points))


def _moved_values(parameters: Sequence[Parameter], eps: float, rng: np.random.Generator, only_trainable: bool) -> dict[int, np.ndarray]:
    moved: dict[int, np.ndarray] = {}
    for i, parameter in enumerate(parameters):
        value = parameter.value
        if value.dtype.kind == "f" and (parameter.trainable or not only_trainable):
            moved[i] = np.asarray(value + eps * np.maximum(1.0, np.abs(value)) * rng.choice((-1.0, 1.0), value.shape), value.dtype)
    return moved
