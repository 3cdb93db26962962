"""One cell: what a device gave under a method beside the reference, and what is asked again before it is called wrong.

What disagrees is asked a second time, and PennyLane's own device is asked the same: only what that one has right is this device's
fault. In a hunt, where nobody is beside, the QNode's own outputs must uphold it (see `upheld`), and what the arbiter does not know
is held against itself (see `companions`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.certifying.companions import contradiction
from qdiag.certifying.task import OWN, SIMPLER, Task
from qdiag.certifying.upheld import NOWHERE, SAME, beside_slopes
from qdiag.evaluation import remote
from qdiag.evaluation.evaluate import evaluate
from qdiag.judging.arbiter.method_verdicts import MethodVerdict, verdicts
from qdiag.judging.arbiter.reference import Reference
from qdiag.model.call import Failure
from qdiag.model.certificate import OUTPUT, Abilities, Cell, Standing
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.evaluation import Evaluation
from qdiag.model.measured import PRECISIONS
from qdiag.model.method import SHIFTED
from qdiag.model.node import nodes_of
from qdiag.model.numerics.rounding import EPS64, eps_of
from qdiag.model.operator_families import MIXING, STATE_VECTORS
from qdiag.model.promise import Promise
from qdiag.visible import make_visible

REPEATS = 4
"""So often a result that disagrees is asked for again where a device samples: chance does not point the same way each time."""

COARSE = 1e4
"""So many eps are no rounding in circuits of the space, whatever stands in them."""

DIFFERENCED = 2e-5
"""What finite differences may be off by in double precision."""

WRONG = (Standing.WRONG, Standing.EVERYWHERE)
"""What a cell comes to that is further from the reference than its bound."""

BY_DIFFERENCES = "by finite differences, without a word"


def cell_of(task: Task, name: str, found: Evaluation, ours: Reference, output: Optional[Cell] = None, *, whole: bool = False) -> Cell:
    """What a device gave under a method, as a cell.

    Parameters
    ----------
    task, name
        What was asked, under which method, or `OUTPUT`.
    found, ours
        What the device gave, and the reference.
    output
        The cell of the outputs, where it is known.
    whole
        Whether the whole Jacobian was asked.
    """
    if found.failure is not None:
        return _broken(task, name, found.failure) if not found.failure.refusal else failed_cell(task, name, found.failure)
    verdict = verdict_of(task, found, ours)
    scale = max((*ours.norms, 1.0))
    cell = _blank(task, name, Standing.EXACT, verdict.detail if verdict.verdict != "right" else "")
    if task.upheld and (verdict.verdict == "unknown" or (verdict.verdict == "right" and _is_half_judged(found, ours))):
        return _beside_itself(task, name, replace(cell, standing=Standing.OPEN), found)
    if verdict.verdict == "unknown":
        return replace(cell, standing=Standing.OPEN)
    eps = max(task.abilities.eps, eps_of(task.specimen.circuit, found))
    # of what no physics allows the arbiter does not ask how far it is off
    gap = verdict.gap or (_distance(found, ours) if verdict.verdict == "wrong" else 0.0)
    # of samples chance is the measure, not the precision
    ulps = 0.0 if _shots(task) else gap / (eps * scale)
    measured = replace(cell, where=verdict.where, error=gap, bound=verdict.bound, ulps=ulps)
    if verdict.verdict == "right":
        return replace(measured, words=BY_DIFFERENCES, ulps=0.0) if found.takes_differences else measured
    if ours.doubts:
        return replace(cell, standing=Standing.OPEN, words=ours.doubts[0])
    if (found.takes_differences or name == "finite-diff") and (_shots(task) or eps > EPS64):
        taken = BY_DIFFERENCES if found.takes_differences else "finite differences"
        return replace(cell, standing=Standing.OPEN, words=f"{taken}, of what is rounded too coarsely for them")
    if output is not None and output.standing in WRONG and _distance(found, ours) > output.bound:
        # the outputs are wrong without this method, too: these have been asked again, and derivatives are wrong with them
        return replace(measured, standing=output.standing, promise=_promise(task, name, found))
    return _upheld(task, name, measured, found, ours, whole=whole)


def _is_half_judged(found: Evaluation, ours: Reference) -> bool:
    """Whether there is a derivative that the reference has nothing beside: no slopes at all, or none where this is no number."""
    return bool(found.vjps) and not (ours.slopes.size and _is_finite(found))


def _is_finite(found: Evaluation) -> bool:
    return all(np.isfinite(part).all() for vjp in found.vjps for part in vjp if part is not None)


def _beside_itself(task: Task, name: str, cell: Cell, found: Evaluation) -> Cell:
    """A cell of which the arbiter has no word: the circuit beside itself, its derivative beside differences of the QNode's outputs."""
    bound = COARSE * eps_of(task.specimen.circuit, found) if name != "finite-diff" else DIFFERENCED
    words, gap = contradiction(found, task.request(name), bound, evaluate)
    where = Signature.OUTPUT
    if not words:
        doubt, gap = _beside_differences(task, found, bound)
        if doubt == SAME:
            return replace(cell, standing=Standing.EXACT, words=f"{cell.words}; {SAME}")
        if doubt:
            return cell
        words, where = "numerical differentiation of the QNode itself", Signature.JACOBIAN if _is_finite(found) else Signature.NAN
    wrong = replace(cell, standing=Standing.WRONG, where=where, error=gap, bound=bound, words=f"other numbers than {words}")
    return replace(wrong, promise=_promise(task, name, found))


