"""Tensors that hide their numbers: inside torch.func's transforms (vmap, grad, jacrev) they stand for many, and have no storage."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from qdiag.bridges import results

IN_TRANSFORMS = "its tensors hide their numbers inside torch.func's transforms (vmap, grad, jacrev, …)"


def hide_numbers(values: Iterable[Any]) -> bool:
    """Whether any of these, or of what they hold, is such a tensor; torch before 2.0 has none."""
    torch = sys.modules.get("torch")
    wrapped = getattr(getattr(getattr(torch, "_C", None), "_functorch", None), "is_functorch_wrapped_tensor", None)
    if torch is None or wrapped is None:
        return False
    return any(isinstance(leaf, torch.Tensor) and wrapped(leaf) for value in values for leaf in results.outputs_of(value))
