"""Whether the rows of a layer's batch depend on each other: the last one is changed, and the first one's result looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qdiag.bridges.live.arguments import like
from qdiag.bridges.live.probe_subject import SEED, Subject
from qdiag.model.probe import Probe


def with_rows(subject: Subject, probe: Probe) -> Probe:
    """The probe with the number of rows, and how far the first one's result moves with the last one; as it is without a batch."""
    position = next((i for i, leaf in enumerate(subject.leaves) if leaf.array.ndim >= 2 and leaf.array.shape[0] >= 2), None)
    if position is None:
        return probe
    leaf = subject.leaves[position]
    changed = np.array(leaf.array)
    if changed.dtype.kind not in "fc":
        return probe
    rows = changed.shape[0]
    changed[-1] = changed[-1] + np.asarray(np.random.default_rng(SEED).uniform(0.2, 0.6, changed[-1].shape), changed.dtype)
    values = subject.here
    values[position] = like(leaf, changed)
    pairs = zip(subject.plain, subject.outputs(values))
    moves = [_move(a[0], b[0]) for a, b in pairs if a.ndim >= 1 and a.shape[0] == rows and a.shape == b.shape]
    return replace(probe, rows=rows, mixing=max(moves) if moves else None)


def _move(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.max(np.abs(before - after), initial=0.0))
