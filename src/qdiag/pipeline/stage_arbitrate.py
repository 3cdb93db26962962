"""The divergences of a run, with the arbiter's word: those between methods, and those that no pair of methods shows.

Where all methods agree they may be wrong together, so the arbiter is asked there, too; what lies outside of the circuits was seen
by live probes, or is what a layer made of right results.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import islice
from typing import Optional, Protocol

from qdiag.evaluation.limits import Deadline
from qdiag.judging import gradient_transforms, layer_findings, layer_parts, metric_findings, transform_findings
from qdiag.judging.arbiter.circuit_function import has_room
from qdiag.judging.differentiated import JudgedCalls
from qdiag.judging.replay.located import Located
from qdiag.model.call import Call
from qdiag.model.circuit import measures_midway
from qdiag.model.comparison import DERIVATIVES, Comparison, Signature, Tolerance, Verdict
from qdiag.model.findings import Divergence, FoundWrong
from qdiag.model.method import ARBITER, Method
from qdiag.model.numerics.rounding import working_eps
from qdiag.pipeline.run_options import Report
from qdiag.pipeline.stage_beside_probes import is_of_own, of_other_directions, seen_by_probes, with_probes_word
from qdiag.pipeline.stage_context import StageContext, as_replayed, or_what_is_left

MOST_STRUCTURES = 32
"""The arbiter looks at the first call of so many structures, where the methods agree: all may be wrong together."""


class Calls(Protocol):
    """A trace, as far as it is needed here."""

    def __len__(self) -> int: ...

    def call(self, index: int) -> Call:
        """The call at an index."""

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        """The first call of each structure, in order, of so many structures."""


def divergences_of(
    trace: JudgedCalls, located: Located, context: StageContext, report: Report, *, seconds: float = math.inf
) -> list[Divergence]:
    """Every divergence of a run, errors first, in the order of the calls.

    Parameters
    ----------
    trace
        The run's.
    located
        What its replay found.
    context
        What to work with.
    report
        Told how many structures the arbiter has looked at, and of how many.
    seconds
        After which it looks at no further one where all methods agree: a first answer is about what is known by then.
    """
    astray = astray_calls(located)
    rewritten = [*rewritten_by_transforms(context, trace, astray)]
    rewritten += wrong_by_gradient_transforms(context, trace)
    outcomes = [*wrong_beside_measurements(context, trace, located.methods, astray)]
    between = [*rewritten, *outcomes, *_of_right_outputs(_between_methods(located, context), outcomes)]
    between = [of_other_directions(with_probes_word(divergence, trace), trace, context) for divergence in between]
    unanimous = unanimous_errors(context, trace, between, report, astray, seconds=seconds)
    alone = [of_other_directions(divergence, trace, context) for divergence in unanimous]
    alone += [*seen_by_probes(trace, [*between, *alone], located.not_rebuilt), *lost_in_layers(trace, context)]
    # comparisons of two methods have asked for the user's tolerance themselves
    found = [*between, *(divergence for divergence in alone if not _is_tolerated(divergence, context.tolerance))]
    return sorted(found, key=lambda divergence: (divergence.verdict is not Verdict.ERROR, divergence.call.index))


def _between_methods(located: Located, context: StageContext) -> list[Divergence]:
    """The replay's divergences, the errors with the arbiter's word."""

    def with_word(divergence: Divergence) -> Divergence:
        if divergence.verdict is not Verdict.ERROR or divergence.call.configuration.remade_by:
            return divergence
        # where arbitrating fails, diagnosing will say so
        asked = partial(_with_word_on_outputs, divergence, located.methods, context)
        return or_what_is_left(asked, lambda failed: divergence, "this divergence")

    return _once_outputs(once_rounding(located.divergences, [with_word(divergence) for divergence in located.divergences]))


def _with_word_on_outputs(divergence: Divergence, methods: Sequence[Method], context: StageContext) -> Divergence:
    """The divergence with the arbiter's word; where the outputs that the script gets are wrong themselves, it is about these.

    Derivatives of wrong outputs are wrong, too, and methods may differ in them for a reason of its own; a probe, which
    differentiates what the QNode gives, finds them right.
    """
    told = context.with_arbiters_word(divergence, methods)
    judged, own = told.judged, told.comparison.methods[0]
    of_outputs = isinstance(judged, FoundWrong) and judged.where is Signature.OUTPUT and own in judged.wrong
    if not of_outputs or own != told.call.method or told.signature not in DERIVATIVES:
        return told
    alone = _against_the_arbiter(context, told.call, outputs=True)
    return told if alone is None else replace(alone, raised=told.raised, calls=told.calls)


def _once_outputs(divergences: Sequence[Divergence]) -> list[Divergence]:
    """The first of those in which a QNode's outputs are held against the arbiter, whatever other method showed that; all others."""
    kept: dict[object, Divergence] = {}
    for one in divergences:
        about = one.call.configuration.qnode if _is_of_outputs_alone(one) else id(one)
        if about not in kept or one.call.index < kept[about].call.index:
            kept[about] = one
    return list(kept.values())


