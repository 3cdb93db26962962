"""Two evaluations side by side: how far apart, and whether the working precision explains it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional

import numpy as np


class Verdict(str, Enum):
    """What a comparison comes to, from best to worst."""

    AGREE = "agree"
    ROUNDING = "rounding"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True)
class Tolerance:
    """The user's own tolerance, which overrides the derived one; None leaves it derived."""

    absolute: Optional[float] = None
    relative: Optional[float] = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two evaluations of the same circuit.

    Parameters
    ----------
    methods
        Canonical names of the two, the user's own or the reference first.
    verdict
        What it comes to.
    where
        ``output`` · ``vjp`` · ``jacobian`` · ``nan`` · ``raise`` · ``shape`` · ``dtype`` · ``second-derivative``.
    element
        The worst element, such as ``vjp[1, 0]`` in the caller's words.
    values
        The two values at that element (None where there is no number).
    max_abs, max_rel
        Largest absolute difference, and the same relative to the tensor's scale.
    ulps
        ``max_abs`` in units of eps(working precision) times scale.
    eps
        The working precision's eps.
    tolerance_needed
        The relative tolerance at which the two would agree.
    bound
        What rounding explains at that tensor, absolute.
    float64_bound
        What float64 rounding would explain.
    detail
        A sentence for where there is no number: shapes, dtypes, exception.
    """

    methods: tuple[str, str]
    verdict: Verdict
    where: str = "output"
    element: str = ""
    values: tuple[Optional[complex], Optional[complex]] = (None, None)
    max_abs: float = 0.0
    max_rel: float = 0.0
    ulps: float = 0.0
    eps: float = float(np.finfo(np.float64).eps)
    tolerance_needed: float = 0.0
    bound: float = 0.0
    float64_bound: float = 0.0
    detail: str = ""