def _distance(found: Evaluation, ours: Reference) -> float:
    """How far the outputs are from the reference's, where they can be held against each other."""
    pairs = [(np.asarray(a).reshape(-1), np.asarray(b).reshape(-1)) for a, b in zip(found.outputs or (), ours.outputs or ())]
    return max((float(np.max(np.abs(a - b), initial=0.0)) for a, b in pairs if a.shape == b.shape), default=0.0)


def _upheld(task: Task, name: str, cell: Cell, found: Evaluation, ours: Reference, *, whole: bool) -> Cell:
    """A cell that disagrees, asked of PennyLane's own device, and asked again."""
    if task.specimen.circuit.measurements[0].name in STATE_VECTORS and _is_another_phase(task, name, found, ours):
        return replace(cell, standing=Standing.OPEN, words="a state has no phase of its own, and this one has another")
    wrong = replace(cell, standing=Standing.WRONG, promise=_promise(task, name, found))
    exact = replace(task, abilities=Abilities())
    for beside in _beside(task, name, whole=whole):
        theirs = verdict_of(exact, beside, ours) if beside.failure is None else None
        if theirs is not None and theirs.verdict == "wrong" and _alike(theirs.where, cell.where):
            return replace(wrong, standing=Standing.EVERYWHERE)
    for seed in range(1, 1 + (REPEATS if _shots(task) else 1)):
        again = evaluate(task.request(name, seed, whole=whole))
        if again.failure is not None or verdict_of(task, again, ours).verdict != "wrong":
            return replace(cell, standing=Standing.OPEN, words="another result each time: asked again, it is right or fails")
    doubt = _doubt(task, name, cell, found, ours) if task.upheld else ""
    return replace(cell, standing=Standing.OPEN, words=f"not upheld: {doubt}") if doubt else wrong


def _beside_differences(task: Task, found: Evaluation, bound: float) -> tuple[str, float]:
    """A derivative beside numerical differentiation of the QNode; on another of PennyLane's devices, where its own does not move."""
    plain, told = task.request(OUTPUT), (NOWHERE, 0.0)
    for device in dict.fromkeys((task.device.device, *OWN)):
        asked = replace(plain, method=replace(plain.method, device=device))
        told = beside_slopes(found, asked, task.cotangents, bound, evaluate)
        if told[0] != NOWHERE:
            break
    return told


def _doubt(task: Task, name: str, cell: Cell, found: Evaluation, ours: Reference) -> str:
    """Why nothing but the arbiter calls a cell wrong, or "" where something does.

    Of outputs that are the QNode itself on plain numbers, or another of PennyLane's devices; of derivatives numerical differentiation.
    """
    plain = task.request(OUTPUT)
    if cell.where not in (Signature.OUTPUT, Signature.SHAPE) and all(np.isfinite(output).all() for output in found.outputs or ()):
        return _beside_differences(task, found, cell.bound)[0]
    devices = dict.fromkeys((task.device.device, *OWN))
    asked = (replace(plain, method=replace(plain.method, device=d)) for d in devices if name != OUTPUT or d != task.device.device)
    right = (e.failure is None and verdict_of(task, e, ours).verdict == "right" for e in map(evaluate, asked))
    return "" if any(right) else "no other device of PennyLane's gives what the reference has"


def _broken(task: Task, name: str, failure: Failure) -> Cell:
    """What breaks down instead of saying no: everywhere, where PennyLane's own device breaks down at it, too."""
    cell = replace(failed_cell(task, name, failure), promise=_promise(task, name, Evaluation(task.method(name))))
    everywhere = any(beside.failure is not None and beside.failure.type == failure.type for beside in _beside(task, name, whole=False))
    return replace(cell, standing=Standing.EVERYWHERE) if everywhere else cell


