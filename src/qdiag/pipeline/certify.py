"""The staircase of ``qdiag certify``: the space, the device's abilities, its matrix, its faults, and the cause of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

from qdiag.certifying.examine import Task, abilities_of
from qdiag.certifying.faults import faults_of
from qdiag.certifying.matrix import fill, methods_offered
from qdiag.errors import UsageError
from qdiag.evaluation import space
from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.executor import open_evaluator
from qdiag.evaluation.limits import Deadline
from qdiag.model.certificate import Cell, Certificate
from qdiag.model.method import DETERMINISTIC, Method
from qdiag.model.option import Options as DeviceOptions
from qdiag.model.specimen import Rank, Specimen, about
from qdiag.pipeline.run_options import Voice
from qdiag.pipeline.stage_certified import with_causes
from qdiag.pipeline.stage_context import StageContext
from qdiag.proving.reproducer.script_runs import ScriptRunner
from qdiag.trace.cells_file import CellsFile
from qdiag.trace.run_folder import RunFolder

REFERENCE = "default.qubit"
"""PennyLane's own device: what is wrong there, too, is no other device's fault."""

LIMIT = 20.0
"""Processor time for one evaluation: specimens are small, and what hangs is to end."""

PLAINEST = 2
"""Circuits that a method is offered: one that takes neither probabilities nor an expectation value is no method of the device."""

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


@dataclass
class _Found:
    """What is known so far."""

    cells: list[Cell] = field(default_factory=list)
    asked: int = 0


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
        with self._voice.progress("making circuits"):
            device = Method(workers.call(space.device_named, asked.name, asked.module).result(), "", device_options=asked.options)
            specimens = _chosen(workers.call(space.specimens, asked.seed).result(), asked)
        ground = [one for one in specimens if one.rank is Rank.GROUND]
        with self._voice.progress("measuring its precision"):
            trusted = bool(asked.module)
            abilities = workers.call(abilities_of, device, tuple(ground), trusted).result()
            beside = "" if asked.name == REFERENCE else REFERENCE
            plain = Task(ground[0], device, (), abilities, beside, trusted)
            offered, words = methods_offered(asked.methods or _candidates(abilities.shots), ground[:PLAINEST], plain, workers)
        if words is not None:
            raise UsageError(f"{asked.name} takes no circuit: {words}", "give it what it needs with --option NAME=VALUE")
        stack = workers.call(space.environment, asked.name).result()
        empty = Certificate(asked.name, device, stack, abilities, offered, (), total=len(specimens), seed=asked.seed)
        plain = replace(plain, methods=offered)
        found, interrupted = self._cells(specimens, plain)
        cells = tuple(found.cells)
        faults = faults_of(cells, specimens)
        if asked.causes and faults and not interrupted:
            self._start.get_ready()
            with self._voice.progress("diagnosing") as report:
                faults = with_causes(faults, plain, self._context(empty), self._run, report)
        seconds = time.monotonic() - self._started
        return replace(empty, cells=cells, faults=faults, asked=found.asked, seconds=seconds, interrupted=interrupted)

    def _cells(self, specimens: Sequence[Specimen], plain: Task) -> tuple[_Found, bool]:
        """The cells, and whether Ctrl-C cut them short: what is known by then is kept."""
        found = _Found()
        file = CellsFile(self._run.path / "cells.jsonl", f"{plain.device!r} {plain.methods} {self._asked.seed}")
        # of time without an end nothing need be kept
        kept = (self._asked.budget or 0.0) * (1 - FOR_CELLS) if self._asked.causes else 0.0

        def is_over() -> bool:
            return self._deadline.left <= kept

        with file, self._voice.progress("asking") as report:

            def tell(specimen: Specimen, cells: tuple[Cell, ...]) -> None:
                found.cells += cells
                found.asked += 1
                file.keep(specimen, cells)
                report(found.asked, len(specimens))
                wrong = sum(cell.silent for cell in found.cells)
                self._voice.now(f"{wrong} wrong" if wrong else "")

            try:
                fill(specimens, plain, self._workers, tell, known=file.known, over=is_over)
            except KeyboardInterrupt:
                return found, True
        return found, False

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


def _chosen(specimens: tuple[Specimen, ...], asked: Asked) -> tuple[Specimen, ...]:
    if not asked.only:
        return specimens
    chosen = about(specimens, asked.only)
    names = {name for one in chosen for name in (one.core, one.operation, one.measurement)}
    missing = sorted(asked.only - names)
    if missing:
        raise UsageError(f"there is no operation '{missing[0]}' in the space", "name a class of PennyLane's, as RX or TrotterProduct")
    return chosen


def _candidates(shots: int) -> tuple[str, ...]:
    """All methods but finite differences: these are the outputs once more, divided by a step."""
    names = tuple(name for name in DETERMINISTIC if name != "finite-diff")
    # what is differentiated through a sampled result is nothing
    return tuple(name for name in names if name not in ("backprop", "adjoint")) if shots else (*names, "device")
