"""One specimen on one device, under all of its methods, in one task of a worker: the lean path.

Nothing of a run is needed for it, no trace and no comparison of methods: each evaluation stands beside the arbiter's reference alone,
which is worked out once for all of them. A method gives one vector-Jacobian product, along a seeded cotangent that weighs every
element of every output: an error in one entry of the Jacobian is one of about half its size there. What disagrees is asked a second
time, for the whole Jacobian, and PennyLane's own device is asked the same: only what that one has right is this device's fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Optional

import numpy as np

from qdiag.certifying.companions import contradiction, joined_references, rows_of
from qdiag.certifying.upheld import NOWHERE, SAME, beside_slopes
from qdiag.evaluation.evaluate import evaluate
from qdiag.judging.arbiter.method_verdicts import MethodVerdict, verdicts
from qdiag.judging.arbiter.reference import Reference, reference
from qdiag.model.call import Failure
from qdiag.model.certificate import OUTPUT, Abilities, Cell, Standing
from qdiag.model.circuit import Circuit, nodes_of, with_trainable
from qdiag.model.comparison import Signature
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.measured import PRECISIONS
from qdiag.model.method import PLAIN, SHIFTED, Method
from qdiag.model.numerics.rounding import EPS64, eps_of
from qdiag.model.operator_families import MIXING, STATE_VECTORS
from qdiag.model.promise import Promise
from qdiag.model.specimen import Rank, Specimen
from qdiag.visible import make_visible

SECONDS = 5.0
"""Time for the derivatives of a reference: specimens are small."""

SIMPLER = ("lightning.qubit", "default.mixed")
"""Devices of PennyLane's that take more operations apart than ``default.qubit`` does."""

OWN = ("default.qubit", *SIMPLER)
"""PennyLane's own devices."""

REPEATS = 4
"""So often a result that disagrees is asked for again where a device samples: chance does not point the same way each time."""


COARSE = 1e4
"""So many eps are no rounding in circuits of the space, whatever stands in them."""

DIFFERENCED = 2e-5
"""What finite differences may be off by in double precision."""

WRONG = (Standing.WRONG, Standing.EVERYWHERE)
"""What a cell comes to that is further from the reference than its bound."""

BY_DIFFERENCES = "by finite differences, without a word"


@dataclass(frozen=True, eq=False)
class Task:
    """A specimen to be examined.

    Parameters
    ----------
    specimen
        The circuit.
    device
        The device with its options; its differentiation method is replaced.
    methods
        Those that it offers.
    abilities
        Its precision, and whether it samples.
    beside
        PennyLane's own device for the same, or "" where it is that itself.
    trusted
        Whether the device's class may be imported.
    upheld
        Whether what is wrong must be so by another word than the arbiter's, too.
    cotangents
        By which its outputs are weighed in a vector-Jacobian product; empty until their shapes are known.
    """

    specimen: Specimen
    device: Method
    methods: tuple[str, ...]
    abilities: Abilities = field(default_factory=Abilities)
    beside: str = "default.qubit"
    trusted: bool = False
    upheld: bool = False
    cotangents: tuple[np.ndarray, ...] = ()

    def method(self, name: str) -> Method:
        """The device under one of its methods."""
        return replace(self.device, diff_method=PLAIN.diff_method if name == OUTPUT else name)

    @property
    def weighed(self) -> tuple[tuple[np.ndarray, ...], ...]:
        """The cotangents of one vector-Jacobian product, as a request and a verdict take them."""
        return (self.cotangents,) if self.cotangents else ()

    def request(self, name: str, seed: int = 0, *, whole: bool = False) -> Request:
        """What it is asked under one of them: a product alone where it can be, or the whole Jacobian."""
        circuit, wires = self.specimen.circuit, self.specimen.wires
        plain = name == OUTPUT
        # what becomes of results in torch's default dtype is not the device's doing
        return Request(
            circuit,
            self.method(name),
            self.specimen.interface,
            wires,
            cotangents=() if plain else self.weighed,
            jacobian=not plain and (whole or not self.cotangents),
            seed=seed,
            trusted=self.trusted,
            default_dtype="float64",
            # it has been measured: that is not to be done for each circuit
            assumed=PRECISIONS[self.abilities.eps <= EPS64],
        )


def examine(task: Task) -> tuple[Cell, ...]:
    """The cells of a specimen: its outputs, and each method. Runs where PennyLane is loaded."""
    plain = evaluate(task.request(OUTPUT))
    if plain.failure is not None and plain.failure.refusal:
        # what the device does not take on plain numbers it takes under no method
        refused = _failed(task, OUTPUT, plain.failure)
        return (refused, *(replace(refused, column=name, asked=False) for name in task.methods))
    task = replace(task, cotangents=_cotangents(plain.outputs or ()))
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
    verdicts_of = {name: _verdict(task, e, ours) for name, e in found.items() if e.failure is None}
    wrong = {name for name, verdict in verdicts_of.items() if verdict.verdict == "wrong"}
    # where outputs are wrong, derivatives are wrong with them
    ill = OUTPUT in wrong or (output is not None and output.standing in WRONG)
    whole = {name for name in wrong if not ill and verdicts_of[name].where not in (Signature.OUTPUT, Signature.SHAPE)}
    if depth == "direction" and whole:
        # one direction and one product show that something is off; which entry, all of them
        ours = _reference(task, "full")
        found |= {name: evaluate(task.request(name, whole=True)) for name in whole}
    own = () if plain is None else (_cell(task, OUTPUT, found.pop(OUTPUT), ours),)
    beside = own[0] if own else output
    return (*own, *(_cell(task, name, evaluation, ours, beside, whole=name in whole) for name, evaluation in found.items()))


