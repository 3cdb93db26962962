"""The verdict in a sentence, for a result and for a finding, in words that a maintainer reads once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from typing import Union

from qdiag.model.call import Script
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.coverage import LOST
from qdiag.model.findings import Divergence, Finding, FoundWrong
from qdiag.model.method import Method
from qdiag.model.remarks import Remark
from qdiag.model.result import Entry, Result
from qdiag.model.transform_families import TransformKind, spelt
from qdiag.report.content.coverage import calls_compared, is_whole, unseen_sentences
from qdiag.report.content.figures import count, gap, listing, precision, seconds
from qdiag.report.content.method_names import Names, full, names_of

WORDS = {
    Verdict.AGREE: "AGREE",
    Verdict.REMARK: "REMARK",
    Verdict.ROUNDING: "ROUNDING",
    Verdict.ERROR: "ERROR",
    Verdict.INCONCLUSIVE: "INCONCLUSIVE",
    Verdict.REFUSED: "REFUSED",
}

_FAR = 1e-5
"""Relative to the largest number: nobody would call it rounding."""

_NOUNS = {
    Signature.OUTPUT: "output",
    Signature.VJP: "gradient (vector-Jacobian product)",
    Signature.JACOBIAN: "gradient (Jacobian)",
    Signature.SECOND_DERIVATIVE: "second derivative",
}


def of_result(result: Result, script: Script, names: Names) -> str:
    """The verdict of a whole run."""
    if not result.calls:
        return _nothing_recorded(result, script)
    said = _of_result(result, names)
    # an error stands, whatever else was not seen
    return said if result.verdict is Verdict.ERROR else " ".join((said, *unseen_sentences(result.coverage)))


def _of_result(result: Result, names: Names) -> str:
    worst = next((entry for entry in result.entries if entry.verdict is result.verdict), None)
    if worst is not None:
        others = sum(1 for entry in result.entries if entry.verdict is Verdict.ERROR) - 1
        more = f" {count(others, 'further error')} below." if result.verdict is Verdict.ERROR and others > 0 else ""
        return of_entry(worst, result, names) + more + _about_methods(result, names)
    if result.verdict is Verdict.INCONCLUSIVE:
        return _why_undecided(result, names)
    compared = listing(names.all(result.replay.answering)) or "the methods"
    if result.alone:
        return f"No other method takes this circuit; {compared} agrees with our own simulation of it. It is not wrong."
    if result.replay.not_rebuilt and not result.replay.replayed:
        slopes = "The script's own method gives the slopes of its QNode, as numerical differentiation finds them"
        results = "Its results come out the same again, and nothing that could say whether they are right simulates it"
        return f"{slopes}: no gradient is wrong. {results}."
    outputs = "" if result.tracked else " in their outputs, which is all that was compared,"
    where, there = calls_compared(result.coverage), "" if is_whole(result.coverage) else " there"
    apart = max((comparison.tolerance_needed for _, comparison in result.replay.comparisons), default=0.0)
    if result.tolerance:
        within = f"within the tolerance that was given ({result.tolerance}) {where}"
        return f"{compared} are{outputs} {within}: up to {gap(apart)} apart, relative to the largest number."
    if apart > _FAR:
        explained = "a difference quotient's step leaves out as much"
        return f"{compared} are{outputs} up to {gap(apart)} apart, relative to the largest number: {explained}."
    return f"{compared} agree{outputs} {where}, to float64 rounding. No method is wrong{there}."


def _about_methods(result: Result, names: Names) -> str:
    """What stands behind a remark that leads although nothing is decided about the methods."""
    if not result.undecided:
        return ""
    doubt = next((entry for entry in result.entries if entry.verdict is Verdict.INCONCLUSIVE), None)
    why = of_entry(doubt, result, names) if doubt is not None else _why_undecided(result, names)
    return f" Of the methods nothing is decided: {why}"


def first_answer(result: Result, script: Script) -> str:
    """What is known before expensive methods are asked and causes looked for, in a line."""
    return f"first answer: {_answer(result, script)}"


def answer_of_own(result: Result) -> str:
    """What is known where no method that costs little stands beside the script's own, and the arbiter finds that one right."""
    own = listing(names_of(result.replay.methods).all(result.replay.answering)) or "the script's own method"
    return f"first answer: {WORDS[Verdict.AGREE]}  {own} agrees with our own simulation of the circuits. No other method was asked yet."


def early_answer(result: Result, script: Script, *, probed: bool = True) -> str:
    """The same of those of the calls that were compared by then, of how many these are, and whether probes are still to come."""
    probes = "" if probed else "; probes are still running"
    return f"{first_answer(result, script)} (so far: {result.coverage.compared} of {count(result.calls, 'call')}{probes})"


def later_answer(result: Result, script: Script) -> str:
    """The answer of all calls, where an early one said something else."""
    return f"of all calls: {_answer(result, script)}"


