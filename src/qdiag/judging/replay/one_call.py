"""One call under several methods: is the replay faithful, which methods refuse, and how far is each from the user's own?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.judging.comparison.compare import SEVERITY, compare
from qdiag.judging.comparison.tensor_pairs import Cotangents
from qdiag.judging.replay.desk import Replaying
from qdiag.judging.replay.plan import Plan
from qdiag.judging.row_samples import Rows, batch_size, flagged_row, goes_by_rows, in_whole_batch, sampled_rows, with_rows
from qdiag.model.call import Backward, Call, Failure
from qdiag.model.circuit import Circuit, raw_outputs
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.model.numerics.rounding import Law
from qdiag.model.result import Unfaithful
from qdiag.trace.keys import circuit_key

MOST_PRODUCTS = 256
"""Vector-Jacobian products that a full Jacobian may take where nothing disagrees: more than so many results are seen through a
random cotangent alone."""

MOST_PRODUCTS_CLOSER = 4096
"""The same where a vector-Jacobian product disagrees."""


MOST_SHIFTS = 512
"""Results times trainable numbers up to which methods that cost more with each parameter are asked for a full Jacobian."""


CLEAN = (Verdict.AGREE, Verdict.ROUNDING)
"""What a cheaper route must come to, to stand for the interface's own."""


@dataclass(frozen=True, eq=False)
class Side:
    """A method beside the user's own at one call: its evaluation, and the comparison of the two."""

    method: Method
    evaluation: Evaluation
    comparison: Comparison


@dataclass(frozen=True, eq=False)
class CallResult:
    """What the replay of one call came to.

    Parameters
    ----------
    call
        The index.
    key
        `circuit_key` of its circuit.
    own
        The user's own method, evaluated.
    cotangents
        Those that were used: the recorded ones, and one seeded random one.
    sides
        The other methods that gave numbers, in the order asked.
    refused
        The other methods that did not.
    unfaithful
        How the replay under the own method differs from the record.
    failure
        The exception that the user met.
    made_over
        Whether the call gave what a transform works out from several circuits' results: nothing is compared.
    rows, batch, part
        Where only some rows of a batch were evaluated under every method: which, of how many, and the call with these alone. Then
        `own`, `cotangents` and the evaluations of `sides` are those of the part.
    """

    call: int
    key: str
    own: Evaluation
    cotangents: Cotangents
    sides: tuple[Side, ...] = ()
    refused: tuple[tuple[Method, Failure], ...] = ()
    unfaithful: Optional[Unfaithful] = None
    failure: Optional[Failure] = None
    made_over: bool = False
    rows: Rows = ()
    batch: int = 0
    part: Optional[Call] = None

    @property
    def methods(self) -> tuple[Method, ...]:
        """All methods that were evaluated, the own one first."""
        found = (self.own.method, *(side.method for side in self.sides), *(method for method, _ in self.refused))
        return tuple(dict.fromkeys(found))

    @property
    def raised(self) -> tuple[tuple[Method, Failure], ...]:
        """The methods that raised, with their exceptions: the own one first, where the user met its exception."""
        own = [] if self.failure is None else [(self.own.method, self.failure)]
        return (*own, *self.refused)

    def without_arrays(self) -> CallResult:
        """The same result without the numbers that led to it: a trace may have many calls."""
        sides = tuple(replace(side, evaluation=_bare(side.evaluation)) for side in self.sides)
        return replace(self, own=_bare(self.own), sides=sides, cotangents=(), part=None)


def _bare(evaluation: Evaluation) -> Evaluation:
    return Evaluation(evaluation.method, seconds=evaluation.seconds, failure=evaluation.failure)


