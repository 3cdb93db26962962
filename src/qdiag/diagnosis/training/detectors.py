"""The detectors of family QD8, in the order in which their remarks are told. Each looks at a whole training after it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qdiag.diagnosis.training import (
    axes,
    graphless_output,
    integer_parameters,
    no_gradient,
    not_finite,
    other_tensors,
    untracked,
    unused_gradient,
    vanishing,
    zero_cotangents,
)
from qdiag.diagnosis.training.history import History
from qdiag.model.remarks import Remark

Detector = Callable[[History], Iterator[Remark]]
"""Looks at a training, and says what is amiss."""

DETECTORS: tuple[Detector, ...] = (
    not_finite.remarks,
    integer_parameters.remarks,
    zero_cotangents.remarks,
    no_gradient.remarks,
    untracked.remarks,
    graphless_output.remarks,
    other_tensors.remarks,
    unused_gradient.remarks,
    axes.remarks,
    vanishing.remarks,
)
"""Every detector, an entry a line."""
