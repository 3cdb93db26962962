"""The staircase of ``qdiag hunt``: the space, the cells of each of PennyLane's own devices, finds across them, their causes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from qdiag.certifying.finds import finds_of, with_causes_joined
from qdiag.certifying.task import OWN
from qdiag.errors import UsageError
from qdiag.evaluation import space
from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.executor import open_evaluator
from qdiag.evaluation.limits import Deadline
from qdiag.model.certificate import Cell, Certificate, Standing
from qdiag.model.hunt import Find, Hunt, Kind
from qdiag.model.method import DETERMINISTIC
from qdiag.model.specimen import Specimen
from qdiag.pipeline.certify import FOR_CELLS, LIMIT, SHRINKING
from qdiag.pipeline.run_options import Voice
from qdiag.pipeline.stage_cells import Device, Known, Sweep, begin_sweep, candidates_named, chosen, fill_cells, filled
from qdiag.pipeline.stage_context import StageContext
from qdiag.pipeline.stage_finds import with_findings
from qdiag.pipeline.stage_seeds import seeds_of
from qdiag.proving.reproducer.script_runs import ScriptRunner
from qdiag.trace.run_folder import RunFolder

SISTERS = 10
"""Circuits near each of a recorded run."""

MOST_PATTERNS = 60
"""So many finds have others looked for near them."""


@dataclass(frozen=True)
class Asked:
    """What the user asked for.

    Parameters
    ----------
    devices
        The devices; empty for PennyLane's own that are installed.
    module
        A module whose operations, and devices, are asked for, too; "" for none.
    methods
        Differentiation methods, or empty for all that each device offers.
    only
        Operations and measurements, by name; empty for all.
    seed
        Of the angles.
    jobs
        Worker processes.
    budget
        Seconds for all of it.
    causes
        Whether finds are diagnosed and shrunk.
    cluster
        The address of a Dask scheduler whose workers evaluate, or ``local:N``; "" for workers on this machine.
    random
        How many random circuits come after all others.
    near
        How many circuits near each find are asked, too.
    seeds
        Recorded runs whose circuits are asked, and are patterns for others near them.
    """

    devices: tuple[str, ...] = ()
    module: str = ""
    methods: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    seed: int = 0
    jobs: Optional[int] = None
    budget: Optional[float] = None
    causes: bool = True
    cluster: str = ""
    random: int = 0
    near: int = 0
    seeds: tuple[Path, ...] = ()


def hunt(asked: Asked, run: RunFolder, voice: Voice, workers: Optional[Evaluator] = None) -> Hunt:
    """Ask PennyLane's own devices for all specimens, and find out why what is wrong is wrong.

    Raises
    ------
    UsageError
        If there is no such device, or nothing of a name is in the space.
    """
    with ScriptRunner() as start:
        if workers is not None:
            return _Hunting(asked, run, voice, workers, start).hunt()
        with open_evaluator(asked.cluster, asked.jobs, LIMIT, forked=True, tell=voice.say) as own:
            return _Hunting(asked, run, voice, own, start).hunt()


class _Hunting:
    def __init__(self, asked: Asked, run: RunFolder, voice: Voice, workers: Evaluator, start: ScriptRunner) -> None:
        self._asked, self._run, self._voice, self._workers, self._start = asked, run, voice, workers, start
        self._started = time.monotonic()
        self._sweeps: dict[str, Sweep] = {}
        self._deadline = Deadline(asked.budget)
        self._deadline.begin()

    def hunt(self) -> Hunt:
        asked = self._asked
        seeds = seeds_of(asked.seeds)
        names = asked.devices or self._installed()
        with self._voice.progress("making circuits"):
            specimens = self._specimens(seeds)
        parts: list[Certificate] = []
        for left, name in zip(range(len(names), 0, -1), names):
            parts.append(self._part(name, specimens, left))
            if parts[-1].interrupted:
                break
        finds = finds_of(parts, specimens)
        interrupted = parts[-1].interrupted
        if asked.near and finds and not interrupted:
            near = self._near(finds)
            parts = [self._with_more(part, near) for part in parts]
            specimens = (*specimens, *near)
            finds, interrupted = finds_of(parts, specimens), any(part.interrupted for part in parts)
        if asked.causes and finds and not interrupted:
            finds = self._diagnosed(finds, specimens, parts[0])
        return Hunt(tuple(parts), finds, time.monotonic() - self._started, interrupted)

    def _specimens(self, seeds: tuple[Specimen, ...]) -> tuple[Specimen, ...]:
        """All circuits that are asked of each device: those of the space, what was recorded, and what is near that."""
        asked = self._asked
        made = self._workers.call(space.wide_specimens, asked.seed, asked.module, asked.only, asked.random).result()
        # what is drawn is neither upheld nor ruled out by numerical differentiation
        exact = tuple(one for one in chosen(made, asked.only) if not one.circuit.shots)
        near = self._workers.call(space.mutations, seeds, SISTERS, asked.seed, asked.module).result() if seeds else ()
        return (*exact, *seeds, *near)

    def _near(self, finds: Sequence[Find]) -> tuple[Specimen, ...]:
        """Circuits near what was found and is worth an issue."""
        worth = (find for find in finds if find.offered and find.specimen is not None and find.kind is not Kind.LOST)
        # what is wrong in one way at the same operation, or is read in one way, needs one pattern
        alike = {(f.first.cell.core, f.first.cell.measurement, f.kind, f.columns): f.specimen for f in worth}
        patterns = tuple(specimen for specimen in alike.values() if specimen is not None)
        with self._voice.progress("making circuits near what was found"):
            known = (patterns[:MOST_PATTERNS], self._asked.near, self._asked.seed, self._asked.module)
            return tuple(self._workers.call(space.mutations, *known).result())

    def _installed(self) -> tuple[str, ...]:
        """PennyLane's own devices, as far as they are installed."""
        found = []
        for name in OWN:
            try:
                found.append(self._workers.call(space.device_named, name, "").result())
            except UsageError:
                continue
        return tuple(found)

    def _part(self, name: str, specimens: Sequence[Specimen], left: int) -> Certificate:
        """The cells of one device, of so many that are left."""
        asked, started = self._asked, time.monotonic()
        trusted = bool(asked.module)
        device = Device(name, module=asked.module if name not in OWN else "", upheld=True, trusted=trusted)
        with self._voice.progress(f"measuring {name}"):
            sweep = begin_sweep(device, candidates_named(asked.methods, _candidates), specimens, self._workers, asked.seed)
        self._sweeps[name] = sweep
        kept = (asked.budget or 0.0) * (1 - FOR_CELLS) if asked.causes else 0.0
        # what is left of the budget is shared by the devices that are still to come
        ends = kept + (self._deadline.left - kept) * (left - 1) / left if asked.budget else 0.0
        known = self._fill(sweep, specimens, lambda: self._deadline.left <= ends, f"asking {name}")
        return filled(sweep, known, time.monotonic() - started)

    def _with_more(self, part: Certificate, near: Sequence[Specimen]) -> Certificate:
        """A device's cells, with those of further circuits."""
        started = time.monotonic()
        known = self._fill(self._sweeps[part.name], near, lambda: self._deadline.passed, f"asking {part.name} near what was found")
        return replace(
            part,
            cells=(*part.cells, *known.cells),
            asked=part.asked + known.asked,
            total=part.total + len(near),
            seconds=part.seconds + time.monotonic() - started,
            interrupted=known.interrupted,
        )

    def _fill(self, sweep: Sweep, specimens: Sequence[Specimen], over: Callable[[], bool], what: str) -> Known:
        return fill_cells(
            sweep,
            specimens,
            self._workers,
            self._run,
            self._voice,
            over=over,
            file=f"cells-{sweep.certificate.name}.jsonl",
            about=f" {sweep.certificate.environment.version('pennylane')}",
            what=what,
            count=is_hit,
            beside="hits",
        )

    def _diagnosed(self, finds: tuple[Find, ...], specimens: Sequence[Specimen], part: Certificate) -> tuple[Find, ...]:
        self._start.get_ready()
        context = StageContext(
            self._workers,
            part.environment,
            trusted=bool(self._asked.module),
            seconds=SHRINKING,
            deadline=self._deadline,
            tell=self._voice.now,
            start=self._start,
        )
        tasks = {name: sweep.plain for name, sweep in self._sweeps.items()}
        with self._voice.progress("diagnosing") as report:
            return with_causes_joined(with_findings(finds, tasks, context, self._run, report), specimens)


def is_hit(cell: Cell) -> bool:
    """Whether a cell may be a hit: what breaks down is one only where another works."""
    return cell.standing in (Standing.WRONG, Standing.RAISED, Standing.LOST)


def _candidates(shots: int) -> tuple[str, ...]:
    return (*DETERMINISTIC, "device")