def _is_of_outputs_alone(divergence: Divergence) -> bool:
    return divergence.signature is Signature.OUTPUT and divergence.comparison.methods[1] == ARBITER


MOST_REWRITTEN = 24
"""Calls at which the circuit as it ran is held against the one that was written, for all QNodes with transforms together."""


def rewritten_by_transforms(context: StageContext, trace: Calls, astray: Collection[int] = ()) -> Iterator[Divergence]:
    """Calls whose transforms made another circuit of the one that was written: one for each QNode, where not astray."""
    flagged: set[str] = set()
    telling = (call for call in _telling_calls(trace, context.deadline) if call.index not in astray)
    judged = (call for call in telling if _is_held_to_what_was_written(call))
    for call in islice(judged, MOST_REWRITTEN):
        if call.configuration.qnode in flagged:
            continue
        judge = metric_findings if metric_findings.is_judged(call.configuration) else transform_findings
        asked = partial(judge.divergence, call, context.workers, trusted=context.trusted)
        found = or_what_is_left(asked, lambda failed: None, "the transforms of this call")
        if found is not None:
            flagged.add(call.configuration.qnode)
            yield found


def wrong_by_gradient_transforms(context: StageContext, trace: Calls) -> Iterator[Divergence]:
    """Gradients that a transform gave, and that the arbiter does not: one for each QNode."""
    flagged: set[str] = set()
    asked_for = filter(None, map(gradient_transforms.as_differentiated, _telling_calls(trace, context.deadline)))
    for call in islice(asked_for, MOST_REWRITTEN):
        circuit, qnode = call.circuit, call.configuration.qnode
        if qnode in flagged or circuit.opaque or circuit.shots or not circuit.resolved or not circuit.finite:
            continue
        asked = partial(_against_the_arbiter, context, call)
        found = or_what_is_left(asked, lambda failed: None, "the gradient transform of this call")
        if found is not None:
            flagged.add(qnode)
            yield found


def _is_held_to_what_was_written(call: Call) -> bool:
    return transform_findings.is_judged(call.configuration) or metric_findings.is_judged(call.configuration)


def _telling_calls(trace: Calls, deadline: Deadline) -> Iterator[Call]:
    """The first call of each structure, and of the others fewer and fewer, while there is time."""
    powers = (1 << k for k in range(len(trace).bit_length()) if 1 << k < len(trace))
    for index in sorted({*trace.first_of_each_structure(MOST_STRUCTURES), *powers}):
        if deadline.passed:
            return
        yield trace.call(index)


def astray_calls(located: Located) -> frozenset[int]:
    """Calls whose replay does not give the script's own numbers, or that have none: never the ground for an error."""
    return frozenset([*(one.call for one in located.unfaithful if not one.explained), *(one.call for one in located.not_rebuilt)])


def wrong_beside_measurements(
    context: StageContext, trace: Calls, methods: Sequence[Method], astray: Collection[int] = ()
) -> Iterator[Divergence]:
    """Calls with measurements in the middle whose outputs are wrong, by whatever diff_method: one for each QNode.

    ``methods`` are those that were replayed: each of them may be wrong there, too. ``astray`` are calls that are not asked about.
    """
    flagged: set[str] = set()
    for call in _telling_calls(trace, context.deadline):
        circuit, qnode = call.circuit, call.configuration.qnode
        if qnode in flagged or call.index in astray or call.failure or not circuit.finite or not measures_midway(circuit):
            continue
        if circuit.shots or circuit.opaque:
            continue
        divergence = _against_the_arbiter(context, call, outputs=True)
        if divergence is not None:
            flagged.add(qnode)
            others = [method for method in as_replayed(methods, call) if method != call.method]
            too = context.arbitrate(call, others, outputs=True).wrong
            yield replace(divergence, wrong=(*divergence.wrong, *too))


def _of_right_outputs(between: Sequence[Divergence], outcomes: Sequence[Divergence]) -> list[Divergence]:
    """Without what is said of derivatives of outputs that are wrong themselves."""
    wrong = {d.call.configuration.qnode for d in outcomes}
    return [d for d in between if d.call.configuration.qnode not in wrong or d.signature not in (*DERIVATIVES, Signature.OUTPUT)]


