"""The second trainings: which are run, one after the other or side by side, and what each is compared with."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Optional

import numpy as np

from qdiag.errors import Interrupted
from qdiag.model.call import Call, Script
from qdiag.model.method import DETERMINISTIC
from qdiag.model.parameter import NARROW
from qdiag.trace import twin_steps, twin_variation
from qdiag.trace.reader import Trace
from qdiag.trace.twin_steps import Steps
from qdiag.trace.twin_variation import Variation
from qdiag.twins.series import Parting, Series, part, series_of

Start = Callable[[Path, Path], Script]
"""Runs the script once more: into which trace, with which file for its output."""
Say = Callable[[str], None]

CANDIDATES = tuple(method for method in DETERMINISTIC if method != "hadamard")
"""Methods that are tried, in this order, where the user names none: the first that is not the script's own and works.

``hadamard`` needs a wire of its own, which the script's device seldom has.
"""

SPARES = 10
"""Further choices of a nudge, where one turns out to change nothing."""


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Parameters
    ----------
    methods
        Other differentiation methods; () for the first that works.
    controls
        Runs with one weight nudged.
    mechanism
        Whether one factor of the training is changed at a time.
    jobs
        Runs side by side.
    """

    methods: tuple[str, ...] = ()
    controls: int = 5
    mechanism: bool = False
    jobs: int = 1

    @property
    def most(self) -> int:
        """How many runs there are at most, spare ones apart."""
        return 2 + max(1, len(self.methods)) + self.controls + 4 + (10 if self.mechanism else 0)


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run."""

    name: str
    role: str
    changed: str
    variation: Variation
    trace: Path
    series: Series
    seconds: float = 0.0
    failure: str = ""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two runs and how they part."""

    run: Run
    against: Run
    parting: Parting


@dataclass(eq=False)
class Twins:
    """The runs that were made, by what they are for."""

    own: Run
    again: Run
    repeat: Parting
    methods: list[Pair] = field(default_factory=list)
    controls: list[Pair] = field(default_factory=list)
    qnode_float64: list[Pair] = field(default_factory=list)
    float64: list[Pair] = field(default_factory=list)
    mechanism: list[Pair] = field(default_factory=list)
    failed: list[Run] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def pairs(self) -> list[Pair]:
        """Every pair, in the order of the runs."""
        return [*self.methods, *self.controls, *self.qnode_float64, *self.float64, *self.mechanism]


