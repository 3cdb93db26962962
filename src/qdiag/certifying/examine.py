"""One specimen on one device, under all of its methods, in one task of a worker: the lean path.

Nothing of a run is needed for it, no trace and no comparison of methods: each evaluation stands beside the arbiter's reference alone,
which is worked out once for all of them. A method gives one vector-Jacobian product, along a seeded cotangent that weighs every
element of every output: an error in one entry of the Jacobian is one of about half its size there. What disagrees is asked a second
time, for the whole Jacobian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Optional

import numpy as np

from qdiag.certifying.cells import WRONG, cell_of, failed_cell, verdict_of
from qdiag.certifying.companions import joined_references, rows_of
from qdiag.certifying.task import Task, by_its_own_numbers, cotangents_of, methods_of
from qdiag.evaluation.evaluate import evaluate
from qdiag.judging.arbiter.reference import Reference, reference
from qdiag.model.certificate import OUTPUT, Abilities, Cell
from qdiag.model.comparison import Signature
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import SHIFTED, Method
from qdiag.model.numerics.rounding import EPS64
from qdiag.model.specimen import Specimen
from qdiag.visible import make_visible

SECONDS = 5.0
"""Time for the derivatives of a reference: specimens are small."""


def examine(task: Task) -> tuple[Cell, ...]:
    """The cells of a specimen: its outputs, and each method. Runs where PennyLane is loaded."""
    plain = evaluate(task.request(OUTPUT))
    if plain.failure is not None and plain.failure.refusal:
        # what the device does not take on plain numbers it takes under no method
        refused = failed_cell(task, OUTPUT, plain.failure)
        return (refused, *(replace(refused, column=name, asked=False) for name in task.methods))
    task = replace(task, cotangents=cotangents_of(plain.outputs or ()))
    names, own = methods_of(task), by_its_own_numbers(task)
    # one reference for all, where all are asked the same
    apart = frozenset() if own is task.specimen else SHIFTED
    (output, *others) = _judge(task, [name for name in names if name not in apart], plain)
    more = _judge(replace(task, specimen=own), [name for name in names if name in apart], output=output)
    # in the order of the columns
    return (output, *sorted((*others, *more), key=lambda cell: task.methods.index(cell.column)))


def _judge(task: Task, names: Sequence[str], plain: Optional[Evaluation] = None, output: Optional[Cell] = None) -> tuple[Cell, ...]:
    """The cells of some methods beside one reference; of the outputs, too, where they are handed in."""
    found = {OUTPUT: plain} if plain is not None else {}
    found |= {name: evaluate(task.request(name)) for name in names}
    if not found:
        return ()
    depth = "direction" if any(e.vjps or e.jacobian is not None for e in found.values()) else "outputs"
    ours = _reference(task, depth)
    verdicts_of = {name: verdict_of(task, e, ours) for name, e in found.items() if e.failure is None}
    wrong = {name for name, verdict in verdicts_of.items() if verdict.verdict == "wrong"}
    # where outputs are wrong, derivatives are wrong with them
    ill = OUTPUT in wrong or (output is not None and output.standing in WRONG)
    whole = {name for name in wrong if not ill and verdicts_of[name].where not in (Signature.OUTPUT, Signature.SHAPE)}
    if depth == "direction" and whole:
        # one direction and one product show that something is off; which entry, all of them
        ours = _reference(task, "full")
        found |= {name: evaluate(task.request(name, whole=True)) for name in whole}
    own = () if plain is None else (cell_of(task, OUTPUT, found.pop(OUTPUT), ours),)
    beside = own[0] if own else output
    return (*own, *(cell_of(task, name, evaluation, ours, beside, whole=name in whole) for name, evaluation in found.items()))


def _reference(task: Task, depth: str) -> Reference:
    """The arbiter's word; of a batch that it does not know, in a hunt, its words on the rows."""
    circuit, wires = task.specimen.circuit, task.specimen.wires
    work_out = partial(reference, device_wires=wires, trusted=task.trusted, seconds=SECONDS, eps=task.abilities.eps)
    found = work_out(circuit, depth=depth)
    if found.outputs is not None or not task.upheld:
        return found
    rows = joined_references([work_out(row, depth="outputs") for row in rows_of(task.specimen)])
    return found if rows.outputs is None else rows



# --- the device itself ----------------------------------------------------------------------------------------------------------------


def abilities_of(device: Method, ground: Sequence[Specimen], trusted: bool = False) -> Abilities:
    """What a device's own numbers say of its precision, and whether it samples. Runs where PennyLane is loaded."""
    said: dict[str, None] = {}
    for specimen in ground:
        found = evaluate(replace(Task(specimen, device, (), trusted=trusted).request(OUTPUT), assumed=""))
        said.update(dict.fromkeys(make_visible(text) for text in found.warnings))
        if found.measured.precision or found.measured.samples:
            eps = float(np.finfo(np.float32).eps) if found.measured.narrow else EPS64
            return Abilities(eps, found.measured.samples, tuple(said))
    return Abilities(words=tuple(said))
