"""Trainings made by hand: series whose every number is off by a gap, runs, and twins of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from qdiag.model.call import Call, Configuration, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.trace.twin_steps import Steps
from qdiag.trace.twin_variation import Variation
from qdiag.twins.runs import Pair, Run, Twins
from qdiag.twins.series import Moment, Series, part

STEPS = 120
UNSEEN = Steps()


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 1.5, STEPS)


def growing(start: float, factor: float, seed: int = 0, top: float = 1.0) -> np.ndarray:
    """A gap that multiplies by a factor a step until it saturates."""
    gap: np.ndarray = np.minimum(start * factor ** np.arange(STEPS), top) * noise(seed)
    return gap


def call() -> Call:
    configuration = Configuration("circuit", SourceLine("train.py", 5), "default.qubit", requested="backprop", resolved="backprop")
    return Call(0, 0, SourceLine("train.py", 9), configuration, (), Circuit((), ()), (np.zeros(1),))


def series(gap: np.ndarray, steps: Steps = UNSEEN, first: Optional[Call] = None) -> Series:
    """A training whose every number is off by a gap."""
    losses = np.linspace(1.0, 0.2, len(gap))
    moments = [Moment(np.ones(3) + g, np.ones(3) + g, np.full(3, 2.0) + g, float(loss + g)) for g, loss in zip(gap, losses)]
    return Series(tuple(moments), (first or call(),), steps)


def run(name: str, role: str, gap: np.ndarray, steps: Steps = UNSEEN, failure: str = "") -> Run:
    return Run(name, role, name, Variation(), Path(name), series(gap, steps), failure=failure)


OWN = run("own", "own", np.zeros(STEPS))


def pair(name: str, role: str, gap: np.ndarray) -> Pair:
    other = run(name, role, gap)
    return Pair(other, OWN, part(OWN.series, other.series))


def twins(method: np.ndarray, controls: Sequence[np.ndarray], healed: Optional[np.ndarray] = None) -> Twins:
    made = Twins(OWN, OWN, part(OWN.series, OWN.series))
    made.methods = [pair("adjoint", "method", method)]
    made.controls = [pair(f"ulp {n}", "control", gap) for n, gap in enumerate(controls, 1)]
    if healed is not None:
        made.qnode_float64 = [pair("QNode f64", "qnode-float64", healed)]
    return made
