"""What the runs come to: rounding that training amplifies, a method that is wrong, or a training in which neither shows.

A wrong gradient jumps: it is there at the first step, at full size, and no nudge of one ulp does the same. Amplified rounding
starts at rounding and grows, under a nudge as much as under another method.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Optional

import numpy as np

from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence, Evidence, Outcome
from qdiag.model.twin_training import PartingCause, TrainingVerdict
from qdiag.twins.growth import growth
from qdiag.twins.runs import Pair, Twins, comes_back
from qdiag.twins.series import Moment, Parting, Series, trains

CALM = 1e-5
"""Runs that never get further apart than this may be used for one another."""

VISIBLE = 1e-4
"""The gap at which it is asked who parts first."""

JUMP = 1e-3
"""A first difference of this size, relative to the largest number of its kind, is no rounding of float32."""

START = 1e-5
"""A relative difference below this at the first step may be rounding of float32: alone it makes nobody wrong."""

LEAST_STEPS = 10
"""Steps by which a control may always be later."""

HEAD_START = 1e3
"""How much larger than a nudge's the rounding of a method may be: it touches every number, a nudge one."""

AS_FAR = 0.1
"""A control that comes this near to the method's reach parts as far."""


def training_verdict(twins: Twins) -> TrainingVerdict:
    """The verdict."""
    if twins.own.failure or twins.again.failure:
        failure = twins.own.failure or twins.again.failure
        return _undecided_verdict(f"The script itself fails ({failure}), so its trainings cannot be compared.")
    if not twins.repeat.identical:
        return _not_reproducible(twins)
    if not twins.methods:
        refused = "; ".join(f"{run.name}: {run.failure}" for run in twins.failed)
        none = f"No other method runs this script ({refused})." if refused else "There is no other method to compare with."
        return _undecided_verdict(none)
    return min((_of_method(twins, pair) for pair in twins.methods), key=lambda judgement: _ORDER.index(judgement.verdict))


_ORDER = (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.ROUNDING, Verdict.AGREE)


def _of_method(twins: Twins, pair: Pair) -> TrainingVerdict:
    step = jump(pair, [control.parting for control in twins.controls])
    if step is not None:
        return _error(twins, pair, step)
    if pair.parting.reach < CALM:
        return _calm(twins, pair)
    if not twins.controls:
        return _undecided_verdict("The trainings part, and without a control nobody can tell rounding from an error.")
    late = _lateness(twins, pair)
    far = max(control.parting.reach for control in twins.controls) >= AS_FAR * pair.parting.reach
    early = late is not None and late <= _allowance(twins, pair)
    if early and far:
        return _amplified_rounding(twins, pair)
    if not early and _opening(pair) > START:
        return _error(twins, pair, _first(pair.parting))
    if _healing(twins, pair):
        return _precision_alone(twins, pair)
    if early:
        return _undecided_verdict(f"{_reach_of_controls(twins)}, {pair.run.name} {pair.parting.reach:.1e}: not as far.")
    return _undecided_verdict(f"{pair.run.name} starts at rounding and yet parts before any nudge: judge its calls with qdiag trace.")


# --- who parts first ---------------------------------------------------------------------------------------------------


def jump(pair: Pair, controls: Sequence[Parting]) -> Optional[int]:
    """The step at which two runs part at once and by far more than any control, or None where they part little by little."""
    before = 0.0
    for step, (a, b) in enumerate(zip(pair.against.series.moments, pair.run.series.moments)):
        now = max(_relative(a, b, "output"), _relative(a, b, "gradient"))
        nudged = max((_size(control, step) for control in controls), default=0.0)
        if now > JUMP and now > HEAD_START * before and _size(pair.parting, step) > HEAD_START * nudged:
            return step
        before = max(before, now)
        if before > JUMP:
            return None
    return None


