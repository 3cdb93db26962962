"""What autograd makes of a slope on its way back to an array: in the array's own dtype, which may hold no fractions."""

from __future__ import annotations

from typing import Any

from autograd.core import make_vjp
from pennylane import numpy as pnp


def handed_on(slope: float, dtype: str) -> float:
    """The derivative that an array of a dtype gets where one of its numbers has this slope."""
    array = pnp.array([1, 1], dtype=dtype, requires_grad=True)

    def cost(numbers: Any) -> Any:
        return slope * numbers[0]

    return float(make_vjp(cost, array)[0](1.0)[0])