class Conductor:
    """Runs the script under one variation after another.

    Parameters
    ----------
    start
        Runs the script.
    folder
        Where the runs' traces go.
    wish
        What is asked for.
    say
        Told before each run.
    end_runs
        Ends the runs that are under way.
    """

    def __init__(self, start: Start, folder: Path, wish: Wish, say: Say, end_runs: Callable[[], None] = lambda: None) -> None:
        self._start = start
        self._folder = folder
        self._wish = wish
        self._say = say
        self._end_runs = end_runs
        folder.mkdir(parents=True, exist_ok=True)

    def conduct(self, earlier: Optional[Path] = None) -> Twins:
        """Make all the runs; with an earlier trace of the very same run, one less."""
        own = self._earlier(earlier) if earlier is not None else self._run("own", "own", "unchanged", Variation())
        if own.failure:
            return Twins(own, own, part(own.series, own.series))
        again = self._run("again", "again", "unchanged, once more", Variation())
        twins = Twins(own, again, part(own.series, again.series))
        if again.failure or not twins.repeat.identical:
            return twins
        self._methods(twins)
        self._controls(twins)
        if twins.methods:
            self._float64(twins)
            if self._wish.mechanism:
                self._mechanism(twins)
        return twins

    # --- one run -------------------------------------------------------------------------------------------------------

    def _earlier(self, trace: Path) -> Run:
        with Trace.open(trace) as opened:
            failure = _failure(opened.script)
            return Run("own", "own", "unchanged", Variation(), trace, series_of(opened, Steps()), failure=failure)

    def _run(self, name: str, role: str, changed: str, change: Variation) -> Run:
        self._say(f"run {name}: {changed}")
        path = self._folder / (re.sub(r"[^\w.\-]", "-", name) + ".qdiag")
        twin_variation.save(change, path)
        began = time.monotonic()
        script = self._start(path, path.with_suffix(".txt"))
        seconds = time.monotonic() - began
        if script.exit_code in _ENDED_FROM_OUTSIDE:
            kept = f"what was recorded so far is kept in {self._folder}"
            raise Interrupted(f"run {name} was interrupted", kept, abs(script.exit_code or 0) & 127)
        with Trace.open(path) as trace:
            series = series_of(trace, twin_steps.read(twin_steps.path_for(path)))
        failure = _failure(script) or ("" if series.moments else "none of its calls was recorded")
        return Run(name, role, changed, change, path, series, seconds, failure)

    def _several(self, wanted: Sequence[tuple[str, str, str, Variation]]) -> list[Run]:
        with ThreadPoolExecutor(max(1, self._wish.jobs)) as pool:
            try:
                return list(pool.map(lambda one: self._run(*one), wanted))
            except KeyboardInterrupt:
                # only this thread hears of it
                self._end_runs()
                raise

    # --- the kinds of runs ---------------------------------------------------------------------------------------------

    def _methods(self, twins: Twins) -> None:
        first = twins.again.series.first
        own = first.configuration.method.diff_method if first is not None else ""
        named = [method for method in self._wish.methods if method != own]
        for method in named or [method for method in CANDIDATES if method != own]:
            run = self._run(method, "method", f"diff_method {method}", Variation(diff_method=method))
            if run.failure and not _is_comparable(run):
                twins.failed.append(run)
                continue
            twins.methods.append(Pair(run, twins.again, part(twins.again.series, run.series)))
            if not named:
                return

    def _controls(self, twins: Twins) -> None:
        choices = nudges(twins.again.series.steps, self._wish.controls + SPARES)
        if not choices:
            twins.notes.append("no weight of a torch optimiser could be nudged: there is no control")
            return
        number = 0
        while choices and len(twins.controls) < self._wish.controls:
            missing = self._wish.controls - len(twins.controls)
            batch, choices = choices[:missing], choices[missing:]
            wanted = []
            for choice in batch:
                number += 1
                changed = f"one ulp on element {choice[1]} of parameter {choice[0]}"
                wanted.append((f"ulp {number}", "control", changed, Variation(nudge=choice)))
            for run in self._several(wanted):
                self._take_control(twins, run)

    def _take_control(self, twins: Twins, run: Run) -> None:
        """A nudge counts only if it reaches a QNode at the first step: a weight behind a dead rectifier proves nothing."""
        parting = part(twins.again.series, run.series)
        if run.failure:
            twins.failed.append(run)
        elif calls_differ(twins.again.series.opening, run.series.opening):
            twins.controls.append(Pair(run, twins.again, parting))
        else:
            twins.notes.append(f"{run.name} ({run.changed}) changes no output or gradient of the first calls: left out")

    def _float64(self, twins: Twins) -> None:
        other = twins.methods[0].run
        first = twins.again.series.first
        narrow = first is not None and any(value.dtype.name in NARROW for value in twins.again.series.inputs())
        if narrow:
            run = self._run("QNode f64", "qnode-float64", "the QNode in float64", Variation(qnode_float64=True))
            self._keep(twins, twins.qnode_float64, run, other)
            if not any(comes_back(pair.parting, twins.methods[0].parting) for pair in twins.qnode_float64):
                change = replace(other.variation, qnode_float64=True)
                name = f"{other.name} QNode f64"
                wide = self._run(name, "qnode-float64", f"{other.changed}, the QNode in float64", change)
                self._keep(twins, twins.qnode_float64, wide, twins.again)
        start = twins.again.series.steps.start
        if narrow or (start is not None and start.dtype.name in NARROW):
            wanted = [
                ("f64", "float64", "everything in float64", Variation(all_float64=True)),
                (f"{other.name} f64", "float64", f"{other.changed}, everything in float64", replace(other.variation, all_float64=True)),
            ]
            runs = self._several(wanted)
            if runs[0].failure:
                twins.failed.append(runs[0])
            else:
                self._keep(twins, twins.float64, runs[1], runs[0])
                twins.float64[:0] = [Pair(runs[0], twins.again, part(twins.again.series, runs[0].series))]

    def _mechanism(self, twins: Twins) -> None:
        other = twins.methods[0].run
        steps = twins.again.series.steps
        for name, changed, change in factors(steps):
            wanted = [
                (name, "mechanism", changed, change),
                (
                    f"{other.name} {name}",
                    "mechanism",
                    f"{other.changed}, {changed}",
                    replace(change, diff_method=other.variation.diff_method),
                ),
            ]
            own, changed_other = self._several(wanted)
            if own.failure:
                twins.failed.append(own)
            else:
                self._keep(twins, twins.mechanism, changed_other, own)

    def _keep(self, twins: Twins, where: list[Pair], run: Run, against: Run) -> None:
        if run.failure:
            twins.failed.append(run)
        else:
            where.append(Pair(run, against, part(against.series, run.series)))


