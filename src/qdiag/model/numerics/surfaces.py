"""Parameters that are not free numbers: amplitudes have norm one, unitaries are unitary, observables Hermitian.

A derivative across such a surface has no meaning, since the code in front of the circuit (a normalisation, say) keeps the parameter on
it, and methods rightly differ there. So gradients are compared along the surface only: projected onto its tangent space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from qdiag.model import operator_families as families
from qdiag.model.circuit import Circuit, Node, Parameter, Value, parts_of

CLOSE = 1e-5
"""A parameter this close to the surface is on it: single precision is."""

Projection = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(point, derivatives with the point's axes last) → the part of the derivatives along the surface."""


def tangential(circuit: Circuit, gradients: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Derivatives with respect to the trainable parameters, along the surfaces on which these live.

    Parameters
    ----------
    circuit
        Gives the parameters.
    gradients
        One array for each trainable parameter, whose last axes are the parameter's.
    """
    surfaces = _surfaces(circuit)
    trainable = [parameter for parameter in circuit.parameters if parameter.trainable]
    return tuple(
        surfaces[id(parameter)](parameter.value, gradient) if id(parameter) in surfaces and gradient.size else gradient
        for parameter, gradient in zip(trainable, gradients)
    )


@lru_cache(maxsize=16)
def _surfaces(circuit: Circuit) -> dict[int, Projection]:
    found: dict[int, Projection] = {}
    for node in circuit.nodes:
        _collect(node, "", found)
    return found


def _collect(value: Value, owner: str, found: dict[int, Projection]) -> None:
    if isinstance(value, Parameter):
        projection = _projection(owner, value.value) if value.trainable else None
        if projection is not None:
            found[id(value)] = projection
        return
    for part in parts_of(value):
        _collect(part, value.name if isinstance(value, Node) else owner, found)


def _projection(owner: str, point: np.ndarray) -> Projection | None:
    if point.dtype.kind not in "fc" or point.ndim == 0:
        return None
    if owner in families.AMPLITUDES and np.allclose(np.linalg.norm(point, axis=-1), 1, atol=CLOSE):
        return _along_sphere
    if point.ndim < 2 or point.shape[-1] != point.shape[-2]:
        return None
    dagger = np.conj(np.swapaxes(point, -1, -2))
    if owner in families.UNITARY_MATRICES and np.allclose(point @ dagger, np.eye(point.shape[-1]), atol=CLOSE):
        return _along_unitaries
    if owner in families.HERMITIAN_MATRICES and np.allclose(point, dagger, atol=CLOSE):
        return _along_hermitians
    return None


def _along_sphere(point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    outward = np.nansum(np.real(np.conj(point) * gradient), axis=-1, keepdims=True)
    return np.asarray(gradient - outward * point, dtype=gradient.dtype if gradient.dtype.kind in "fc" else None)


def _along_unitaries(point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    turned = np.conj(np.swapaxes(point, -1, -2)) @ gradient
    return np.asarray(point @ ((turned - np.conj(np.swapaxes(turned, -1, -2))) / 2))


def _along_hermitians(_: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    return np.asarray((gradient + np.conj(np.swapaxes(gradient, -1, -2))) / 2)
