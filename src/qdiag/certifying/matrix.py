"""Every specimen of the space put to a device, in the order of ranks, in workers that may die: what refuses as such is asked once.

A specimen is one task. Where its process dies, or takes too long, each method is asked alone, so that the one that kills it is known
and the others have their cells all the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Optional

from qdiag.certifying.cells import lost_cells
from qdiag.certifying.examine import examine
from qdiag.certifying.task import Task
from qdiag.evaluation.evaluator import Evaluator
from qdiag.model.certificate import OUTPUT, Cell, Standing
from qdiag.model.specimen import BARE, Rank, Specimen

AHEAD = 2
"""So many tasks a worker has waiting while refusals are learned: few, so that what is learned counts at once."""

FAR_AHEAD = 8
"""So many later on: nobody waits for one that takes long."""

LEARNED = Rank.WRAPPED
"""From this rank on nothing more is learned."""

Told = Callable[[Specimen, tuple[Cell, ...]], None]


@dataclass
class Refusals:
    """What a device has refused as such: operations on plain numbers, measurements without any operation."""

    operations: dict[str, Cell] = field(default_factory=dict)
    measurements: dict[str, Cell] = field(default_factory=dict)

    def learn(self, specimen: Specimen, cells: Sequence[Cell]) -> None:
        """Take note of a refusal on plain numbers."""
        output = next((cell for cell in cells if cell.column == OUTPUT), None)
        if output is None or output.standing is not Standing.REFUSED or specimen.variation:
            return
        if specimen.operation == BARE:
            self.measurements[specimen.measurement] = output
        elif specimen.measurement not in self.measurements and specimen.rank is Rank.ALONE:
            self.operations[specimen.operation] = output

    def known(self, specimen: Specimen, columns: Sequence[str]) -> tuple[Cell, ...]:
        """The cells of a specimen that need not be asked; none where it must."""
        found = self.measurements.get(specimen.measurement)
        # other numbers may make another operation of it: a sum with a zero in it is shorter
        if found is None and specimen.rank not in (Rank.ALONE, Rank.NUMBERS):
            found = self.operations.get(specimen.operation)
        if found is None:
            return ()
        one = replace(found, operation=specimen.operation, core=specimen.core, measurement=specimen.measurement, asked=False)
        return tuple(replace(one, variation=specimen.variation, column=column) for column in columns)


def fill(
    specimens: Sequence[Specimen],
    plain: Task,
    evaluator: Evaluator,
    told: Told,
    *,
    known: Callable[[Specimen], tuple[Cell, ...]] = lambda specimen: (),
    over: Callable[[], bool] = lambda: False,
) -> None:
    """Ask a device for all specimens.

    Parameters
    ----------
    specimens
        In the order of their ranks.
    plain
        A task of the device, whose specimen is replaced.
    evaluator
        Where they are evaluated.
    told
        Told of the cells of each specimen as they come.
    known
        Cells of a specimen that an earlier run has.
    over
        Whether the time is over: nothing is begun any more.
    """
    refusals = Refusals()

    def tell(specimen: Specimen, cells: tuple[Cell, ...]) -> None:
        refusals.learn(specimen, cells)
        told(specimen, cells)

    for rank, group in groupby(specimens, key=lambda one: min(one.rank, LEARNED)):
        waiting: deque[tuple[Task, Future[Any]]] = deque()
        ahead = (AHEAD if rank < LEARNED else FAR_AHEAD) * evaluator.count
        for specimen in group:
            ready = known(specimen) or refusals.known(specimen, (OUTPUT, *plain.methods))
            if ready:
                tell(specimen, ready)
                continue
            while len(waiting) >= ahead:
                tell(*_answer(*waiting.popleft(), evaluator))
            if over():
                break
            task = replace(plain, specimen=specimen)
            waiting.append((task, evaluator.call(examine, task)))
        while waiting:
            tell(*_answer(*waiting.popleft(), evaluator))
        if over():
            return


def _answer(task: Task, future: Future[Any], evaluator: Evaluator) -> tuple[Specimen, tuple[Cell, ...]]:
    error = future.exception()
    if error is None:
        return task.specimen, future.result()
    if not isinstance(error, Exception):
        raise error
    return task.specimen, tuple(_alone(task, error, evaluator))


def _alone(task: Task, error: Exception, evaluator: Evaluator) -> Iterator[Cell]:
    """Each method by itself, where one of them has killed the process, or all together took too long."""
    if task.methods:
        for name in (None, *task.methods):
            one = replace(task, methods=() if name is None else (name,))
            future = evaluator.call(examine, one)
            again = future.exception()
            if again is None:
                yield from (cell for cell in future.result() if cell.column == (name or OUTPUT))
            elif isinstance(again, Exception):
                yield from (cell for cell in _lost(one, again) if cell.column == (name or OUTPUT))
            else:
                raise again
    else:
        yield from _lost(task, error)


def _lost(task: Task, error: Exception) -> tuple[Cell, ...]:
    if isinstance(error, TimeoutError) or type(error).__name__ == "TimeoutError":
        return lost_cells(task, Standing.LATE, "it took too long")
    code = getattr(error, "exitcode", None)
    if code is not None:
        return lost_cells(task, Standing.LOST, f"the process that evaluated it was lost (exit code {code})")
    return lost_cells(task, Standing.OPEN, f"{type(error).__name__}: {error}".split("\n")[0])


def methods_offered(
    candidates: Sequence[str], ground: Sequence[Specimen], plain: Task, evaluator: Evaluator
) -> tuple[tuple[str, ...], Optional[str]]:
    """The methods that a device takes at all, on circuits that ask nothing of it; and its words where it takes not even those."""
    words: Optional[str] = None
    offered: dict[str, None] = {}
    for specimen in ground:
        cells = _answer(*_begin(replace(plain, specimen=specimen, methods=tuple(candidates)), evaluator), evaluator)[1]
        failed = (Standing.REFUSED, Standing.LOST, Standing.LATE, Standing.RAISED, Standing.EVERYWHERE)
        offered.update({cell.column: None for cell in cells if cell.standing not in failed and cell.column != OUTPUT})
        output = next((cell for cell in cells if cell.column == OUTPUT), None)
        if output is not None and output.standing in (Standing.REFUSED, Standing.RAISED):
            words = words or output.words
    return tuple(name for name in candidates if name in offered), None if offered else words


def _begin(task: Task, evaluator: Evaluator) -> tuple[Task, Future[Any]]:
    return task, evaluator.call(examine, task)
