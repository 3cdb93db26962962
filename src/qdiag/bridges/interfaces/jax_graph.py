"""Circuits on arrays of JAX: fresh arrays for what is tracked, derivatives by ``jax.vjp``.

JAX reads a cotangent ``c`` of a complex output ``z`` as ``Re(c·dz)`` and gives the conjugate of torch's gradient, as autograd does.
Both are turned round here, where they come and go: beyond this file there is one convention (see `forward_pass`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Optional

import jax
import jax.numpy as jnp
import numpy as np

from qdiag.bridges.codec import jax_numbers
from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.bridges.interfaces.forward_pass import Cotangents, Function
from qdiag.bridges.results import array_of
from qdiag.model.parameter import Parameter


@contextmanager
def precision(parameters: Sequence[Parameter], default_dtype: str) -> Iterator[None]:
    """JAX with or without arrays of 64 bits, as the call was made: by its default dtype, or where a number of it has 64 bits.

    Parameters
    ----------
    parameters
        All parameters of the circuit.
    default_dtype
        ``float64`` where the call's process made arrays of 64 bits, ``float32`` where it did not, "" where nobody knows.
    """
    before, wanted = jax_numbers.double_precision_is_on(), _is_double(parameters, default_dtype)
    try:
        if wanted is not before:
            jax.config.update("jax_enable_x64", wanted)
        with _quiet_callbacks():
            yield
    finally:
        if wanted is not before:
            # what PennyLane calls back runs in other threads, which only a setting for all of them reaches
            jax.config.update("jax_enable_x64", before)


@contextmanager
def _quiet_callbacks() -> Iterator[None]:
    """JAX logs what is raised in what it calls back, with a traceback; here it is data, and said elsewhere."""
    logger = logging.getLogger("jax._src.callback")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def _is_double(parameters: Sequence[Parameter], default_dtype: str) -> bool:
    own = [p for p in parameters if p.container == "jax" or p.trainable]
    wide = any(p.dtype in ("float64", "complex128") for p in own)
    return wide or default_dtype == "float64" or (not default_dtype and not own)


class JaxGraph:
    """One forward pass, and the backward passes through it.

    Parameters
    ----------
    function
        Evaluates the circuit on live numbers.
    parameters
        All parameters of the circuit.
    """

    def __init__(self, function: Function, parameters: Sequence[Parameter]) -> None:
        self.function = function
        self.parameters = parameters
        self.tracked = [p for p in parameters if p.trainable]
        self.leaves = tuple(jnp.asarray(p.value) for p in self.parameters if _is_leaf(p))
        live, self._vjp = self._forwards()
        self.outputs = tuple(array_of(output) for output in live)

    def _forwards(self) -> tuple[Sequence[Any], Callable[[Any], Any]]:
        """The live outputs, and what takes cotangents back from them."""
        return jax.vjp(self._traced_outputs, self.leaves)

    def _traced_outputs(self, leaves: Sequence[Any], others: Optional[Sequence[Any]] = None) -> tuple[Any, ...]:
        """The live outputs, given the tracked numbers, and those of JAX's that are not where these stand for others than they are."""
        following, beside = iter(leaves), None if others is None else iter(others)
        numbers = [
            next(following) if _is_leaf(p) else next(beside) if beside is not None and _is_untracked_array(p) else _constant(p)
            for p in self.parameters
        ]
        return tuple(jnp.asarray(output) for output in self.function(numbers))

    def vjp(self, cotangents: Cotangents) -> tuple[np.ndarray, ...]:
        """The vector-Jacobian product, one array for each tracked parameter."""
        (gradients,) = self._vjp(self._cotangent_arrays(cotangents))
        return self._for_tracked(gradients)

    def hvp(self, cotangents: Cotangents, direction: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """The derivative of the vector-Jacobian product along a direction."""
        given = self._cotangent_arrays(cotangents)
        steps = [step for step, p in zip(direction, self.tracked) if _is_continuous(p)]

        def slope(leaves: Sequence[Any]) -> Any:
            (gradients,) = jax.vjp(self._traced_outputs, leaves)[1](given)
            return sum((jnp.sum(jnp.real(gradient * step)) for gradient, step in zip(gradients, steps)), jnp.zeros(()))

        return self._for_tracked(self._run(jax.grad(slope), self.leaves))

    def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a function of JAX's numbers gives."""
        return function(*arguments)

    def leads_back(self, live: Sequence[Any]) -> tuple[bool, ...]:
        """Whether any live number that was made on the way was traced: JAX does not say to which parameter one leads back."""
        return (any(map(jax_numbers.is_differentiated, live)),) * len(self.tracked)

    def _for_tracked(self, gradients: Sequence[Any]) -> tuple[np.ndarray, ...]:
        following = iter(gradients)
        return tuple(np.conj(array_of(next(following))) if _is_continuous(p) else np.zeros_like(p.value) for p in self.tracked)

    def _cotangent_arrays(self, cotangents: Cotangents) -> tuple[Any, ...]:
        return tuple(_cotangent(cotangent, output) for cotangent, output in zip(cotangents, self.outputs))


class CompiledJaxGraph(JaxGraph):
    """The same, compiled: the forward pass with all that its way back needs, and the way back.

    As in a function that ``jax.jit`` is put on, arrays of JAX are traced whether tracked or not; all other numbers are constants of it.
    """

    def _forwards(self) -> tuple[Sequence[Any], Callable[[Any], Any]]:
        others = tuple(jnp.asarray(p.value) for p in self.parameters if _is_untracked_array(p))

        def forwards(leaves: Sequence[Any], others: Sequence[Any]) -> Any:
            return jax.vjp(partial(self._traced_outputs, others=others), leaves)

        live, vjp = jax.jit(forwards)(self.leaves, others)
        return live, partial(jax.jit(_go_back), vjp)

    def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return jax.jit(function)(*arguments)


def mapped_rows(function: Function, rows: Sequence[Sequence[Parameter]]) -> tuple[tuple[np.ndarray, ...], ...]:
    """The outputs of circuits that differ in arrays of JAX alone, as the rows of one compiled ``jax.vmap``.

    Parameters
    ----------
    function
        Evaluates the circuit on live numbers.
    rows
        The parameters of each row's circuit.

    Returns
    -------
    tuple of tuple of numpy.ndarray
        The outputs of each row; empty where the rows do not differ, and there is nothing to map over.
    """
    first = rows[0]
    given = [place for place, p in enumerate(first) if _is_leaf(p) or _is_untracked_array(p)]
    axes = tuple(0 if any(not np.array_equal(row[place].value, first[place].value) for row in rows) else None for place in given)
    if not any(axis == 0 for axis in axes):
        return ()
    stacked = [
        jnp.asarray(first[place].value if axis is None else np.stack([row[place].value for row in rows]))
        for place, axis in zip(given, axes)
    ]

    def outputs(*live: Any) -> tuple[Any, ...]:
        following = dict(zip(given, live))
        return tuple(jnp.asarray(o) for o in function([following.get(place, _constant(p)) for place, p in enumerate(first)]))

    found = jax.jit(jax.vmap(outputs, in_axes=axes))(*stacked)
    return tuple(tuple(np.asarray(output)[row] for output in found) for row in range(len(rows)))


def _go_back(vjp: Callable[[Any], Any], cotangents: Sequence[Any]) -> Any:
    return vjp(cotangents)


def _cotangent(cotangent: Any, output: np.ndarray) -> Any:
    if output.dtype.kind not in "fc":
        # what is counted has no tangent
        return np.zeros(output.shape, jax.dtypes.float0)
    if cotangent is None:
        return jnp.zeros_like(output)
    if np.iscomplexobj(cotangent) and not np.iscomplexobj(output):
        cotangent = np.real(cotangent)
    return jnp.asarray(np.conj(cotangent).astype(output.dtype).reshape(output.shape))


def _is_continuous(parameter: Parameter) -> bool:
    return parameter.value.dtype.kind in "fc"


def _is_leaf(parameter: Parameter) -> bool:
    return parameter.trainable and _is_continuous(parameter)


def _is_untracked_array(parameter: Parameter) -> bool:
    return parameter.container == "jax" and not _is_leaf(parameter)


def _constant(parameter: Parameter) -> Any:
    return np.array(parameter.value) if parameter.container in ("torch", "autograd") else plain_number(parameter)
