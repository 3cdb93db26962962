"""The staircase of ``qdiag certify``: the space, the device's abilities, its matrix, its faults, and the cause of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Optional

from qdiag.certifying.faults import faults_of
from qdiag.evaluation import space
from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.executor import open_evaluator
from qdiag.evaluation.limits import Deadline
from qdiag.model.certificate import Certificate
from qdiag.model.method import DETERMINISTIC
from qdiag.model.option import Options as DeviceOptions
from qdiag.pipeline.run_options import Voice
from qdiag.pipeline.stage_cells import Device, begin_sweep, candidates_named, chosen, fill_cells, filled
from qdiag.pipeline.stage_certified import with_causes
from qdiag.pipeline.stage_context import StageContext
from qdiag.proving.reproducer.script_runs import ScriptRunner
from qdiag.trace.run_folder import RunFolder

REFERENCE = "default.qubit"
"""PennyLane's own device: what is wrong there, too, is no other device's fault."""

LIMIT = 20.0
"""Processor time for one evaluation: specimens are small, and what hangs is to end."""

FOR_CELLS = 0.75
"""The part of a budget that goes into the matrix, where causes are looked for."""


@dataclass(frozen=True)
class Asked:
    """What the user asked for.

    Parameters
    ----------
    name
        The device.
    options
        What its constructor is given.
    module
        Where its class is, or "" for one that is installed.
    methods
        Differentiation methods, or empty for all that it offers; finite differences only where they are named.
    only
        Operations and measurements, by name; empty for all.
    seed
        Of the angles.
    jobs
        Worker processes.
    budget
        Seconds for all of it.
    causes
        Whether faults are diagnosed and shrunk.
    cluster
        The address of a Dask scheduler whose workers evaluate, or ``local:N``; "" for workers on this machine.
    """

    name: str
    options: DeviceOptions = ()
    module: str = ""
    methods: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    seed: int = 0
    jobs: Optional[int] = None
    budget: Optional[float] = None
    causes: bool = True
    cluster: str = ""


def certify(asked: Asked, run: RunFolder, voice: Voice, workers: Optional[Evaluator] = None) -> Certificate:
    """Put all specimens to a device, and find out why what is wrong is wrong.

    Raises
    ------
    UsageError
        If there is no such device, it takes no circuit at all, or nothing of that name is in the space.
    """
    with ScriptRunner() as start:
        if workers is not None:
            return _Certifying(asked, run, voice, workers, start).certify()
        with open_evaluator(asked.cluster, asked.jobs, LIMIT, forked=True, tell=voice.say) as own:
            return _Certifying(asked, run, voice, own, start).certify()


class _Certifying:
    def __init__(self, asked: Asked, run: RunFolder, voice: Voice, workers: Evaluator, start: ScriptRunner) -> None:
        self._asked, self._run, self._voice, self._workers, self._start = asked, run, voice, workers, start
        self._started = time.monotonic()
        self._deadline = Deadline(asked.budget)
        self._deadline.begin()

    def certify(self) -> Certificate:
        asked, workers = self._asked, self._workers
        beside = "" if asked.name == REFERENCE else REFERENCE
        device = Device(asked.name, asked.options, asked.module, beside, trusted=bool(asked.module))
        with self._voice.progress("making circuits"):
            workers.call(space.device_named, asked.name, asked.module).result()
            specimens = chosen(workers.call(space.specimens, asked.seed, "", asked.only).result(), asked.only)
        with self._voice.progress("measuring its precision"):
            candidates = candidates_named(asked.methods, _candidates)
            sweep = begin_sweep(device, candidates, specimens, workers, asked.seed)
        known = fill_cells(sweep, specimens, workers, self._run, self._voice, over=self._is_over)
        faults = faults_of(known.cells, specimens)
        if asked.causes and faults and not known.interrupted:
            self._start.get_ready()
            with self._voice.progress("diagnosing") as report:
                faults = with_causes(faults, sweep.plain, self._context(sweep.certificate), self._run, report)
        return replace(filled(sweep, known, time.monotonic() - self._started), faults=faults)

    def _is_over(self) -> bool:
        # of time without an end nothing need be kept
        kept = (self._asked.budget or 0.0) * (1 - FOR_CELLS) if self._asked.causes else 0.0
        return self._deadline.left <= kept

    def _context(self, certificate: Certificate) -> StageContext:
        return StageContext(
            self._workers,
            certificate.environment,
            trusted=bool(self._asked.module),
            seconds=SHRINKING,
            deadline=self._deadline,
            tell=self._voice.now,
            start=self._start,
        )


SHRINKING = 15.0
"""Seconds for shrinking one fault: a specimen is nearly as small as it can be."""


def _candidates(shots: int) -> tuple[str, ...]:
    """All methods but finite differences: these are the outputs once more, divided by a step."""
    names = tuple(name for name in DETERMINISTIC if name != "finite-diff")
    # what is differentiated through a sampled result is nothing
    return tuple(name for name in names if name not in ("backprop", "adjoint")) if shots else (*names, "device")
