"""QD808: the gradient is there, and the step does something else with it than the user thinks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from qdiag.diagnosis.causes.around_the_qnode import UNUSED_GRADIENT
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.parameters import Story, accumulating_roots, is_tracked, stories, training_calls
from qdiag.diagnosis.training.recorded import Seen
from qdiag.diagnosis.training.telling import listed, remark
from qdiag.model.call import SourceLine
from qdiag.model.remarks import Remark
from qdiag.model.training import Gradient, OptimiserStep, SteppedArgument

LEAST = 3
"""Steps, or backward passes, that must have gone the same way."""

NOTHING = 1e6
"""By how much clipping makes gradients smaller before it is said to leave nothing."""

VANISHED = 1e-6
"""A gradient that is no larger at any step is one that vanishes, as the rounding of a zero does."""


def remarks(history: History) -> Iterator[Remark]:
    """What steps do with gradients: each kind of misuse once."""
    by_optimiser: dict[int, list[Story]] = {}
    for story in stories(history.training):
        by_optimiser.setdefault(story.optimiser.number, []).append(story)
    clipped = list(_clipped_to_nothing(history))
    yield from clipped
    for held in by_optimiser.values():
        yield from _never_cleared(history, held)
        yield from _cleared_too_early(history, held)
        yield from _cleared_between(history, held)
        if not clipped:
            yield from _moves_nothing(history, held)
    yield from _never_cleared_by_hand(history)
    yield from _never_stepped(history)
    yield from _thrown_away(history)
    yield from _of_others(history)


def _never_cleared(history: History, held: Sequence[Story]) -> Iterator[Remark]:
    """Each step's gradient lay on top of the one before, whenever that could be seen."""
    looked = [[step.stale for step in story.steps if step.stale is not None] for story in held]
    if not any(len(seen) >= LEAST - 1 for seen in looked) or not all(all(seen) for seen in looked):
        return
    optimiser, places = held[0].optimiser, _step_places(history, held)
    yield remark(
        history,
        UNUSED_GRADIENT,
        f"the gradients that {optimiser.kind} uses are never set to zero: each backward pass adds to those of all passes before it",
        places=places,
        calls=_calls(history),
        remedy="call optimizer.zero_grad() once for each step, before loss.backward()",
    )


def _never_cleared_by_hand(history: History) -> Iterator[Remark]:
    """The same of what no optimiser holds, and was moved along its gradient all the same."""
    training, roots = history.training, accumulating_roots(history.training)
    held = {leaf.token for seen in training.optimisers for leaf in seen.fact.parameters}
    found = Counter(token for root in roots for token in root.stale if token not in held)
    cleared = {token for root in roots for token in root.cleared}
    names = [_name_of(history, token) for token in found if found[token] >= LEAST]
    if not names or cleared & {*found}:
        return
    yield remark(
        history,
        UNUSED_GRADIENT,
        f"the gradient of {listed(names)} is used for a step and never set to zero: each backward pass adds to those of all before it",
        places=[root.source for root in roots if {*root.stale} & {*found}][:1],
        calls=_calls(history),
        remedy="set the gradient to None, or to zero, once for each step, before loss.backward()",
    )


def _name_of(history: History, token: int) -> str:
    """What a tensor is called that no optimiser holds: as the argument of a QNode, if it is one."""
    origins = (argument for call in training_calls(history.training) for argument in call.fact.arguments)
    name = next((argument.name for argument in origins if argument.token == token), "")
    leaf = history.training.leaf(token)
    return name or leaf.name or f"a parameter of shape {leaf.shape}"


def _cleared_too_early(history: History, held: Sequence[Story]) -> Iterator[Remark]:
    """Backward passes left gradients, and no step found one."""
    lost = [story for story in held if story.starved and len(story.steps) >= LEAST and all(step.brought for step in story.steps)]
    if lost:
        yield remark(
            history,
            UNUSED_GRADIENT,
            f"backward passes bring a gradient to {listed([story.name for story in lost])}, and it is gone when {_kind(held)} steps",
            places=_step_places(history, held),
            calls=_calls(history),
            remedy="call optimizer.zero_grad() before loss.backward(), not between it and optimizer.step()",
        )


def _cleared_between(history: History, held: Sequence[Story]) -> Iterator[Remark]:
    """Of several backward passes that make up a step, only the last one's gradient was there."""
    stories_with = [story for story in held if len(story.steps) >= LEAST and all(step.lost for step in story.steps)]
    if not stories_with:
        return
    lost = min(step.lost for story in stories_with for step in story.steps)
    passes = "the pass before it" if lost == 1 else f"the {lost} passes before it"
    yield remark(
        history,
        UNUSED_GRADIENT,
        f"each step of {_kind(held)} uses what the last backward pass left: the gradient of {passes} was cleared",
        places=[accumulating_roots(history.training)[0].source, *_step_places(history, held)],
        calls=_calls(history),
        remedy="call optimizer.zero_grad() once for each step, before the first of its backward passes",
    )


