"""Tensors that hide their numbers: inside the transforms of torch.func and of JAX they stand for many, and have no storage."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from qdiag.bridges import func_tensors, results

IN_TRANSFORMS = "its tensors hide their numbers inside torch.func's transforms (vmap, jacfwd, hessian, …)"

IN_JAX = (
    "its arrays hide their numbers inside JAX's transforms (jit, vmap, scan, …), where they could not be heard; "
    "call it once outside of them, or hand it to qdiag.check with its arguments"
)


def why_hidden(values: Iterable[Any]) -> str:
    """In whose transforms these, or what they hold, have their numbers hidden; "" where they have not."""
    leaves = [leaf for value in values for leaf in results.outputs_of(value)]
    if any(map(func_tensors.stands_for_many, leaves)):
        return IN_TRANSFORMS
    tracer = getattr(getattr(sys.modules.get("jax"), "core", None), "Tracer", None)
    return IN_JAX if tracer is not None and any(isinstance(leaf, tracer) for leaf in leaves) else ""