def _relative(a: Moment, b: Moment, quantity: str) -> float:
    first, second = getattr(a, quantity), getattr(b, quantity)
    if first is None or second is None:
        return 0.0
    if first.shape != second.shape:
        return math.inf
    scale = max(np.abs(first).max(initial=0.0), np.abs(second).max(initial=0.0))
    gap = float(np.abs(first.astype(complex) - second.astype(complex)).max(initial=0.0))
    return 0.0 if gap == 0 else (gap / scale if math.isfinite(gap) else math.inf)


def _size(parting: Parting, step: int) -> float:
    """The gap of outputs and gradients at a step."""
    sizes = [parting.gaps[q][step] for q in ("output", "gradient") if step < len(parting.gaps[q])]
    return max((float(size) for size in sizes if not math.isnan(size)), default=0.0)


def _first(parting: Parting) -> int:
    """The first step at which outputs, parameters or losses are visibly apart."""
    steps = [parting.first_beyond(quantity, VISIBLE) for quantity in ("output", "parameters", "loss")]
    return min((step for step in steps if step is not None), default=0)


def _lateness(twins: Twins, pair: Pair) -> Optional[int]:
    """How many steps after the method the first control parts visibly; None where none does."""
    firsts = [_first(control.parting) for control in twins.controls if control.parting.reach > VISIBLE]
    return min(firsts) - _first(pair.parting) if firsts else None


def _allowance(twins: Twins, pair: Pair) -> float:
    """In how many steps the growth makes up for a method's head start."""
    found = [growth(one.parting.distance) for one in (pair, *twins.controls)]
    slopes = [math.log(one.factor) for one in found if one is not None]
    grown = math.log(HEAD_START) / float(np.median(slopes)) if slopes else 0.1 * len(pair.parting.distance)
    return max(LEAST_STEPS, grown)


def _opening(pair: Pair) -> float:
    """The relative gap of outputs and gradients at the first step."""
    moments = pair.against.series.moments[:1] + pair.run.series.moments[:1]
    if len(moments) < 2:
        return 0.0
    return max(_relative(moments[0], moments[1], quantity) for quantity in ("output", "gradient"))


# --- judgements --------------------------------------------------------------------------------------------------------


def _undecided_verdict(sentence: str) -> TrainingVerdict:
    return TrainingVerdict(Verdict.INCONCLUSIVE, PartingCause.UNKNOWN, Confidence.UNKNOWN, (sentence,))


def _not_reproducible(twins: Twins) -> TrainingVerdict:
    first, second = twins.own.series, twins.again.series
    step = next((s for s in range(len(twins.repeat.distance)) if _size(twins.repeat, s) > 0), 0)
    where = "their first QNode calls get different numbers" if _inputs_differ(first, second) else f"they part at step {step}"
    unseeded = _unseeded_streams(first, second)
    if unseeded:
        names = " and ".join(unseeded)
        reason = f"The script draws from {names}, which it does not seed."
        advice = tuple(f"seed it at the top: {_SEEDS[name]}" for name in unseeded)
        cause = PartingCause.NOT_SEEDED
    else:
        reason = "Every random stream that the script draws from is seeded: what differs comes from outside, or from parallel work."
        advice = ("fix the order and the split of the data",)
        cause = PartingCause.OTHER_DATA if _inputs_differ(first, second) else PartingCause.NONDETERMINISTIC
    sentences = (f"Two runs of the unchanged script differ: {where}.", reason, "Nothing about methods can be concluded before that.")
    evidence = (Evidence("the unchanged script once more", None, twins.repeat.reach, Outcome.PERSISTS, True),)
    return TrainingVerdict(Verdict.INCONCLUSIVE, cause, Confidence.CONFIRMED, sentences, evidence, advice)


_SEEDS = {"random": "random.seed(0)", "numpy.random": "numpy.random.seed(0)", "torch": "torch.manual_seed(0)"}


def _inputs_differ(first: Series, second: Series) -> bool:
    a, b = first.inputs(), second.inputs()
    return len(a) != len(b) or any(not np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b))