def replay_call(
    call: Call,
    key: str,
    methods: Sequence[Method],
    plan: Plan,
    *,
    thorough: bool,
    batched: Rows = (),
    screened: Collection[Method] = (),
) -> Replaying[CallResult]:
    """Replay one call under the user's own method and others.

    Parameters
    ----------
    call, key
        The call, and `circuit_key` of its circuit.
    methods
        The others.
    plan
        Tolerance, seed and trust.
    thorough
        Whether the full Jacobian is formed, as at the first call of each structure: where it takes no more than `MOST_PRODUCTS`.
    batched
        Positions of the parameters that carry a batch with many rows; then methods that take it row by row see some of the rows,
        and Jacobians are formed of these alone.
    screened
        Methods of which a cheaper route is asked, and the interface's own only where that one's answer is not clean.
    """
    if call.configuration.remade_by:
        return CallResult(call.index, key, Evaluation(call.method), (), failure=call.failure, made_over=True)
    if not call.circuit.resolved or call.circuit.samples_only:
        methods = ()
    cotangents = cotangents_of(call, key)
    products = _products_of_jacobian(call)
    first = request_of(call, plan, cotangents, jacobian=thorough and not batched and 0 < products <= MOST_PRODUCTS)
    size = batch_size(call) if batched else 0
    at_once = [method for method in methods if not goes_by_rows(method, size)]
    asked = [method for method in at_once if method not in screened]
    own, *others = yield tuple(_asked_of(method, first, products) for method in (first.method, *asked))
    if _is_made_over(call, own):
        return CallResult(call.index, key, own, (), (), (), made_over=True)
    clean, unclean = yield from _screen(own, [method for method in at_once if method in screened], first, plan)
    sides, refused = compare_with_own(call.circuit, own, [*others, *unclean], plan, cotangents)
    sides = (*sides, *clean)
    if products <= MOST_PRODUCTS_CLOSER:
        sides = yield from _look_at_jacobians(sides, first, call.circuit, plan, cotangents)
    if call.circuit.shots and not call.circuit.samples_only and thorough and not sides and own.failure is None:
        (another,) = yield (replace(first, seed=plan.seed + 1),)
        sides, _ = compare_with_own(call.circuit, own, [another], plan, cotangents)
    result = CallResult(call.index, key, own, cotangents, sides, refused, unfaithfulness(call, own), call.failure)
    if batched and own.failure is None and (thorough or len(at_once) < len(methods)):
        return (yield from _with_rows(result, call, methods, plan, thorough=thorough, batched=batched))
    return result


def _screen(
    own: Evaluation, methods: Sequence[Method], first: Request, plan: Plan
) -> Replaying[tuple[tuple[Side, ...], tuple[Evaluation, ...]]]:
    """The sides of methods whose cheaper route gives one product, the random one, as the user's own method does.

    Of the others, what the interface's own route gives.
    """
    clean: tuple[Side, ...] = ()
    if methods and own.failure is None:
        last = first.cotangents[-1:]
        asked = replace(first, cotangents=last, cheaply=True)
        answers = yield tuple(replace(asked, method=method) for method in methods)
        sides, _ = compare_with_own(first.circuit, replace(own, vjps=own.vjps[-1:]), answers, plan, last)
        clean = tuple(side for side in sides if side.evaluation.failure is None and side.comparison.verdict in CLEAN)
    rest = [method for method in methods if method not in {side.method for side in clean}]
    if not rest:
        return clean, ()
    return clean, (yield tuple(replace(first, method=method) for method in rest))


def _look_at_jacobians(
    sides: tuple[Side, ...], first: Request, circuit: Circuit, plan: Plan, cotangents: Cotangents
) -> Replaying[tuple[Side, ...]]:
    """The sides, those that disagree in a vector-Jacobian product by their Jacobians where these show it, too."""
    disagreeing = [
        side.method
        for side in sides
        if side.comparison.verdict is Verdict.ERROR and side.comparison.where is Signature.VJP and side.evaluation.jacobian is None
    ]
    if not disagreeing:
        return sides
    own, *others = yield tuple(replace(first, method=method, jacobian=True) for method in (first.method, *disagreeing))
    closer, _ = compare_with_own(circuit, own, others, plan, cotangents)
    better = {side.method: side for side in closer if side.comparison.verdict is Verdict.ERROR}
    return tuple(better.get(side.method, side) for side in sides)