def _moves_nothing(history: History, held: Sequence[Story]) -> Iterator[Remark]:
    """There are gradients at all steps, and no step moves anything."""
    live = [story for story in held if len(story.steps) >= LEAST and all(step.gradient is Gradient.SOME for step in story.steps)]
    steps = [step for story in held for step in story.steps]
    if not live or any(step.moved is not False for step in steps):
        return
    rates = {step.rate for story in live for step in story.steps}
    size = max(step.size for story in live for step in story.steps)
    if rates == {0.0}:
        because, remedy = f"the learning rate of {_kind(held)} is 0 at all steps", "give the optimiser a learning rate above zero"
    else:
        if size <= VANISHED:
            return  # it is the gradient that vanishes (QD807), and no step would make anything of it
        rate = max(rates, default=math.nan)
        because = f"no step of {_kind(held)} changes a single bit: its learning rate is {rate:.2g}, the largest gradient {size:.2g}"
        remedy = "choose a learning rate at which a step changes the parameters by more than their last digit"
    yield remark(history, UNUSED_GRADIENT, because, places=_step_places(history, held), calls=_calls(history), remedy=remedy)


def _clipped_to_nothing(history: History) -> Iterator[Remark]:
    clips = [seen.fact for seen in history.training.clips]
    known = [(clip, clip.before) for clip in clips if clip.before is not None and math.isfinite(clip.before) and clip.before > 0]
    if len(known) < LEAST or not all(before > NOTHING * clip.limit for clip, before in known):
        return
    clip, before = known[0]
    yield remark(
        history,
        UNUSED_GRADIENT,
        f"clipping leaves nothing of the gradients: they are cut from {before:.2g} to {clip.limit:.2g}",
        places=[clip.source],
        calls=_calls(history),
        remedy="clip to a limit of about the size that gradients usually have",
    )


def _never_stepped(history: History) -> Iterator[Remark]:
    """Gradients are worked out by what an optimiser holds, and neither it nor anybody else ever moves that."""
    training = history.training
    roots = accumulating_roots(training)
    if training.taken or len(roots) < LEAST or len({root.digest for root in roots}) != 1 or not roots[0].digest:
        return
    for seen in training.optimisers:
        held = {leaf.token for leaf in seen.fact.parameters if leaf.requires_grad}
        if seen.fact.framework == "torch" and held and all(held & {*root.leaves} for root in roots):
            yield remark(
                history,
                UNUSED_GRADIENT,
                f"backward passes bring gradients to what {seen.fact.kind} holds, and it never takes a step",
                places=[roots[0].source, seen.fact.source],
                calls=_calls(history),
                remedy="call optimizer.step() after loss.backward()",
            )
            return


def _thrown_away(history: History) -> Iterator[Remark]:
    """PennyLane's optimisers change nothing in place: what a step gives back must be what the next one is given."""
    by_optimiser: dict[int, list[Seen[OptimiserStep]]] = {}
    for seen in history.training.steps:
        if seen.fact.arguments:
            by_optimiser.setdefault(seen.fact.optimiser, []).append(seen)
    for taken in by_optimiser.values():
        pairs = [(one, two) for one, two in zip(taken, taken[1:]) if two.fact.number == one.fact.number + 1]
        kept = [_given_again(one.fact, two.fact) for one, two in pairs]
        if len(kept) >= LEAST - 1 and all(kept):
            yield remark(
                history,
                UNUSED_GRADIENT,
                f"each step is given the same {listed(kept[0])} as the one before: what optimizer.step returns is not used",
                places=[taken[0].fact.source],
                calls=_calls(history),
                remedy="assign what the step returns: weights = optimizer.step(cost, weights)",
            )


def _of_others(history: History) -> Iterator[Remark]:
    """PennyLane's optimisers move what autograd may follow and leave all else alone, whatever gradient they are handed."""
    steps = [seen for seen in history.training.steps if seen.fact.arguments]
    arguments = [argument for seen in steps for argument in seen.fact.arguments]
    if len(steps) < LEAST or any(argument.trainable or argument.moved is not False for argument in arguments):
        return
    calls = [seen.fact for seen in training_calls(history.training)]
    if calls and not any(is_tracked(call) for call in calls):
        return  # then nothing is followed at all (QD803)
    names = listed([argument.name for argument in arguments])
    yield remark(
        history,
        UNUSED_GRADIENT,
        f"every step gives {names} back unchanged, whatever its gradient: PennyLane's optimisers move only what is marked as trainable",
        places=[steps[0].fact.source],
        calls=list(range(min(1, len(history.recording)))),
        remedy="pennylane.numpy arrays with requires_grad=True; under JAX or torch an optimiser of theirs (optax, torch.optim)",
    )


def _given_again(one: OptimiserStep, two: OptimiserStep) -> list[str]:
    """Names of the arguments that a step moved, where all of them are given to the next step as they were."""
    moved = [(before, after) for before, after in zip(one.arguments, two.arguments) if before.trainable and before.moved]
    return [before.name for before, _ in moved] if all(_is_the_same(before, after) for before, after in moved) else []


def _is_the_same(before: SteppedArgument, after: SteppedArgument) -> bool:
    return bool(before.given) and after.given == before.given


def _kind(held: Sequence[Story]) -> str:
    return held[0].optimiser.kind


def _step_places(history: History, held: Sequence[Story]) -> list[SourceLine]:
    number = held[0].optimiser.number
    return [seen.fact.source for seen in history.training.steps if seen.fact.optimiser == number]


def _calls(history: History) -> list[int]:
    """The calls that backward passes reached."""
    return sorted({call for root in accumulating_roots(history.training) for call in root.calls})