def _unseeded_streams(first: Series, second: Series) -> list[str]:
    """The random streams that the script had drawn from, and that stood elsewhere in the other run."""
    others = {stream.name: stream.digest for stream in second.steps.streams}
    return [s.name for s in first.steps.streams if s.moved and s.name in others and others[s.name] != s.digest]


def _error(twins: Twins, pair: Pair, step: int) -> TrainingVerdict:
    own = _own_name(pair)
    gap, nudged = _size(pair.parting, step), max((_size(control.parting, step) for control in twins.controls), default=0.0)
    sentences = (
        f"{pair.run.name} and {own} part at step {step} by {gap:.1e} in output or gradient.",
        f"A nudge of one ulp makes {nudged:.1e} there: this is no rounding, one of the two methods is wrong."
        if twins.controls
        else "That is no rounding: one of the two methods is wrong.",
    )
    evidence = tuple(
        Evidence(f"{own}, {control.run.changed}", gap, _size(control.parting, step), Outcome.PERSISTS, False, "no control parts so")
        for control in twins.controls[:1]
    )
    remedies = ("find the wrong method call by call: qdiag diagnose",)
    return TrainingVerdict(Verdict.ERROR, PartingCause.UNKNOWN, Confidence.UNKNOWN, sentences, evidence, remedies)


def _calm(twins: Twins, pair: Pair) -> TrainingVerdict:
    count, reach = len(pair.parting.distance), pair.parting.reach
    names = f"{pair.run.name} and {_own_name(pair)}"
    sentences = [f"Under {names} the trainings never get further apart than {reach:.1e} in {count} steps."]
    if twins.controls:
        calm = all(control.parting.reach < CALM for control in twins.controls)
        sentences.append(f"A nudge of one ulp makes {_range(twins)}{': this training does not amplify rounding' if calm else ''}.")
    sentences.append("The two methods may be used interchangeably here.")
    return TrainingVerdict(Verdict.AGREE, None, Confidence.UNKNOWN, tuple(sentences))


def _amplified_rounding(twins: Twins, pair: Pair) -> TrainingVerdict:
    own, name, reach = _own_name(pair), pair.run.name, pair.parting.reach
    grown = growth(pair.parting.distance)
    healing = _healing(twins, pair)
    firsts = sorted(_first(control.parting) for control in twins.controls if control.parting.reach > VISIBLE)
    speed = f", about ×{grown.factor:.2f} a step between steps {grown.start} and {grown.end}" if grown else ""
    sentences = [
        f"{name} and {own} start at rounding ({_size(pair.parting, 0):.1e}) and grow apart{speed}, to {reach:.1e}.",
        f"Under {own} alone, a weight nudged by one ulp parts as early (beyond {VISIBLE:.0e} at step {_span(firsts)}; {name} at "
        f"{_first(pair.parting)}) and as far ({_range(twins)}): the training amplifies any rounding, no method is wrong.",
    ]
    if healing:
        sentences.append(_all_that_differs(twins, own, healing[0]))
    evidence = _experiments(twins, pair)
    # without a QNode in single precision there is nothing to heal, and the control alone confirms
    confidence = Confidence.CONFIRMED if healing or not twins.qnode_float64 else Confidence.LIKELY
    advice = tuple(_advice(twins, pair))
    return TrainingVerdict(Verdict.ROUNDING, PartingCause.AMPLIFIED, confidence, tuple(sentences), evidence, advice)


def _precision_alone(twins: Twins, pair: Pair) -> TrainingVerdict:
    """No control parts so, and yet the QNode's precision is all that differs: a kink of the training that no nudge has met."""
    own, name = _own_name(pair), pair.run.name
    sentences = (
        f"{name} and {own} start at rounding ({_size(pair.parting, 0):.1e}) and part to {pair.parting.reach:.1e}.",
        f"A nudge of one ulp makes {_range(twins)}: none of them met the same kink of this training.",
        _all_that_differs(twins, own, _healing(twins, pair)[0]),
    )
    advice = tuple(_advice(twins, pair))
    return TrainingVerdict(Verdict.ROUNDING, PartingCause.AMPLIFIED, Confidence.LIKELY, sentences, _experiments(twins, pair), advice)


