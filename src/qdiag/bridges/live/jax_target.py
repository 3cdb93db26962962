"""What a user holds in hand, called with arrays of JAX, forwards and backwards. Loaded only where an argument is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qdiag.bridges.results import outputs_of

Draw = Callable[[Sequence[int], bool], np.ndarray]
"""A cotangent of a shape, complex or real."""


def call_under_jax(target: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], drawn: Draw) -> None:
    """Differentiate by every array of JAX among the arguments, also inside what JAX takes for a container.

    Parameters
    ----------
    target, args, kwargs
        What is called, and with what.
    drawn
        Draws what is sent back.
    """
    leaves, tree = jax.tree_util.tree_flatten((tuple(args), dict(kwargs)))
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.inexact)]

    def function(numbers: Sequence[Any]) -> tuple[Any, ...]:
        given = list(leaves)
        for place, number in zip(places, numbers):
            given[place] = number
        positional, named = jax.tree_util.tree_unflatten(tree, given)
        outputs = map(jnp.asarray, outputs_of(target(*positional, **named)))
        return tuple(output for output in outputs if jnp.issubdtype(output.dtype, jnp.inexact))

    outputs, vjp = jax.vjp(function, [leaves[place] for place in places])
    vjp(tuple(jnp.asarray(drawn(output.shape, jnp.iscomplexobj(output)), output.dtype) for output in outputs))
