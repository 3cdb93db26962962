"""JAX's numbers as source, with a dtype only where the script's precision does not imply it (all others: `tests/bridge`)."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.bridges.source.literals import Style, literal
from qdiag.model.import_lines import JNP
from qdiag.model.parameter import Parameter


@pytest.mark.parametrize(
    ("dtype", "default", "text"),
    [
        ("float64", "float64", "jnp.array([0.5, 0.25])"),
        ("float32", "float32", "jnp.array([0.5, 0.25])"),
        ("float32", "float64", "jnp.array([0.5, 0.25], dtype=jnp.float32)"),
        ("float16", "float32", "jnp.array([0.5, 0.25], dtype=jnp.float16)"),
        ("complex64", "float32", "jnp.array([0.5, 0.25], dtype=jnp.complex64)"),
    ],
)
def test_an_array_of_jax_is_written_with_its_dtype_where_that_is_not_the_usual_one(dtype: str, default: str, text: str) -> None:
    number = Parameter(np.array([0.5, 0.25], dtype), "jax", True)
    assert literal(number, Style(default_dtype=default)) == (text, frozenset([JNP]))


def test_integers_and_empty_arrays_are_jax_too() -> None:
    style = Style(default_dtype="float32")
    assert literal(Parameter(np.array(3, "int32"), "jax"), style)[0] == "jnp.array(3)"
    assert literal(Parameter(np.array(True), "jax"), style)[0] == "jnp.array(True)"
    assert literal(Parameter(np.zeros((2, 0), "float32"), "jax"), style)[0] == "jnp.zeros((2, 0), dtype=jnp.float32)"