def _with_rows(
    whole: CallResult, call: Call, methods: Sequence[Method], plan: Plan, *, thorough: bool, batched: Rows
) -> Replaying[CallResult]:
    """What the replay of a call with many rows came to, with a look at some of them under every method.

    Methods that were asked about the whole batch keep the worse of two comparisons. Where rows are not independent of each other,
    a few of them say nothing, and all methods are asked about the whole.
    """
    flagged = [flagged_row(side.comparison, call.circuit, batched) for side in whole.sides if side.comparison.verdict is Verdict.ERROR]
    rows = sampled_rows(batch_size(call), whole.key, [row for row in flagged if row is not None])
    part = with_rows(call, batched, rows)
    cotangents = cotangents_of(part, circuit_key(part.circuit))[-1:]
    products = _products_of_jacobian(part)
    first = request_of(part, plan, cotangents, jacobian=thorough and 0 < products <= MOST_PRODUCTS)
    dear = [method for method in methods if goes_by_rows(method, batch_size(call))]
    erring = {side.method for side in whole.sides if side.comparison.verdict is Verdict.ERROR}
    again = [method for method in methods if thorough or method in dear or method in erring]
    own, *others = yield tuple(_asked_of(method, first, products) for method in (first.method, *again))
    # the cotangent is a random one: the recorded products are none of this question
    astray = unfaithfulness(replace(part, backwards=()), own)
    if astray is not None and not astray.explained:
        everywhere = yield tuple(replace(request_of(call, plan, whole.cotangents, jacobian=False), method=m) for m in dear)
        sides, refused = compare_with_own(call.circuit, whole.own, everywhere, plan, whole.cotangents)
        return replace(whole, sides=(*whole.sides, *sides), refused=(*whole.refused, *refused))
    seen, refused = compare_with_own(part.circuit, own, others, plan, cotangents)
    seen = yield from _look_at_jacobians(seen, first, part.circuit, plan, cotangents)
    asked = {side.method: side for side in whole.sides}
    shown = [replace(side, comparison=in_whole_batch(side.comparison, call.circuit, batched, rows)) for side in seen]
    return replace(
        whole,
        own=replace(own, seconds=own.seconds + whole.own.seconds),
        cotangents=cotangents,
        sides=tuple({**asked, **{side.method: _worse(asked.get(side.method), side) for side in shown}}.values()),
        refused=tuple(dict((*refused, *whole.refused)).items()),
        rows=rows,
        batch=batch_size(call),
        part=part,
    )


def _worse(whole: Optional[Side], part: Side) -> Side:
    """What a method gave for some rows, with the comparison on the whole batch, unless these rows show more."""
    if whole is None:
        return part
    worse = SEVERITY.index(part.comparison.verdict) > SEVERITY.index(whole.comparison.verdict)
    seconds = part.evaluation.seconds + whole.evaluation.seconds
    comparison = part.comparison if worse else whole.comparison
    return Side(part.method, replace(part.evaluation, seconds=seconds), comparison)


def _asked_of(method: Method, first: Request, products: int) -> Request:
    """The question to a method: without a Jacobian where that takes a method too many shifted circuits."""
    numbers = sum(first.circuit.parameters[i].value.size for i in first.circuit.trainable)
    dear = method.per_parameter and products * numbers > MOST_SHIFTS
    return replace(first, method=method, jacobian=first.jacobian and not dear)


def _products_of_jacobian(call: Call) -> int:
    """How many vector-Jacobian products a full Jacobian takes: one for each result, two where it is complex."""
    if not call.circuit.trainable:
        return 0
    # a call that raised left no results to count, and its Jacobian is asked for all the same
    return sum(output.size * (2 if output.dtype.kind == "c" else 1) for output in call.outputs or ()) or 1


def request_of(call: Call, plan: Plan, cotangents: Cotangents, *, jacobian: bool) -> Request:
    """What the user's own method is asked at a call."""
    return Request.of(
        call.circuit,
        call.method,
        call.configuration,
        trusted=plan.trusted,
        cotangents=tuple(tuple(c) for c in cotangents),
        jacobian=jacobian,
        second=jacobian and call.differentiated_twice,
        seed=plan.seed,
    )


def compare_with_own(
    circuit: Circuit, own: Evaluation, others: Sequence[Evaluation], plan: Plan, cotangents: Cotangents
) -> tuple[tuple[Side, ...], tuple[tuple[Method, Failure], ...]]:
    """Hold evaluations against the user's own: those that gave numbers, and those that refused.

    A method that refuses to go backward has its outputs compared all the same.
    """
    sides: list[Side] = []
    refused: list[tuple[Method, Failure]] = []
    for other in others:
        if other.failure is not None:
            refused.append((other.method, other.failure))
        if other.outputs is not None and own.outputs is not None and own.failure is None:
            usable = other if other.failure is None else replace(other, failure=None, vjps=(), jacobian=None, hvp=None)
            sides.append(Side(other.method, other, compare(own, usable, circuit, plan.tolerance, None, cotangents)))
        elif other.failure is None:
            sides.append(Side(other.method, other, compare(own, other, circuit, plan.tolerance, None, cotangents)))
    return tuple(sides), tuple(refused)


