"""One device asked for all specimens: its abilities, the methods that it offers, and its cells, which are kept as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from qdiag.certifying.examine import abilities_of
from qdiag.certifying.matrix import fill, methods_offered
from qdiag.certifying.task import Task
from qdiag.errors import UsageError
from qdiag.evaluation import space
from qdiag.evaluation.evaluator import Evaluator
from qdiag.model.certificate import Cell, Certificate
from qdiag.model.method import Method
from qdiag.model.option import Options as DeviceOptions
from qdiag.model.specimen import Rank, Specimen, about
from qdiag.pipeline.run_options import Voice
from qdiag.trace.cells_file import CellsFile
from qdiag.trace.run_folder import RunFolder

PLAINEST = 2
"""Circuits that a method is offered: one that takes neither probabilities nor an expectation value is no method of the device."""


@dataclass(frozen=True)
class Device:
    """A device that is asked.

    Parameters
    ----------
    name
        What the user calls it.
    options
        What its constructor is given.
    module
        Where its class is, or "" for one that is installed.
    beside
        PennyLane's own device that is asked for what seems wrong, or "" for none.
    upheld
        Whether what is wrong must be so by another word than the arbiter's, too.
    trusted
        Whether classes of circuits and of the device may be imported.
    """

    name: str
    options: DeviceOptions = ()
    module: str = ""
    beside: str = ""
    upheld: bool = False
    trusted: bool = False


@dataclass(frozen=True, eq=False)
class Sweep:
    """What is to be asked of a device: a certificate without cells, and a task whose specimen is replaced."""

    certificate: Certificate
    plain: Task


@dataclass
class Known:
    """What is known so far."""

    cells: list[Cell] = field(default_factory=list)
    asked: int = 0
    counted: int = 0
    interrupted: bool = False


def chosen(specimens: tuple[Specimen, ...], only: frozenset[str]) -> tuple[Specimen, ...]:
    """Those about the operations and measurements that are named; all where none is.

    Raises
    ------
    UsageError
        If nothing of that name is in the space.
    """
    if not only:
        return specimens
    found = about(specimens, only)
    names = {name for one in found for name in (one.core, one.operation, one.measurement)}
    missing = sorted(only - names)
    if missing:
        raise UsageError(f"there is no operation '{missing[0]}' in the space", "name a class of PennyLane's, as RX or TrotterProduct")
    return found


def begin_sweep(
    device: Device, candidates: Callable[[int], tuple[str, ...]], specimens: Sequence[Specimen], workers: Evaluator, seed: int
) -> Sweep:
    """Measure a device's abilities, and ask which methods it offers.

    Parameters
    ----------
    device
        The device.
    candidates
        The methods that it may offer, from the number of samples that its results are made of.
    specimens
        The circuits; the ground is among them.
    workers, seed
        Who evaluates; what the angles were drawn by.

    Raises
    ------
    UsageError
        If there is no such device, or it takes no circuit at all.
    """
    class_name = workers.call(space.device_named, device.name, device.module).result()
    method = Method(class_name, "", device_options=device.options)
    ground = [one for one in specimens if one.rank is Rank.GROUND]
    abilities = workers.call(abilities_of, method, tuple(ground), device.trusted).result()
    plain = Task(ground[0], method, (), abilities, device.beside, device.trusted, device.upheld)
    offered, words = methods_offered(candidates(abilities.shots), ground[:PLAINEST], plain, workers)
    if words is not None:
        raise UsageError(f"{device.name} takes no circuit: {words}", "give it what it needs with --option NAME=VALUE")
    stack = workers.call(space.environment, device.name).result()
    empty = Certificate(device.name, method, stack, abilities, offered, (), total=len(specimens), seed=seed)
    return Sweep(empty, replace(plain, methods=offered))


def fill_cells(
    sweep: Sweep,
    specimens: Sequence[Specimen],
    workers: Evaluator,
    run: RunFolder,
    voice: Voice,
    *,
    over: Callable[[], bool],
    file: str = "cells.jsonl",
    about: str = "",
    what: str = "asking",
    count: Callable[[Cell], bool] = lambda cell: cell.silent,
    beside: str = "wrong",
) -> Known:
    """Ask for all specimens; Ctrl-C cuts them short, and what is known by then is kept.

    Parameters
    ----------
    sweep, specimens, workers, run, voice
        What is asked of whom, where it is kept, and who is told.
    over
        Whether the time is over.
    file, about
        Where cells are kept, and what else they depend on beside the device, its methods and the seed.
    what, count, beside
        What is said meanwhile: what goes on, which cells are counted, and what these are called.
    """
    known, plain = Known(), sweep.plain
    kept = CellsFile(run.path / file, f"{plain.device!r} {plain.methods} {sweep.certificate.seed}{about}")
    with kept, voice.progress(what) as report:

        def tell(specimen: Specimen, cells: tuple[Cell, ...]) -> None:
            known.cells += cells
            known.asked += 1
            kept.keep(specimen, cells)
            report(known.asked, len(specimens))
            known.counted += sum(map(count, cells))
            voice.now(f"{known.counted} {beside}" if known.counted else "")

        try:
            fill(specimens, plain, workers, tell, known=kept.known, over=over)
        except KeyboardInterrupt:
            known.interrupted = True
    return known


def filled(sweep: Sweep, known: Known, seconds: float = 0.0) -> Certificate:
    """The certificate with its cells."""
    return replace(
        sweep.certificate, cells=tuple(known.cells), asked=known.asked, seconds=seconds, interrupted=known.interrupted
    )


def candidates_named(methods: tuple[str, ...], otherwise: Callable[[int], tuple[str, ...]]) -> Callable[[int], tuple[str, ...]]:
    """The methods that the user names, or else those that a device may offer."""
    return lambda shots: methods or otherwise(shots)