def _answer(result: Result, script: Script) -> str:
    return f"{WORDS[result.verdict]}  {of_result(result, script, names_of(result.replay.methods))}"


def script_ended(script: Script, spent: float, recorded: int) -> str:
    """What is said when the script has ended and judging begins."""
    code = script.exit_code or 0
    how = f", {killed_words(code)}" if code < 0 else f" with exit code {code}" if code else ""
    return f"the script ended after {seconds(spent)}{how}; judging {count(recorded, 'QNode call')}"


def _nothing_recorded(result: Result, script: Script) -> str:
    code = script.exit_code or 0
    if code > 0 and not result.coverage.gaps & LOST:
        how = f"exit code {code}, {script.failure.type}" if script.failure else f"exit code {code}"
        return f"Your script failed ({how}) before its first QNode call: there is nothing to compare."
    if result.notes or result.coverage.unseen:
        return "No QNode call was recorded: see the notes below."
    ended = f" (it ended with {script.failure.type})" if script.failure else ""
    if script.exit_code is not None and script.exit_code < 0:
        ended = f" before it was {killed_words(script.exit_code)}"
    return f"The script made no QNode call{ended}: there is nothing to compare."


def killed_words(exit_code: int) -> str:
    """Which signal ended a script, from its exit code."""
    known = {number.value: number.name for number in signal.Signals}
    name = known.get(-exit_code, "")
    return f"killed by signal {-exit_code}" + (f" ({name})" if name else "")


def _why_undecided(result: Result, names: Names) -> str:
    astray = [one for one in result.replay.unfaithful if not one.explained]
    if astray:
        return (
            f"Replaying did not give the script's own numbers at {count(len(astray), 'call')}, "
            "so what the methods give there cannot be judged from the circuit alone."
        )
    if not result.replay.replayed:
        return "No call could be evaluated under two methods, so there is nothing to compare."
    if result.coverage.leaves_undecided and not any(entry.verdict is Verdict.INCONCLUSIVE for entry in result.entries):
        compared = listing(names.all(result.replay.answering)) or "The methods"
        within = "to rounding" if result.findings or result.remarks else "to float64 rounding"
        return f"{compared} agree {within} {calls_compared(result.coverage)}, and that does not decide it."
    return "What was seen does not decide it: see the notes below."


def of_entry(entry: Entry, result: Result, names: Names) -> str:
    """The verdict of whatever has a chapter of its own."""
    return of_remark(entry) if isinstance(entry, Remark) else of_finding(entry, result, names)


def of_remark(remark: Remark) -> str:
    """What was seen of the training, in its own words; nothing is said to be wrong with any method."""
    because = remark.diagnosis.because.rstrip(".")
    return f"{because[:1].upper()}{because[1:]}."


def of_finding(finding: Finding, result: Result, names: Names) -> str:
    """The verdict of one finding."""
    divergence = finding.divergence
    if divergence.of_metric:
        made, off = spelt(divergence.call.configuration.remade_by), gap(divergence.comparison.max_abs)
        return f"{made} is wrong{names.at(divergence.call.index)}: the metric of the circuit's state is {off} away."
    if divergence.rewritten:
        return _rewritten(divergence, names)
    if divergence.verdict is Verdict.ROUNDING:
        return _rounding(finding, names)
    said = _of_difference(divergence, result, names)
    if finding.elsewhere:
        said += f" The same is seen at {count(len(finding.elsewhere), 'other QNode')}."
    if divergence.verdict is Verdict.REMARK:
        if divergence.untaken:
            return f"{said} The script's own arguments take no such direction: along them the slopes are right."
        own = names.short(divergence.call.method)
        if not divergence.wrong and (not divergence.upheld or divergence.signature in (Signature.SHAPE, Signature.DTYPE)):
            return f"{said} None of them is proven wrong."
        if not divergence.wrong and divergence.probe is not None:
            return f"{said} The script does not use it: the slopes of its own method, {own}, are those of its results."
        them = "them" if len(divergence.wrong) > 1 else "it"
        said += f" The script does not use {them}: its own method, {own}, is right."
    return said


def _of_difference(divergence: Divergence, result: Result, names: Names) -> str:
    if divergence.verdict is Verdict.INCONCLUSIVE:
        return _inconclusive(divergence, names)
    if divergence.signature is Signature.RAISE:
        return _raises(divergence, names)
    if divergence.signature is Signature.NAN:
        return _not_a_number(divergence, names)
    if divergence.signature in (Signature.SHAPE, Signature.DTYPE):
        return _shape(divergence, names)
    return _error(divergence, result, names)


def judged_words(judged: Union[FoundWrong, str], name: Callable[[Method], str] = full) -> str:
    """What the arbiter said, in a sentence; ``name`` calls the methods in it."""
    if isinstance(judged, str):
        return judged
    whole = "all methods that gave numbers are wrong: " if judged.unanimous else ""
    wrong, worst = ", ".join(map(name, judged.wrong)), name(judged.worst)
    # of second derivatives that along one direction is asked for, and no entry
    kind = "second derivative along one direction" if judged.where is Signature.SECOND_DERIVATIVE else judged.where.value
    return (
        f"{whole}{wrong} {'is' if len(judged.wrong) == 1 else 'are'} away from {judged.source}: {worst} has {judged.has} "
        f"({kind}, {judged.bound:.1g} explained)"
    )