def cotangents_of(call: Call, key: str) -> Cotangents:
    """The cotangents that came back to a call, and a random one that sees what the loss ignores.

    The random one depends on the circuit alone, so that repetitions of a circuit ask the same question.
    """
    if call.outputs is None or not call.circuit.trainable:
        return ()
    recorded = [backward.cotangents for backward in _telling_passes(call)]
    rng = np.random.default_rng(int(key[:16], 16))
    raw = raw_outputs(call.circuit, len(call.outputs))
    drawn = [None if position in raw else _draw_cotangent(output, rng) for position, output in enumerate(call.outputs)]
    length = np.sqrt(sum(float(np.sum(np.abs(d) ** 2)) for d in drawn if d is not None))
    if not length:
        return tuple(recorded)
    return (*recorded, tuple(None if d is None else np.asarray(d / length) for d in drawn))


def _telling_passes(call: Call) -> list[Backward]:
    """The backward passes that a replay is asked to repeat: those that brought something, and nothing but numbers.

    What a loss that is not finite sent back tells methods apart by how they multiply zero and infinity.
    """
    return [
        backward
        for backward in call.backwards
        if any(c is not None for c in backward.cotangents)
        and all(c is None or bool(np.isfinite(c).all()) for c in backward.cotangents)
    ]


def _draw_cotangent(output: np.ndarray, rng: np.random.Generator) -> Optional[np.ndarray]:
    if output.dtype.kind == "c":
        return rng.standard_normal(output.shape) + 1j * rng.standard_normal(output.shape)
    return np.asarray(rng.standard_normal(output.shape)) if output.dtype.kind == "f" else None


def _is_made_over(call: Call, own: Evaluation) -> bool:
    """Whether what the call gave is not its circuit's results, but what a transform works out from several circuits' results."""
    if not call.circuit.notes or call.outputs is None or own.outputs is None:
        return False
    return [output.shape for output in call.outputs] != [np.shape(output) for output in own.outputs]


def unfaithfulness(call: Call, own: Evaluation) -> Optional[Unfaithful]:
    """How a replay differs from the record, or None where it is the same bit for bit (or sampled or drawn, and never the same)."""
    if call.failure is not None and own.failure is None:
        return Unfaithful(call.index, f"the call raised {call.failure.type}, its replay does not", explained=True)
    if call.outputs is None or call.failure is not None:
        return None
    if own.failure is not None:
        return Unfaithful(call.index, f"the replay raises {own.failure.type}: {own.failure.message}", explained=False)
    if call.circuit.shots:
        return None
    products = own.vjps if own.method.stochastic else _recorded_products(call, own)
    recorded = Evaluation(own.method, call.outputs, products, norms=own.norms, differenced=own.differenced)
    if _same(recorded.outputs, own.outputs) and all(_same(*rows) for rows in zip(recorded.vjps, own.vjps)):
        return None
    gap = compare(recorded, own, call.circuit, cotangents=tuple(backward.cotangents for backward in _telling_passes(call)))
    reach = Law.of(call.circuit, (recorded, own)).amplification if gap.where in (Signature.VJP, Signature.JACOBIAN) else 0.0
    explained = gap.verdict in (Verdict.AGREE, Verdict.ROUNDING) or gap.max_rel <= reach
    what = gap.detail if not np.isfinite(gap.max_abs) else f"{gap.element} is off by {gap.max_abs:.2g}"
    return Unfaithful(call.index, what, explained)


def _recorded_products(call: Call, own: Evaluation) -> tuple[tuple[np.ndarray, ...], ...]:
    """The recorded gradients where they are this call's own; where they are not, the replay stands in for them.

    After a pass with ``create_graph`` a gradient holds what comes back through that pass, too: it is no product with one cotangent.
    """
    passes = _telling_passes(call)
    once = next((i for i, backward in enumerate(passes) if backward.create_graph), len(passes))
    rows = [tuple(_recorded_gradient(backward, j, g) for j, g in enumerate(row)) for backward, row in zip(passes[: once + 1], own.vjps)]
    return (*rows, *own.vjps[len(rows) :])


def _recorded_gradient(backward: Backward, position: int, replayed: np.ndarray) -> np.ndarray:
    known = position < len(backward.gradients) and position < len(backward.exact) and backward.exact[position]
    gradient = backward.gradients[position] if known else None
    return replayed if gradient is None else gradient


def _same(one: Optional[Sequence[np.ndarray]], other: Optional[Sequence[np.ndarray]]) -> bool:
    pairs = list(zip(one or (), other or ()))
    return len(one or ()) == len(other or ()) == len(pairs) and all(_equal(np.asarray(a), np.asarray(b)) for a, b in pairs)


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc"))