def _healing(twins: Twins, pair: Pair) -> list[Pair]:
    """The runs with the QNode in float64 that bring the two trainings together again."""
    return [one for one in twins.qnode_float64 if comes_back(one.parting, pair.parting)]


def _all_that_differs(twins: Twins, own: str, healed: Pair) -> str:
    back = own if healed.against is twins.again else healed.against.name
    how = f"to {healed.parting.reach:.1e}" if healed.parting.reach else "bit for bit"
    return (
        f"With {healed.run.changed}, the training follows that of {back} {how}: "
        "the precision of the QNode is all that tells the two methods apart."
    )


def _experiments(twins: Twins, pair: Pair) -> tuple[Evidence, ...]:
    """The controls and the runs with the QNode in float64, as experiments."""
    own, reach = _own_name(pair), pair.parting.reach
    wide = twins.qnode_float64
    healed = [Evidence(one.run.changed, reach, one.parting.reach, Outcome.HEALS, comes_back(one.parting, pair.parting)) for one in wide]
    return (*(_persisting(own, control, reach) for control in twins.controls), *healed)


def _persisting(own: str, control: Pair, reach: float) -> Evidence:
    """The experiment of one nudge: the trainings part although the method is the same."""
    persists = control.parting.reach >= AS_FAR * reach
    detail = "" if persists else "this nudge did not grow"
    return Evidence(f"{own}, {control.run.changed}", reach, control.parting.reach, Outcome.PERSISTS, persists, detail)


def _advice(twins: Twins, pair: Pair) -> list[str]:
    advice = []
    wide = next((one for one in twins.float64 if one.against is not twins.again), None)
    if wide is not None:
        beyond = [_first(one.parting) if one.parting.reach > VISIBLE else None for one in (pair, wide)]
        when = (
            f"parts beyond {VISIBLE:.0e} at step {beyond[1]} instead of {beyond[0]}" if beyond[1] is not None else "never visibly parts"
        )
        advice.append(f"train in float64: the pair {when}, by {wide.parting.reach:.1e} at most instead of {pair.parting.reach:.1e}")
    for one in twins.mechanism:
        if trains(one.run.series) and trains(one.against.series) and one.parting.reach < AS_FAR * pair.parting.reach:
            advice.append(f"{one.against.changed}: the pair parts by {one.parting.reach:.1e} instead of {pair.parting.reach:.1e}")
    advice.append(f"compare methods at fixed points: at the first step they are {_size(pair.parting, 0):.1e} apart")
    finals = [_final(run.series) for run in (twins.again, pair.run, *(control.run for control in twins.controls))]
    least, most = f"{min(finals):.3g}", f"{max(finals):.3g}"
    if np.isfinite(finals).all() and least != most:
        advice.append(f"average over seeds: rounding alone spreads the final loss from {least} to {most}")
    return advice


def _final(series: Series) -> float:
    losses = series.losses[~np.isnan(series.losses)]
    return float(losses[-max(1, len(losses) // 6) :].mean()) if len(losses) else math.nan


def _own_name(pair: Pair) -> str:
    first = pair.against.series.first
    return first.configuration.method.diff_method if first is not None else "the script's own method"


def _range(twins: Twins) -> str:
    reaches = sorted(control.parting.reach for control in twins.controls)
    return f"{reaches[0]:.1e}" if len(reaches) == 1 else f"{reaches[0]:.1e} to {reaches[-1]:.1e}"


def _reach_of_controls(twins: Twins) -> str:
    return f"The controls reach {_range(twins)}"


def _span(steps: Sequence[int]) -> str:
    return str(steps[0]) if len(set(steps)) == 1 else f"{steps[0]} to {steps[-1]}"
