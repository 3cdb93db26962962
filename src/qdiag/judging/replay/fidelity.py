"""Whether a replay under the user's own method gives the user's own numbers, bit for bit or to rounding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np

from qdiag.judging.comparison.compare import compare
from qdiag.judging.replay.questions import telling_passes
from qdiag.model.call import Backward, Call
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.numerics.rounding import Law, samples_of
from qdiag.model.result import Unfaithful
from qdiag.model.unanswered import Reason, reason_of


def unfaithfulness(call: Call, own: Evaluation) -> Optional[Unfaithful]:
    """How a replay differs from the record, or None where it is the same bit for bit (or sampled or drawn, and never the same)."""
    if call.failure is not None and own.failure is None:
        return Unfaithful(call.index, f"the call raised {call.failure.type}, its replay does not", explained=True)
    if call.outputs is None or call.failure is not None:
        return None
    if own.failure is not None and (own.failure.passing or reason_of(own.failure) is Reason.NOT_REPLAYED):
        # time was over, a process lost, or nothing was replayed at all: that tells nothing of what a replay gives
        return None
    if own.failure is not None:
        return Unfaithful(call.index, f"the replay raises {own.failure.type}: {own.failure.message}", explained=False)
    if samples_of(call.circuit, (own,)):
        return None
    products = own.vjps if own.method.stochastic else _recorded_products(call, own)
    recorded = Evaluation(own.method, call.outputs, products, norms=own.norms, differenced=own.differenced)
    if _same(recorded.outputs, own.outputs) and all(_same(*rows) for rows in zip(recorded.vjps, own.vjps)):
        return None
    gap = compare(recorded, own, call.circuit, cotangents=tuple(backward.cotangents for backward in telling_passes(call)))
    reach = Law.of(call.circuit, (recorded, own)).amplification if gap.where in (Signature.VJP, Signature.JACOBIAN) else 0.0
    explained = gap.verdict in (Verdict.AGREE, Verdict.ROUNDING) or gap.max_rel <= reach
    what = gap.detail if not np.isfinite(gap.max_abs) else f"{gap.element} is off by {gap.max_abs:.2g}"
    return Unfaithful(call.index, what, explained)


def _recorded_products(call: Call, own: Evaluation) -> tuple[tuple[np.ndarray, ...], ...]:
    """The recorded gradients where they are this call's own; where they are not, the replay stands in for them.

    After a pass with ``create_graph`` a gradient holds what comes back through that pass, too: it is no product with one cotangent.
    """
    passes = telling_passes(call)
    once = next((i for i, backward in enumerate(passes) if backward.create_graph), len(passes))
    rows = [tuple(_recorded_gradient(backward, j, g) for j, g in enumerate(row)) for backward, row in zip(passes[: once + 1], own.vjps)]
    return (*rows, *own.vjps[len(rows) :])


def _recorded_gradient(backward: Backward, position: int, replayed: np.ndarray) -> np.ndarray:
    known = position < len(backward.gradients) and position < len(backward.exact) and backward.exact[position]
    gradient = backward.gradients[position] if known else None
    return replayed if gradient is None else gradient


def _same(one: Optional[Sequence[np.ndarray]], other: Optional[Sequence[np.ndarray]]) -> bool:
    pairs = list(zip(one or (), other or ()))
    return len(one or ()) == len(other or ()) == len(pairs) and all(_equal(np.asarray(a), np.asarray(b)) for a, b in pairs)


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc"))
