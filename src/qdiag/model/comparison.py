"""Two evaluations side by side, as a value: the worst element, how far apart it is, what rounding explains, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from numbers import Real
from typing import Optional

import numpy as np

from qdiag.errors import UsageError
from qdiag.model.call import Failure
from qdiag.model.element import Element
from qdiag.model.measured import Measured
from qdiag.model.method import Method


class Verdict(str, Enum):
    """What a comparison comes to, from best to worst; `REMARK`: nothing is proven wrong, and a user would want to know it."""

    AGREE = "agree"
    REMARK = "remark"
    ROUNDING = "rounding"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


class Signature(str, Enum):
    """What kind of difference it is; the value is how findings.json says it."""

    OUTPUT = "output"
    VJP = "vjp"
    JACOBIAN = "jacobian"
    SECOND_DERIVATIVE = "second-derivative"
    NAN = "nan"
    SHAPE = "shape"
    DTYPE = "dtype"
    RAISE = "raise"

    def __str__(self) -> str:
        return self.value


DERIVATIVES = (Signature.VJP, Signature.JACOBIAN, Signature.SECOND_DERIVATIVE)
"""Differences between numbers of derivatives."""

MEASURED = (Signature.OUTPUT, *DERIVATIVES)
"""Differences that are the distance of two numbers."""


@dataclass(frozen=True)
class Tolerance:
    """The user's own tolerance, which overrides the derived one; None leaves it derived.

    Raises
    ------
    UsageError
        If one of the two is no number, or a negative one.
    """

    absolute: Optional[float] = None
    relative: Optional[float] = None

    def __post_init__(self) -> None:
        for number in (self.absolute, self.relative):
            if number is not None and not (isinstance(number, Real) and number >= 0):
                raise UsageError(f"{number!r} is no tolerance", "give a number that is 0 or larger, or none for the derived tolerance")

    def __str__(self) -> str:
        parts = {"atol": self.absolute, "rtol": self.relative}
        return ", ".join(f"{name} {number:g}" for name, number in parts.items() if number is not None)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two evaluations of the same circuit.

    Parameters
    ----------
    methods
        The two, the user's own or the reference first.
    verdict
        What it comes to.
    where
        What kind of difference it is.
    element
        The worst element; None where there is none.
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
    scale
        What relative figures are relative to at that tensor.
    detail
        A sentence for where there is no number: shapes, dtypes, exception.
    dtypes
        Those of the first output of which the two give another one; empty where they give the same.
    failures
        What the two raised.
    devices
        What the numbers of the two's devices say of these; empty where nothing was evaluated.
    """

    methods: tuple[Method, Method]
    verdict: Verdict
    where: Signature = Signature.OUTPUT
    element: Optional[Element] = None
    values: tuple[Optional[complex], Optional[complex]] = (None, None)
    max_abs: float = 0.0
    max_rel: float = 0.0
    ulps: float = 0.0
    eps: float = float(np.finfo(np.float64).eps)
    tolerance_needed: float = 0.0
    bound: float = 0.0
    float64_bound: float = 0.0
    scale: float = 1.0
    detail: str = ""
    dtypes: tuple[str, ...] = ()
    failures: tuple[Optional[Failure], Optional[Failure]] = (None, None)
    devices: tuple[Measured, ...] = ()
