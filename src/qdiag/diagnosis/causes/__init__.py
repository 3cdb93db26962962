"""The causes, one file a family. `CAUSES` is the order in which explanations are preferred: the most specific first."""

from __future__ import annotations

from qdiag.diagnosis.cause import Cause, Place
from qdiag.diagnosis.causes import (
    around_the_qnode,
    batch_axes,
    compiling,
    complex_numbers,
    difference_quotients,
    execution,
    graph,
    precision,
    randomness,
    refusals,
    rules,
    second_derivatives,
    singular_points,
    training,
    transforms,
    uncovered_measurements,
)
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.model.twin_training import PartingCause

CAUSES: tuple[Cause, ...] = (
    *randomness.CAUSES,
    *batch_axes.CAUSES,
    *transforms.CAUSES,
    *compiling.CAUSES,
    *execution.CAUSES,
    *difference_quotients.CAUSES,
    *precision.CAUSES,
    *complex_numbers.CAUSES,
    *graph.CAUSES,
    *second_derivatives.CAUSES,
    *singular_points.CAUSES,
    *uncovered_measurements.CAUSES,
    *rules.CAUSES,
    *refusals.CAUSES,
    *training.CAUSES,
    *around_the_qnode.CAUSES,
    UNKNOWN,
)
"""Every cause, the most specific first."""

SEEN_BY_PROBES = tuple(cause for cause in CAUSES if cause.seen_by_probes)
"""What a live probe can find."""

OF_LAYERS = tuple(cause for cause in CAUSES if cause.sits is Place.LAYER)
"""What a layer can make of right results."""


def cause_of(code: str) -> Cause:
    """The cause that has a code; the unknown one for a code that a later qdiag may have."""
    return next((cause for cause in CAUSES if cause.code == code), UNKNOWN)


def cause_of_parting(parting: PartingCause) -> Cause:
    """The cause that twin runs call so."""
    return next(cause for cause in CAUSES if cause.parting is parting)