def by_its_own_numbers(task: Task) -> Specimen:
    """The specimen as shift rules are asked of it: what is around an operation is differentiated where nothing else is in it.

    A shift rule goes through one number after the other: what it makes of others does not depend on the operation. Of PennyLane's own
    device everything is asked.
    """
    specimen = task.specimen
    if not task.beside or not specimen.own:
        return specimen
    return replace(specimen, circuit=with_trainable(specimen.circuit, specimen.own))


def methods_of(task: Task) -> tuple[str, ...]:
    """The methods that a specimen is asked under.

    Shift rules are the device's outputs at other angles. They are asked where the rule has to do with what is new in a circuit: an
    operation with numbers of its own, at the first reading of it; not for other wires, another precision, or other measurements once
    more, nor Hadamard tests at other angles and in wraps. Of PennyLane's own device everything is asked, since the rules are
    PennyLane's.
    """
    specimen = task.specimen
    if not specimen.circuit.trainable:
        return ()
    if not task.beside:
        return task.methods
    if specimen.rank in OUTPUTS_AGAIN or not specimen.tracked:
        return tuple(name for name in task.methods if name not in SHIFTED)
    return tuple(name for name in task.methods if specimen.rank not in ANGLES_AGAIN or name not in HADAMARD)


HADAMARD = frozenset({"hadamard"})
"""One circuit for each number, with a wire more: what becomes of that wire shows at the plain operation, read in one way."""

ANGLES_AGAIN = (Rank.WRAPPED, Rank.SINGULAR, Rank.BATCH)
OUTPUTS_AGAIN = (Rank.PROBABILITIES, Rank.WIRES, Rank.PRECISION, Rank.OTHER_MEASUREMENT)


def _cotangents(outputs: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Seeded weights for each element of each output, none of them near zero."""
    draws = np.random.default_rng(0)

    def weights(shape: tuple[int, ...]) -> np.ndarray:
        return np.asarray(draws.uniform(0.5, 1.0, shape) * draws.choice([-1.0, 1.0], shape))

    arrays = [np.asarray(output) for output in outputs]
    return tuple(weights(a.shape) + 1j * weights(a.shape) if np.iscomplexobj(a) else weights(a.shape) for a in arrays)


def _reference(task: Task, depth: str) -> Reference:
    """The arbiter's word; of a batch that it does not know, in a hunt, its words on the rows."""
    circuit, wires = task.specimen.circuit, task.specimen.wires
    work_out = partial(reference, device_wires=wires, trusted=task.trusted, seconds=SECONDS, eps=task.abilities.eps)
    found = work_out(circuit, depth=depth)
    if found.outputs is not None or not task.upheld:
        return found
    rows = joined_references([work_out(row, depth="outputs") for row in rows_of(task.specimen)])
    return found if rows.outputs is None else rows


# --- one cell -------------------------------------------------------------------------------------------------------------------------


def _cell(task: Task, name: str, found: Evaluation, ours: Reference, output: Optional[Cell] = None, *, whole: bool = False) -> Cell:
    if found.failure is not None:
        return _broken(task, name, found.failure) if not found.failure.refusal else _failed(task, name, found.failure)
    verdict = _verdict(task, found, ours)
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
        theirs = _verdict(exact, beside, ours) if beside.failure is None else None
        if theirs is not None and theirs.verdict == "wrong" and _alike(theirs.where, cell.where):
            return replace(wrong, standing=Standing.EVERYWHERE)
    for seed in range(1, 1 + (REPEATS if _shots(task) else 1)):
        again = evaluate(task.request(name, seed, whole=whole))
        if again.failure is not None or _verdict(task, again, ours).verdict != "wrong":
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
    right = (e.failure is None and _verdict(task, e, ours).verdict == "right" for e in map(evaluate, asked))
    return "" if any(right) else "no other device of PennyLane's gives what the reference has"


def _broken(task: Task, name: str, failure: Failure) -> Cell:
    """What breaks down instead of saying no: everywhere, where PennyLane's own device breaks down at it, too."""
    cell = replace(_failed(task, name, failure), promise=_promise(task, name, Evaluation(task.method(name))))
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


def _verdict(task: Task, found: Evaluation, ours: Reference) -> MethodVerdict:
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
    return _verdict(task, turned, ours).verdict == "right"


def _promise(task: Task, name: str, found: Evaluation) -> Promise:
    from qdiag.bridges.facts.promises import promise_of

    specimen = task.specimen
    method, wires = task.method(name), specimen.wires
    return promise_of(specimen.circuit, specimen.core, method, found.warnings, wires, trusted=task.trusted)


def _failed(task: Task, name: str, failure: Failure) -> Cell:
    standing = Standing.REFUSED if failure.refusal else Standing.LATE if failure.stage == "timeout" else Standing.RAISED
    words = make_visible(f"{failure.type}: {failure.message}".split("\n")[0])
    return replace(_blank(task, name, standing, words), where=Signature.RAISE, place=failure.place)


def _blank(task: Task, name: str, standing: Standing, words: str) -> Cell:
    one = task.specimen
    return Cell(one.operation, one.core, one.measurement, one.variation, name, standing, words=words)


def lost_cells(task: Task, standing: Standing, words: str) -> tuple[Cell, ...]:
    """The cells of a task whose process died, or took too long."""
    return tuple(_blank(task, name, standing, words) for name in (OUTPUT, *task.methods))


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