def unanimous_errors(
    context: StageContext,
    trace: Calls,
    known: Sequence[Divergence],
    report: Report,
    astray: Collection[int] = (),
    *,
    seconds: float = math.inf,
) -> Iterator[Divergence]:
    """Calls at which no method differs from the user's own, and all are wrong: held against the arbiter alone, where not astray."""
    flagged = {d.call.configuration.qnode for d in known if is_of_own(d)}
    firsts = trace.first_of_each_structure(MOST_STRUCTURES)
    until = time.monotonic() + seconds
    for done, index in enumerate(firsts):
        report(done, len(firsts))
        if context.deadline.passed or (done and time.monotonic() > until):
            return
        call = trace.call(index)
        circuit = call.circuit
        if call.configuration.qnode in flagged or index in astray or call.failure or not circuit.resolved:
            continue
        if circuit.opaque or circuit.shots or call.configuration.idle:
            continue
        divergence = _against_the_arbiter(context, call)
        if divergence is not None:
            flagged.add(call.configuration.qnode)
            yield divergence


def upheld_alone(trace: Calls, located: Located, upheld: Sequence[int]) -> bool:
    """Whether the script's own method, though no other takes its circuits, was found right at the first call of each structure."""
    firsts = trace.first_of_each_structure(MOST_STRUCTURES + 1)
    faithful = all(one.explained for one in located.unfaithful)
    return faithful and 0 < len(firsts) <= MOST_STRUCTURES and {*firsts} <= {*upheld}


def _against_the_arbiter(context: StageContext, call: Call, *, outputs: bool = False) -> Optional[Divergence]:
    own = call.method
    # where there is no reference, nothing is held against it: a Jacobian of many qubits takes long
    outputs = outputs or not has_room(call.circuit)
    second = call.differentiated_twice and not outputs
    arbitration = context.arbitrate(context.with_few_rows(call), [own], second=second, outputs=outputs)
    if not outputs and own.diff_method != "backprop":
        # torch itself goes back through backprop; whoever else is given a cotangent may not be in proportion to it
        arbitration = context.by_products_too(arbitration, context.with_few_rows(call), [own])
    if not arbitration.wrong:
        if not outputs and context.upholds_own(arbitration, call, second=True):
            context.upheld.append(call.index)
        return None
    found = arbitration.methods[0]
    assert found.where is not None, "what is wrong is wrong in something"
    eps = working_eps(call.circuit, [own])
    comparison = Comparison(
        (own, ARBITER), Verdict.ERROR, found.where, max_abs=found.gap, eps=eps, bound=found.bound, detail=found.detail
    )
    return Divergence(call, comparison, arbitration.wrong, arbitration.reason, worst_call=call.index, calls=(call.index,))


def lost_in_layers(trace: Calls, context: StageContext) -> Iterator[Divergence]:
    """What layers could not hold of right results, or put elsewhere: one for each QNode."""
    flagged, parts = set(), cache(context.layer_parts)
    for call in map(trace.call, trace.first_of_each_structure(MOST_STRUCTURES)):
        divergence = None if call.configuration.qnode in flagged else _in_a_layer(call, parts)
        if divergence is not None:
            flagged.add(call.configuration.qnode)
            yield divergence


def _in_a_layer(call: Call, parts: layer_parts.Parts) -> Optional[Divergence]:
    return layer_findings.divergence(call) or layer_parts.divergence(call, parts)


def _is_tolerated(divergence: Divergence, tolerance: Tolerance) -> bool:
    """Whether the user's own tolerance covers what the arbiter or a probe found."""
    comparison = divergence.comparison
    allowed = (tolerance.absolute or 0.0) + (tolerance.relative or 0.0) * comparison.scale
    return 0 < comparison.max_abs <= allowed


def once_rounding(before: Sequence[Divergence], after: Sequence[Divergence]) -> list[Divergence]:
    """Divergences as the arbiter left them; of what it made rounding each QNode keeps the first call's, and the worst there."""
    if all(one.verdict is other.verdict for one, other in zip(before, after)):
        return list(after)
    order = sorted(after, key=lambda d: (d.call.index, -d.comparison.max_rel))
    rounding = {(d.call.configuration.qnode, d.call.configuration.source): d for d in reversed(order) if d.verdict is Verdict.ROUNDING}
    return [d for d in after if d.verdict is not Verdict.ROUNDING or d in rounding.values()]