def _beside(task: Task, name: str, *, whole: bool) -> Iterator[Evaluation]:
    """The same on PennyLane's own devices; none where the device is one itself, or has a method of its own.

    What a rule of PennyLane's makes of an operation depends on what a device takes apart: one that takes more is asked, too.
    """
    if not task.beside or name == "device":
        return
    devices = ["default.mixed"] if _mixes(task.specimen.circuit) else [task.beside, *(SIMPLER if name in SHIFTED else ())]
    for device in devices:
        if device != task.device.device:
            method = replace(task.method(name), device=device, device_options=(), device_precision="")
            yield evaluate(replace(task.request(name, whole=whole), method=method, assumed=PRECISIONS[-1]))


def _alike(one: Optional[Signature], other: Optional[Signature]) -> bool:
    """Whether two are off in the same way: a product that is off is off since its Jacobian is."""
    return one is other or {one, other} <= {Signature.VJP, Signature.JACOBIAN}


def _mixes(circuit: Circuit) -> bool:
    return any(node.name in MIXING for top in circuit.operations for node in nodes_of(top))


def verdict_of(task: Task, found: Evaluation, ours: Reference) -> MethodVerdict:
    """An evaluation beside the reference, by the law of rounding for the precision that was measured."""
    circuit, shots = task.specimen.circuit, _shots(task)
    judged = replace(circuit, shots=(shots,)) if shots else circuit
    ours = _as_matrix(found, ours)
    sizes = [(c.size, output.size) for c, output in zip(task.cotangents, ours.outputs or ())]
    fitting = all(theirs == mine for theirs, mine in sizes)
    shaped = tuple(c.reshape(output.shape) for c, output in zip(task.cotangents, ours.outputs or ())) if fitting else ()
    return verdicts(judged, [found], (shaped,) if shaped else (), ours)[0]


def _as_matrix(found: Evaluation, ours: Reference) -> Reference:
    """The reference as a density matrix, where a device gives one of what is a vector to the arbiter: then without derivatives."""
    pairs = list(zip(found.outputs or (), ours.outputs or ()))
    if not any(mine.ndim == 1 and np.iscomplexobj(mine) and theirs.shape == 2 * mine.shape for theirs, mine in pairs):
        return ours
    outputs = tuple(np.outer(mine, mine.conj()) if theirs.shape == 2 * mine.shape else mine for theirs, mine in pairs)
    return replace(ours, outputs=outputs, directions=np.zeros((0, 0)))


def _shots(task: Task) -> int:
    """Samples that a result is made of: those that the circuit asks for, or that the device takes by itself; 0 where it is exact."""
    return min(task.specimen.circuit.shots or (task.abilities.shots,))


def _is_another_phase(task: Task, name: str, found: Evaluation, ours: Reference) -> bool:
    """Whether a state is the reference's but for a factor of modulus one."""
    theirs, mine = (np.asarray((outputs or (np.zeros(0),))[0]).reshape(-1) for outputs in (found.outputs, ours.outputs))
    if theirs.shape != mine.shape or not np.isfinite(theirs).all():
        return False
    overlap = np.vdot(theirs, mine)
    if abs(overlap) < 0.5 or np.isclose(overlap / abs(overlap), 1.0, atol=1e-6):
        return False
    turned = replace(found, outputs=(theirs * overlap / abs(overlap),), vjps=(), jacobian=None)
    return verdict_of(task, turned, ours).verdict == "right"


def _promise(task: Task, name: str, found: Evaluation) -> Promise:
    specimen = task.specimen
    return remote.promise(specimen.circuit, specimen.core, task.method(name), found.warnings, specimen.wires, task.trusted)


def failed_cell(task: Task, name: str, failure: Failure) -> Cell:
    """The cell of what gave no number: refused, too slow, or broken down."""
    standing = Standing.REFUSED if failure.refusal else Standing.LATE if failure.stage == "timeout" else Standing.RAISED
    words = make_visible(f"{failure.type}: {failure.message}".split("\n")[0])
    return replace(_blank(task, name, standing, words), where=Signature.RAISE, place=failure.place)


def _blank(task: Task, name: str, standing: Standing, words: str) -> Cell:
    one = task.specimen
    return Cell(one.operation, one.core, one.measurement, one.variation, name, standing, words=words)


def lost_cells(task: Task, standing: Standing, words: str) -> tuple[Cell, ...]:
    """The cells of a task whose process died, or took too long."""
    return tuple(_blank(task, name, standing, words) for name in (OUTPUT, *task.methods))
