"""Tensors that hide their numbers: inside the transforms of torch.func and of JAX they stand for many, and have no storage."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from qdiag.bridges import results

IN_TRANSFORMS = "its tensors hide their numbers inside torch.func's transforms (vmap, grad, jacrev, …)"

IN_JAX = (
    "its arrays hide their numbers inside JAX's transforms (jit, vmap, scan, …), where they could not be heard; "
    "call it once outside of them, or hand it to qdiag.check with its arguments"
)


def why_hidden(values: Iterable[Any]) -> str:
    """In whose transforms these, or what they hold, have their numbers hidden; "" where they have not. Torch before 2.0 has none."""
    leaves = [leaf for value in values for leaf in results.outputs_of(value)]
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    wrapped = getattr(getattr(getattr(torch, "_C", None), "_functorch", None), "is_functorch_wrapped_tensor", None)
    if torch is not None and wrapped is not None and any(isinstance(leaf, torch.Tensor) and wrapped(leaf) for leaf in leaves):
        return IN_TRANSFORMS
    tracer = getattr(getattr(jax, "core", None), "Tracer", None)
    return IN_JAX if tracer is not None and any(isinstance(leaf, tracer) for leaf in leaves) else ""
