"""What is said where one script's circuits are held against another stack: whether they changed, which first, and who is right."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from qdiag._version import __version__
from qdiag.model.call import Environment
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.lock import LeftOut, Missing
from qdiag.model.two_stacks import Outcome, StackComparison, TwoStacks, Upheld
from qdiag.report.content.figures import calls, count, gap, listing, short_line, values
from qdiag.report.content.known_faults import KnownFault, touched_by
from qdiag.report.content.method_names import full
from qdiag.report.outline import Fact
from qdiag.visible import make_visible

WORDS = {Verdict.AGREE: "AGREE", Verdict.ERROR: "ERROR", Verdict.INCONCLUSIVE: "INCONCLUSIVE"}
NOUNS = {
    Signature.OUTPUT: "output",
    Signature.VJP: "gradient",
    Signature.JACOBIAN: "gradient",
    Signature.NAN: "number",
    Signature.SHAPE: "shape",
    Signature.DTYPE: "dtype",
}
PACKAGES = {"pennylane": "PennyLane", "pennylane-lightning": "Lightning"}
"""How packages are written in sentences."""

MOST_SHOWN = 20
"""Circuits that are shown one by one; of the others there is a number."""

MOST_WORDS = 160
"""Characters of an exception."""

WHY_MISSING = {
    Missing.RAISED: "raised in the run",
    Missing.OPAQUE: "held an operation that is known by name only",
    Missing.OWN_CLASSES: "need classes of the script's own",
    Missing.SECRET: "need an option that looks like a secret, or like a place on this machine",
    Missing.RANDOM: "are random by construction, or raw samples",
    Missing.NOT_FINITE: "held numbers that are not finite",
    Missing.FAILS: "could not be evaluated on the numbers of the file",
    Missing.CHANGING: "give other numbers each time",
    Missing.TOO_LARGE: "did not fit into the file",
}


@dataclass(frozen=True)
class Sides:
    """How the two stacks are called in sentences, and the things that they were asked about."""

    first: str
    second: str
    noun: str


LOCK = Sides("the lock", "this stack", "circuit")
"""The sides of ``qdiag ci``."""


@dataclass(frozen=True)
class Change:
    """One circuit that changed: where its QNode is, what became of it, and a line for each thing that is known."""

    title: str
    path: str
    line: int
    sentence: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class StacksPage:
    """Two stacks in words; ``record`` is the same for machines."""

    title: str
    verdict: str
    sentence: str
    facts: tuple[Fact, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    record: dict[str, Any]


def sides_of(package: str, release: str) -> Sides:
    """The sides of ``--compare-with``."""
    return Sides(f"{PACKAGES.get(package, package)} {release}", "this stack", "call")


def verdict_of(found: StackComparison, *, raising_counts: bool) -> Verdict:
    """What two stacks come to; whether it is a change that one of them raises."""
    if found.of(Outcome.CHANGED, *((Outcome.RAISES,) if raising_counts else ())):
        return Verdict.ERROR
    untold = found.of(Outcome.NOT_ASKED, Outcome.INCONCLUSIVE, Outcome.RAISES)
    return Verdict.INCONCLUSIVE if untold or not found.held else Verdict.AGREE


def page(found: StackComparison, sides: Sides, *, title: str, raising_counts: bool = True, more: Sequence[Fact] = ()) -> StacksPage:
    """Two stacks in words.

    Parameters
    ----------
    found
        What they say.
    sides
        How they are called.
    title
        What was asked.
    raising_counts
        Whether it is a change that one of them raises.
    more
        Facts of the command's own.
    """
    verdict = verdict_of(found, raising_counts=raising_counts)
    told = found.of(Outcome.CHANGED, Outcome.RAISES)
    changes = tuple(_change(one, found, sides) for one in told[:MOST_SHOWN])
    return StacksPage(
        _shown(title),
        WORDS[verdict],
        _sentence(found, sides),
        _shown_facts([Fact("stacks", stacks_in_words(found.stacks)), *more]),
        changes,
        tuple(map(_shown, _notes(found, sides, len(told) - len(changes)))),
        _record(found, verdict, sides),
    )


def _shown(text: str) -> str:
    """A text that a file may have brought: nothing in it is obeyed by a terminal, or taken for a command by a workflow."""
    return make_visible(text).replace("::", ": :")


def _shown_facts(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    return tuple(Fact(fact.label, _shown(fact.text)) for fact in facts if fact.text)


def stacks_in_words(stacks: tuple[Environment, Environment]) -> str:
    """In what two stacks differ: ``PennyLane 0.44.1 against 0.45.1, numpy 1.26.4 against 2.4.6``."""
    first, second = ({"Python": one.python, **dict(one.packages)} for one in stacks)
    names = [name for name in first if name in second]
    differing = [f"{PACKAGES.get(name, name)} {first[name]} against {second[name]}" for name in names if first[name] != second[name]]
    version = stacks[1].version("pennylane")
    return ", ".join(differing) if differing else f"the same versions, PennyLane {version}" if version else "the same versions"


def first_in_words(found: StackComparison, sides: Sides) -> tuple[Fact, ...]:
    """How many calls were compared, and which one is the first that differs: calls of its kind after it are not asked."""
    first, compared = found.first, calls([one.call.index for one in found.held], found.total)
    if first is None:
        return (Fact("compared", compared),)
    alike = "; of a circuit that differs no later call is asked" if len(found.held) < found.total else ""
    return Fact("first", _shown(_place(first, sides))), Fact("compared", f"{compared}{alike}")


def missing_in_words(left_out: Sequence[LeftOut]) -> tuple[str, ...]:
    """What of a run a lock has not got, a sentence each."""
    return tuple(f"{count(one.count, 'circuit')} of the run not in it: {WHY_MISSING[one.why]}" for one in left_out)


# --- sentences ------------------------------------------------------------------------------------------------------------


def _sentence(found: StackComparison, sides: Sides) -> str:
    asked, changed, raising = len(found.held), found.of(Outcome.CHANGED), found.of(Outcome.RAISES)
    noun = sides.noun
    if not asked:
        return f"There is no {noun} to ask about."
    said = []
    if changed:
        said.append(f"{len(changed)} of {count(asked, noun)} changed beyond rounding between {sides.first} and {sides.second}.")
        said += _who_is_right(changed, sides)
    if raising:
        of = "" if changed else f" of {count(asked, noun)}"
        verb = "raises" if len(raising) == 1 else "raise"
        said.append(f"{len(raising)}{of} {verb} on one side where the other gives numbers.")
    if not said:
        same = len(found.of(Outcome.SAME, Outcome.SAMPLED))
        if same < asked:
            return f"{same} of {count(asked, noun)} give the same, to rounding; the others cannot be told."
        which = f"The {noun} gives" if asked == 1 else f"All {count(asked, noun)} give"
        said.append(f"{which} the same on both stacks, to rounding.")
    return " ".join(said)


def _who_is_right(changed: Sequence[TwoStacks], sides: Sides) -> Iterator[str]:
    by = {upheld: sum(one.upheld is upheld for one in changed) for upheld in Upheld}
    told = {Upheld.FIRST: f"{sides.second} is wrong", Upheld.SECOND: f"{sides.first} was wrong", Upheld.NEITHER: "both are wrong"}
    parts = [f"{words} in {by[upheld]}" for upheld, words in told.items() if by[upheld]]
    parts += [f"of {by[Upheld.UNKNOWN]} it cannot be told"] if by[Upheld.UNKNOWN] else []
    sentence = listing(parts)
    yield f"{sentence[:1].upper()}{sentence[1:]}."


def _change(one: TwoStacks, found: StackComparison, sides: Sides) -> Change:
    source = one.call.configuration.source
    facts = [Fact("of", str(one.comparison.element))] if one.comparison.element is not None else []
    facts.append(Fact("arbiter", _arbiter(one, sides)))
    facts += [Fact("known", _known(fault)) for fault in _known_between(one, found.stacks)]
    changed = _shown(_what_changed(one.comparison, sides))
    return Change(_shown(_place(one, sides)), source.path, source.line, changed, _shown_facts(facts))


def _place(one: TwoStacks, sides: Sides) -> str:
    configuration = one.call.configuration
    return f"{sides.noun} {one.call.index}: {configuration.label} ({configuration.source}) under {full(one.method)}"


def _what_changed(comparison: Comparison, sides: Sides) -> str:
    if comparison.where is Signature.RAISE:
        side, failure = next(
            (name, failure) for name, failure in zip((sides.first, sides.second), comparison.failures) if failure is not None
        )
        return f"{side} raises {short_line(f'{failure.type}: {failure.message}', MOST_WORDS)}"
    noun = NOUNS.get(comparison.where, "result")
    if not math.isfinite(comparison.max_abs):
        return f"its {noun}: {comparison.detail}"
    one, other = values(comparison.values)
    explained = f"where rounding explains {gap(comparison.bound)}"
    return f"its {noun} is {one} on {sides.first} and {other} on {sides.second}: {gap(comparison.max_abs)} apart, {explained}"


def _arbiter(one: TwoStacks, sides: Sides) -> str:
    if one.outcome is Outcome.RAISES:
        return ""
    wrong = [f"{name} has {said}" if said else "" for name, said in zip((sides.first, sides.second), one.said)]
    words = "; ".join(filter(None, wrong))
    return {
        Upheld.FIRST: f"{sides.first} is right: {words}",
        Upheld.SECOND: f"{sides.second} is right: {words}",
        Upheld.NEITHER: f"neither is right: {words}",
        Upheld.UNKNOWN: words or one.untold or "cannot tell which one is right",
    }[one.upheld]


def _known_between(one: TwoStacks, stacks: tuple[Environment, Environment]) -> tuple[KnownFault, ...]:
    """Faults that are known, which the circuit touches, and one of the two releases has."""
    versions = [stack.version("pennylane") for stack in stacks]
    touched = {fault.fault.title: fault.fault for version in versions for fault in touched_by([one.call], version)}
    return tuple(fault for fault in touched.values() if fault.affects(versions[0]) != fault.affects(versions[1]))


def _known(fault: KnownFault) -> str:
    return f"{fault.title} ({fault.reference}): PennyLane {fault.releases}"


def _notes(found: StackComparison, sides: Sides, hidden: int) -> Iterator[str]:
    noun = sides.noun
    if hidden:
        yield f"{count(hidden, 'further ' + noun)} changed and not shown: --json has all"
    sampled = found.of(Outcome.SAMPLED)
    if sampled:
        yield f"{count(len(sampled), noun)} with shots: the same within the sampling error, which is all that can be said"
    changing = found.of(Outcome.INCONCLUSIVE)
    if changing:
        yield f"{count(len(changing), noun)} cannot be told: evaluated twice on one stack they give other numbers, or none to compare"
    reasons: dict[str, int] = {}
    for one in found.of(Outcome.NOT_ASKED):
        failure = next(failure for failure in reversed(one.comparison.failures) if failure is not None)
        words = short_line(failure.message, MOST_WORDS)
        reasons[words] = reasons.get(words, 0) + 1
    for words, number in reasons.items():
        yield f"{count(number, noun)} not asked on both stacks: {words}"


# --- for machines -----------------------------------------------------------------------------------------------------------


def _record(found: StackComparison, verdict: Verdict, sides: Sides) -> dict[str, Any]:
    """stacks.json, schema 1: fields may be added, never renamed. Strict: a number that is none is null."""
    first = found.first
    return {
        "schema": 1,
        "qdiag": __version__,
        "verdict": verdict.value,
        "sentence": _sentence(found, sides),
        "stacks": [{"python": one.python, "packages": dict(one.packages)} for one in found.stacks],
        "asked": len(found.held),
        "total": found.total,
        "same": len(found.of(Outcome.SAME, Outcome.SAMPLED)),
        "first": None if first is None else first.call.index,
        "circuits": [_entry(one, found) for one in found.held],
    }


def _entry(one: TwoStacks, found: StackComparison) -> dict[str, Any]:
    comparison, configuration = one.comparison, one.call.configuration
    differs = one.outcome in (Outcome.CHANGED, Outcome.RAISES)
    return {
        "index": one.call.index,
        "qnode": configuration.label,
        "source": str(configuration.source),
        "method": full(one.method),
        "outcome": one.outcome.value,
        "where": comparison.where.value if differs else None,
        "element": str(comparison.element) if differs and comparison.element is not None else None,
        "values": [_number(value) for value in comparison.values] if differs else None,
        "max_abs": _number(comparison.max_abs),
        "rounding_bound": _number(comparison.bound),
        "upheld": one.upheld.value if differs else None,
        "raised": [None if failure is None else f"{failure.type}: {failure.message}" for failure in comparison.failures],
        "known": [fault.title for fault in _known_between(one, found.stacks)] if differs else [],
    }


def _number(number: Optional[complex]) -> Any:
    if number is None or not math.isfinite(abs(number)):
        return None
    return [number.real, number.imag] if isinstance(number, complex) else number
