"""Parameters that are not free numbers: amplitudes have norm one, unitaries are unitary, exponents imaginary, channels keep traces.

A derivative across such a surface has no meaning, since the code in front of the circuit (a normalisation, say) keeps the parameter on
it, and methods rightly differ there. So gradients are compared along the surface only: projected onto its tangent space. For the same
reason an experiment that moves the point moves along the surface: off it there is nothing to project on, and two things would change.

Gradients of complex numbers are in the one convention there is here, torch's (see `model.evaluation`): projecting the conjugate would
be projecting onto another surface.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

import numpy as np

from qdiag.model import operator_families as families
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Value, nodes_of, parts_of
from qdiag.model.parameter import Parameter

CLOSE = 1e-5
"""A parameter this close to the surface is on it: single precision is."""

Arrays = Sequence[np.ndarray]

Projection = Callable[[Arrays, Arrays], list[np.ndarray]]
"""(points, derivatives with the points' axes last) → the part of the derivatives along the surface."""

Retraction = Callable[[Arrays, Arrays], list[np.ndarray]]
"""(points, points a little beside them) → points of the surface near the latter."""


@dataclass(frozen=True)
class Surface:
    """Where numbers live that are not free: how derivatives are projected onto it, how one gets back to it, a real point for any."""

    project: Projection
    retract: Retraction
    real: Optional[Callable[[np.ndarray], np.ndarray]] = None


@dataclass(frozen=True, eq=False)
class _Held:
    """Trainable parameters, by their positions among all, that are held to one surface together."""

    positions: tuple[int, ...]
    surface: Surface


def tangential(circuit: Circuit, gradients: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Derivatives with respect to the trainable parameters, along the surfaces on which these live.

    Parameters
    ----------
    circuit
        Gives the parameters.
    gradients
        One array for each trainable parameter, whose last axes are the parameter's.
    """
    found = dict(zip(circuit.trainable, gradients))
    for held in _surfaces(circuit):
        known = [found[position] for position in held.positions if position in found and found[position].size]
        if len(known) == len(held.positions):
            found.update(zip(held.positions, held.surface.project(_points(circuit, held), known)))
    return tuple(found.values())


def held_positions(circuit: Circuit) -> frozenset[int]:
    """The trainable parameters that live on a surface, by position among all."""
    return frozenset(position for held in _surfaces(circuit) for position in held.positions)


def of_norm_one(circuit: Circuit) -> frozenset[int]:
    """The trainable amplitudes among them, by position among all parameters."""
    return frozenset(position for held in _surfaces(circuit) if held.surface is SPHERE for position in held.positions)


def nudged(circuit: Circuit, size: float, draws: np.random.Generator) -> dict[int, np.ndarray]:
    """Other values for all trainable numbers, so far away, each on the surface on which it lives: by position among all."""
    moved = {}
    for position in circuit.trainable:
        value = circuit.parameters[position].value
        if np.issubdtype(value.dtype, np.inexact):
            moved[position] = np.asarray(value + size * draws.uniform(0.5, 1.0, value.shape), value.dtype)
    for held in _surfaces(circuit):
        points = _points(circuit, held)
        there = held.surface.retract(points, [moved[position] for position in held.positions])
        moved.update({place: np.asarray(value, point.dtype) for place, value, point in zip(held.positions, there, points)})
    return moved


def with_real_points(circuit: Circuit) -> dict[int, np.ndarray]:
    """Real values in the place of the trainable complex ones, each on the surface on which it lives; none where one lives on none."""
    moved: dict[int, np.ndarray] = {}
    wanted = [position for position in circuit.trainable if np.iscomplexobj(circuit.parameters[position].value)]
    for held in _surfaces(circuit):
        points = _points(circuit, held)
        if any(map(np.iscomplexobj, points)) and held.surface.real is not None:
            moved.update(zip(held.positions, map(held.surface.real, points)))
    return moved if all(position in moved for position in wanted) else {}


def leaves_a_surface(circuit: Circuit, other: Circuit) -> bool:
    """Whether a circuit that was made of another one has fewer of its matrices and states on a surface, with as many of them."""
    return _of_families(circuit) == _of_families(other) and len(_surfaces(other)) < len(_surfaces(circuit))


def _of_families(circuit: Circuit) -> int:
    matrices = families.UNITARY_MATRICES | families.HERMITIAN_MATRICES | families.MIXING | families.UNITARY_DIAGONALS
    names = matrices | families.AMPLITUDES | families.IMAGINARY_COEFFICIENTS
    return sum(node.name in names for node, positions in owned(circuit) if positions)


def _points(circuit: Circuit, held: _Held) -> list[np.ndarray]:
    return [circuit.parameters[position].value for position in held.positions]


# --- which parameters are on which surface --------------------------------------------------------------------------------


def _surfaces(circuit: Circuit) -> tuple[_Held, ...]:
    return _surfaces_by_numbers(circuit) if _may_have_surfaces(circuit.form) else ()


@lru_cache(maxsize=64)
def _may_have_surfaces(circuit: Circuit) -> bool:
    """Whether any of its operators is one whose numbers live on a surface, whatever they are."""
    matrices = families.UNITARY_MATRICES | families.HERMITIAN_MATRICES | families.DENSITY_MATRICES | families.KRAUS_MATRICES
    others = families.AMPLITUDES | families.IMAGINARY_COEFFICIENTS | families.UNITARY_DIAGONALS | families.CHANNELS
    return any(node.name in matrices | others for top in circuit.nodes for node in nodes_of(top))


@lru_cache(maxsize=16)
def _surfaces_by_numbers(circuit: Circuit) -> tuple[_Held, ...]:
    return tuple(held for node, positions in owned(circuit) for held in _held_by(circuit, node, positions))


def owned(circuit: Circuit) -> list[tuple[Node, tuple[int, ...]]]:
    """Each operator, however deep it sits, with the positions of the trainable numbers that it holds itself."""
    found: list[tuple[Node, tuple[int, ...]]] = []
    numbers = iter(range(len(circuit.parameters)))

    def walk_inside(value: Value, own: list[int]) -> None:
        if isinstance(value, Parameter):
            position = next(numbers)
            own += [position] if value.trainable else []
            return
        inside: list[int] = [] if isinstance(value, Node) else own
        for part in parts_of(value):
            walk_inside(part, inside)
        if isinstance(value, Node):
            found.append((value, tuple(inside)))

    for top in circuit.nodes:
        walk_inside(top, [])
    return found


def _held_by(circuit: Circuit, node: Node, positions: tuple[int, ...]) -> list[_Held]:
    """What the numbers that a node itself holds are held to."""
    values = [circuit.parameters[position].value for position in positions]
    if node.name in families.KRAUS_MATRICES:
        matrices = bool(values) and all(value.ndim > 1 and value.dtype.kind in "fc" for value in values)
        return [_Held(positions, KRAUS)] if matrices else []
    if node.name in families.CHANNELS:
        shares = tuple(i for i, v in zip(positions, values) if v.dtype.kind == "f" and np.all((v >= 0) & (v <= 1)))
        return [_Held(shares, PROBABILITIES)] if shares else []
    found = [(position, _surface_of(node.name, value)) for position, value in zip(positions, values)]
    return [_Held((position,), surface) for position, surface in found if surface is not None]


def _surface_of(owner: str, point: np.ndarray) -> Surface | None:
    if owner in families.IMAGINARY_COEFFICIENTS and point.dtype.kind == "c" and np.allclose(point.real, 0, atol=CLOSE):
        return IMAGINARIES
    if point.dtype.kind not in "fc" or point.ndim == 0:
        return None
    if owner in families.AMPLITUDES and np.allclose(np.linalg.norm(point, axis=-1), 1, atol=CLOSE):
        return SPHERE
    if owner in families.UNITARY_DIAGONALS and np.allclose(np.abs(point), 1, atol=CLOSE):
        return PHASES
    if point.ndim < 2 or point.shape[-1] != point.shape[-2]:
        return None
    if owner in families.UNITARY_MATRICES and np.allclose(point @ _dagger(point), np.eye(point.shape[-1]), atol=CLOSE):
        return UNITARIES
    if not np.allclose(point, _dagger(point), atol=CLOSE):
        return None
    if owner in families.HERMITIAN_MATRICES:
        return HERMITIANS
    whole = np.allclose(np.trace(point, axis1=-2, axis2=-1), 1, atol=CLOSE)
    return DENSITIES if owner in families.DENSITY_MATRICES and whole else None


# --- the surfaces -----------------------------------------------------------------------------------------------------------


def _dagger(matrix: np.ndarray) -> np.ndarray:
    return np.asarray(np.conj(np.swapaxes(matrix, -1, -2)))


def _adjoint(matrix: np.ndarray, point: np.ndarray) -> np.ndarray:
    """The conjugate transpose; the transpose where the point is real, whose derivatives are complex where a result is."""
    return _dagger(matrix) if np.iscomplexobj(point) else np.asarray(np.swapaxes(matrix, -1, -2))


def _like(array: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """In the precision of a gradient."""
    return np.asarray(array, dtype=gradient.dtype if gradient.dtype.kind in "fc" else None)


def _each(
    one: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Callable[[Arrays, Arrays], list[np.ndarray]]:
    """The same for each of several arrays by itself."""
    return lambda points, others: [one(point, other) for point, other in zip(points, others)]


def _along_sphere(point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    products = np.conj(point) * gradient
    outward = np.nansum(products.real if np.iscomplexobj(point) else products, axis=-1, keepdims=True)
    return _like(gradient - outward * point, gradient)


def _back_to_sphere(point: np.ndarray, beside: np.ndarray) -> np.ndarray:
    norms = [np.linalg.norm(amplitudes, axis=-1, keepdims=True) for amplitudes in (point, beside)]
    return np.asarray(beside * (norms[0] / norms[1]))


def _along_phases(point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    products = np.conj(point) * gradient
    return _like(gradient - (products.real if np.iscomplexobj(point) else products) * point, gradient)


def _back_to_phases(point: np.ndarray, beside: np.ndarray) -> np.ndarray:
    # a phase of one, moved by a real number, would come back to where it was
    return np.asarray(point * np.exp(1j * np.abs(beside - point))) if np.iscomplexobj(point) else point


def _imaginary_part(point: np.ndarray, number: np.ndarray) -> np.ndarray:
    return _like(1j * np.imag(number), number) if np.iscomplexobj(number) else np.zeros_like(number)


def _along_unitaries(point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    turned = _dagger(point) @ gradient
    return _like(point @ ((turned - _adjoint(turned, point)) / 2), gradient)


def _back_to_unitaries(point: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """A turn: the nearest unitary matrix would be the point itself where the step was across the surface."""
    step = beside - point
    skew = (step - _dagger(step)) / 2 + (1j * (step + _dagger(step)) / 2 if np.iscomplexobj(point) else 0)
    size = np.eye(point.shape[-1])
    # Cayley's formula: of a real matrix it is real, and of a skew one always unitary
    return np.asarray(point @ np.linalg.solve(size - skew / 2, size + skew / 2))


def _hermitian_part(point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    return np.asarray((gradient + _adjoint(gradient, point)) / 2)


def _along_densities(point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    part = _hermitian_part(point, gradient)
    traces = np.trace(part, axis1=-2, axis2=-1)[..., None, None]
    return _like(part - traces * np.eye(point.shape[-1]) / point.shape[-1], gradient)


def _back_to_densities(point: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """What is negative of it left out, and the trace made one."""
    values, vectors = np.linalg.eigh(_hermitian_part(point, beside))
    kept = np.maximum(values, 0)
    kept = kept / kept.sum(-1, keepdims=True)
    return np.asarray((vectors * kept[..., None, :]) @ _dagger(vectors))


def _along_kraus(points: Arrays, gradients: Arrays) -> list[np.ndarray]:
    """The sum of K†K stays what it is: what would change it is taken away from all of them together."""
    values, vectors = np.linalg.eigh(sum(_dagger(point) @ point for point in points))
    real = not any(np.iscomplexobj(point) for point in points)
    changes = sum(_dagger(point) @ gradient for point, gradient in zip(points, gradients))
    changes = changes + (np.swapaxes(changes, -1, -2) if real else _dagger(np.asarray(changes)))
    inside = _dagger(vectors) @ changes @ vectors
    sums = values[..., :, None] + values[..., None, :]
    shares = vectors @ np.divide(inside, sums, out=np.zeros_like(inside), where=sums > CLOSE) @ _dagger(vectors)
    return [_like(gradient - point @ shares, gradient) for point, gradient in zip(points, gradients)]


def _back_to_kraus(points: Arrays, beside: Arrays) -> list[np.ndarray]:
    before, after = (sum(_dagger(matrix) @ matrix for matrix in matrices) for matrices in (points, beside))
    mend = _power(np.asarray(after), -0.5) @ _power(np.asarray(before), 0.5)
    return [matrix @ mend for matrix in beside]


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0)[..., None, :] ** exponent) @ _dagger(vectors))


def _untouched(_: Arrays, gradients: Arrays) -> list[np.ndarray]:
    return list(gradients)


def _back_to_probabilities(points: Arrays, beside: Arrays) -> list[np.ndarray]:
    """Reflected at one; where they were no more than one together, they stay so."""
    inside = [np.where(value > 1, np.maximum(2 - value, 0), np.abs(value)) for value in beside]
    before, after = (sum(float(np.max(value, initial=0.0)) for value in values) for values in (points, inside))
    return [value * (before / after) for value in inside] if before <= 1 < after else inside


def _turn(point: np.ndarray) -> np.ndarray:
    """A real turn, as general as a unitary matrix; of one row it is one."""
    rows = np.broadcast_to(np.linspace(0.3, 0.8, point.shape[-1]), point.shape)
    skew = (rows - np.swapaxes(rows, -1, -2)) / 2
    size = np.eye(point.shape[-1])
    return np.asarray(np.linalg.solve(size - skew, size + skew), point.real.dtype)


SPHERE = Surface(_each(_along_sphere), _each(_back_to_sphere), np.abs)
PHASES = Surface(_each(_along_phases), _each(_back_to_phases))
IMAGINARIES = Surface(_each(_imaginary_part), _each(_imaginary_part))
UNITARIES = Surface(_each(_along_unitaries), _each(_back_to_unitaries), _turn)
HERMITIANS = Surface(_each(_hermitian_part), _each(_hermitian_part), np.real)
DENSITIES = Surface(_each(_along_densities), _each(_back_to_densities), np.real)
KRAUS = Surface(_along_kraus, _back_to_kraus)
PROBABILITIES = Surface(_untouched, _back_to_probabilities)