_ENDED_FROM_OUTSIDE = frozenset(code for number in (1, 2, 15) for code in (-number, 128 + number))
"""Exit codes of a script that a hang-up, Ctrl-C or a request to end has ended: the further runs are not wanted either."""


def _failure(script: Script) -> str:
    if script.exit_code in (0, None):
        return ""
    if script.failure is not None:
        return f"{script.failure.type}: {script.failure.message}".split("\n")[0][:300]
    return f"exit code {script.exit_code}"


def _is_comparable(run: Run) -> bool:
    """Whether a run that failed came far enough to be compared."""
    return any(moment.loss is not None for moment in run.series.moments)


def comes_back(healed: Parting, apart: Parting) -> bool:
    """Whether a change brings two trainings together again that are apart without it."""
    return healed.reach <= max(1e-6, 1e-3 * apart.reach)


def calls_differ(first: Sequence[Call], second: Sequence[Call]) -> bool:
    """Whether the calls of a step differ in outputs or in what came back to them."""
    before = [array for call in first for array in _numbers_of(call)]
    after = [array for call in second for array in _numbers_of(call)]
    return len(before) != len(after) or any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after))


def _numbers_of(call: Call) -> list[np.ndarray]:
    back = [array for backward in call.backwards for array in (*backward.cotangents, *backward.gradients) if array is not None]
    return [*(call.outputs or ()), *back]


def nudges(steps: Steps, count: int) -> list[tuple[int, int]]:
    """Seeded choices of a parameter and its element, first among those on which the loss depends at the first step."""
    if not steps.steps or not steps.sizes:
        return []
    gradients = np.abs(steps.steps[0].gradients.astype(float))
    live = np.isfinite(gradients) & (gradients > 0.01 * gradients.max(initial=0.0))
    generator = np.random.default_rng(0)
    # a gradient of zero may be what is wrong: where the loss depends on few numbers by its word, the others are tried after them
    ordered = [generator.permutation(np.flatnonzero(live)), generator.permutation(np.flatnonzero(~live))]
    chosen = np.concatenate(ordered)[:count]
    stride = twin_steps.kept_slice(sum(steps.sizes)).step
    ends = np.cumsum(steps.sizes)
    places = []
    for flat in chosen * stride:
        parameter = int(np.searchsorted(ends, flat, side="right"))
        places.append((parameter, int(flat - (ends[parameter] - steps.sizes[parameter]))))
    return places


def factors(steps: Steps) -> Iterable[tuple[str, str, Variation]]:
    """The factors of a training that can be changed from outside, one at a time."""
    yield "lr / 10", "a tenth of the learning rate", Variation(learning_rate=0.1)
    optimizers = set(steps.optimizers)
    if any("Adam" in name for name in optimizers):
        yield "eps 1e-3", "Adam's eps 1e-3", Variation(epsilon=1e-3)
    if optimizers - {"SGD"}:
        yield "SGD", "plain gradient descent", Variation(plain_sgd=True)
    if "L1Loss" in steps.losses:
        yield "SmoothL1", "SmoothL1Loss for L1Loss", Variation(loss="SmoothL1Loss")
        yield "MSE", "MSELoss for L1Loss", Variation(loss="MSELoss")