def _pair(comparison: Comparison, names: Names) -> str:
    return listing(names.all(comparison.methods))


def _rounding(finding: Finding, names: Names) -> str:
    divergence, comparison = finding.divergence, finding.divergence.comparison
    where = f" at {count(len(finding.qnodes), 'QNode')}," if finding.elsewhere else ""
    return (
        f"{_pair(comparison, names)} differ{where}{names.since(divergence.call.index)}, never by more than "
        f"{precision(comparison.eps)} explains. No method is wrong."
    )


def _inconclusive(divergence: Divergence, names: Names) -> str:
    detail = judged_words(divergence.judged) or divergence.comparison.detail
    if divergence.unrepeated:
        return f"{_raises(divergence, names).rstrip('.')}: {detail}."
    first, second = divergence.comparison.methods
    pair = _pair(divergence.comparison, names)
    subject = f"{names.short(first)} cannot be judged" if first.bare == second.bare else f"{pair} cannot be compared"
    return f"{subject}{names.at(divergence.call.index)}{': ' + detail if detail else ''}."


def _rewritten(divergence: Divergence, names: Names) -> str:
    """What transforms did: by PennyLane's promise wrongly, by the user's own perhaps on purpose."""
    comparison, configuration = divergence.comparison, divergence.call.configuration
    off = f"{gap(comparison.max_abs)}{names.at(divergence.call.index)}"
    if divergence.verdict is Verdict.REMARK:
        own = listing(configuration.transforms_of(TransformKind.UNKNOWN))
        return f"Your transform {own} changes the circuit: its output moves by {off}. Intended?"
    verb = "changes" if len(configuration.transforms) == 1 else "change"
    return f"{listing(configuration.transforms)} {verb} the circuit: its output is off by {off}, under every method."


def _raises(divergence: Divergence, names: Names) -> str:
    failure = divergence.call.failure
    who = names.short(divergence.comparison.methods[0])
    kind = f" {failure.type}" if failure else ""
    when = " in the backward pass" if failure and failure.stage == "backward" else ""
    return f"{who}, the script's own method, raises{kind}{when}{names.at(divergence.call.index)}."


def _not_a_number(divergence: Divergence, names: Names) -> str:
    own, other = divergence.comparison.methods
    wrong = divergence.wrong or (own,)
    right = next((m for m in (own, other) if m not in wrong), other)
    verb = "gives" if len(wrong) == 1 else "give"
    return f"{_wrong(wrong, names)} {verb} NaN{names.at(divergence.call.index)} where {names.short(right)} gives a number."


def _shape(divergence: Divergence, names: Names) -> str:
    comparison = divergence.comparison
    if divergence.in_layer:
        detail = comparison.detail
        return f"At call {divergence.call.index} {detail}." if names.numbered else f"{detail[:1].upper()}{detail[1:]}."
    if divergence.wrong:
        verb = "is" if len(divergence.wrong) == 1 else "are"
        sides = " against ".join(map(names.short, comparison.methods))
        return f"{_wrong(divergence.wrong, names)} {verb} wrong{names.at(divergence.call.index)}: {comparison.detail} ({sides})."
    return f"{_pair(comparison, names)} differ in {divergence.signature}{names.at(divergence.call.index)}: {comparison.detail}."


def _wrong(wrong: Sequence[Method], names: Names) -> str:
    return listing(names.all(wrong))


def _error(divergence: Divergence, result: Result, names: Names) -> str:
    comparison = divergence.comparison
    if divergence.in_layer:
        return _shape(divergence, names)
    noun = _NOUNS[divergence.signature]
    off = f"off by {gap(comparison.max_abs)}{names.at(divergence.call.index)}, where rounding explains {gap(comparison.bound)}"
    if divergence.mixed:
        # however many methods were asked: that is of the quantum function, or of how it is called
        moved = off.removeprefix("off ")
        return f"{divergence.call.configuration.label} mixes the rows of its batch: another row moves a result {moved}."
    wrong = divergence.wrong
    if not wrong:
        return f"{_pair(comparison, names)} differ: their {noun} is {off}. Which one is wrong is not known."
    live = any(one.call == divergence.call.index for one in result.replay.not_rebuilt)
    answering = set() if live else {method.bare for method in result.replay.answering}
    if len(answering) > 1 and answering <= {method.bare for method in wrong}:
        return f"All methods are wrong: the {noun} is {off}."
    if len(wrong) == 1:
        return f"{_wrong(wrong, names)} is wrong: its {noun} is {off}."
    return f"{_wrong(wrong, names)} are wrong: their {noun} is {off}."
