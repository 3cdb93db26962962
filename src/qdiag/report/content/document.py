"""The outline of a report, computed once: every number is already formatted, and every text redacted, before a renderer sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from qdiag._version import __version__
from qdiag.model.call import Environment, Script
from qdiag.model.result import Result
from qdiag.model.twin_training import Training
from qdiag.report.content import sentences
from qdiag.report.content.chapters import chapter, name_of_script, reproducer_state, traceback_text
from qdiag.report.content.figures import NOTHING, calls, count, seconds, short_line
from qdiag.report.content.findings_record import record
from qdiag.report.content.gaps import gap_plot
from qdiag.report.content.method_names import Names, full, names_of
from qdiag.report.content.trainings import training_record, trainings
from qdiag.report.content.unanswered import failure_table, refusal_table, unanswered_notes
from qdiag.report.outline import Code, Document, Fact, Meaning, NextStep, Table
from qdiag.report.redacting.redaction import Secrets, redact, secrets_of_this_machine


def document(
    result: Result,
    script: Script,
    environment: Environment,
    *,
    folder: str = "",
    files: Sequence[str] = (),
    next_step: Optional[NextStep] = None,
    secrets: Optional[Secrets] = None,
    training: Optional[Training] = None,
    meanings: Sequence[Meaning] = (),
) -> Document:
    """Make the outline of a report.

    Parameters
    ----------
    result, script, environment
        What was found, how the script ran, and on what.
    folder, files
        Where the run was written, and the names of the files in it.
    next_step
        What to type next, and why.
    secrets
        What must not leave; by default what this machine and the script's arguments give away.
    training
        What twin runs showed.
    meanings
        What the codes of its causes mean.
    """
    secrets = (secrets if secrets is not None else secrets_of_this_machine(script)).but_names(environment.devices)
    # before anything is shortened: half a token is no longer recognised as one
    result, script, environment, training, next_step = redact((result, script, environment, training, next_step), secrets)
    names = names_of(result.replay.methods)
    plain = Document(
        title=f"qdiag: {script.path or 'no script'}",
        verdict=sentences.WORDS[result.verdict],
        sentence=_sentence(result, script, names, training),
        recorded=_recording_line(result, names),
        notes=_notes(result, names),
        chapters=tuple(chapter(number, entry, result, environment, names) for number, entry in enumerate(result.entries, 1)),
        refused=refusal_table(result),
        unanswered=failure_table(result),
        costs=_costs(result),
        gaps=gap_plot(result, names),
        trainings=None if training is None else trainings(training),
        script=_script(script),
        environment=_environment(environment, result),
        script_failure=_failure(script),
        wrote=_wrote(folder, files, result),
        next_step=next_step,
        version=__version__,
        meanings=tuple(meanings),
        record={**record(result, script, environment), **({} if training is None else {"training": training_record(training)})},
    )
    return redact(plain, secrets)


def _sentence(result: Result, script: Script, names: Names, training: Optional[Training]) -> str:
    """What twin runs come to, unless the calls say more: which method is wrong, or what is amiss around them."""
    remarked = any(remark.verdict is result.verdict for remark in result.remarks)
    if training is None or remarked or any(finding.divergence.wrong for finding in result.findings):
        if training is None or not result.undecided:
            return sentences.of_result(result, script, names)
        # how the trainings compare is what is open, not the calls
        return f"{sentences.of_result(replace(result, undecided=False), script, names)} {training.judgement.sentences[0]}"
    return training.judgement.sentences[0]


def _recording_line(result: Result, names: Names) -> str:
    """What was recorded and replayed, in one line."""
    parts = [count(result.calls, "QNode call") + (f" and {result.unrecorded} not recorded" if result.unrecorded else "")]
    if result.qnodes:
        places = tuple(dict.fromkeys(result.qnodes))
        shown = ", ".join(f"{name}, {source}" for name, source in places[:2])
        more = ", …" if len(places) > 2 else ""
        parts.append(f"{count(len(result.qnodes), 'QNode')} ({shown}{more})")
    if result.steps:
        parts.append(count(result.steps, "optimiser step"))
    sampled = dict(result.replay.sampled)
    answering = result.replay.answering or result.replay.methods
    starred = [names.short(method) + ("*" if method in sampled else "") for method in answering]
    if starred:
        parts.append(f"{'replayed ' if result.replay.replayed else ''}under {', '.join(starred)}")
    return " · ".join(parts)


def _notes(result: Result, names: Names) -> tuple[str, ...]:
    notes = []
    for size in sorted({size for _, size in result.replay.sampled}):
        which = [names.short(method) for method, number in result.replay.sampled if number == size]
        alone = "" if len({number for _, number in result.replay.sampled}) == 1 else f" ({', '.join(which)})"
        notes.append(f"* sampled at {size} of {count(result.calls, 'call')}{alone}")
    for sample in dict.fromkeys((rows, batch) for _, rows, batch in result.replay.rows):
        which = [names.short(method) for method, *rows in result.replay.rows if tuple(rows) == sample]
        notes.append(f"{', '.join(which)}: {sample[0]} of {sample[1]} rows of the batch, other ones at each call")
    for sample in dict.fromkeys((seen, numbers) for _, seen, numbers in result.replay.parameters if seen < numbers):
        which = [names.short(method) for method, *seen in result.replay.parameters if tuple(seen) == sample]
        notes.append(f"{', '.join(which)}: {sample[0]} of {sample[1]} parameters, some of each kind of operation")
    if 0 < result.replay.replayed < result.calls:
        notes.append(f"{result.replay.replayed} of {count(result.calls, 'call')} replayed under at least two methods")
    notes += unanswered_notes(result, names)
    if result.replay.unfaithful:
        those = calls([one.call for one in result.replay.unfaithful], result.calls)
        notes.append(f"replaying {those} did not give the script's own numbers bit for bit")
    return (*notes, *result.coverage.texts, *result.notes)


def _costs(result: Result) -> Optional[Table]:
    if not result.replay.costs:
        return None
    rows = tuple(
        (full(cost.method), str(cost.calls), seconds(cost.seconds), seconds(cost.seconds / cost.calls) if cost.calls else NOTHING)
        for cost in result.replay.costs
    )
    return Table("Cost of each method", ("Method", "Calls", "Time", "Time a call"), rows, "Replays, one thread a worker.")


def _script(script: Script) -> tuple[Fact, ...]:
    if script.called:
        return (Fact("called", script.path),)
    command = " ".join(["python", *(["-m"] if script.module else []), script.path, *script.argv])
    return (Fact("command", command), Fact("ended", _script_end(script)))


def _script_end(script: Script) -> str:
    code = script.exit_code
    if script.failure is not None:
        return f"{script.failure.type}: {short_line(script.failure.message, 200)}"
    if code is None:
        return "how it ended is not known"
    return sentences.killed_words(code) if code < 0 else f"exit code {code}"


def _failure(script: Script) -> Optional[Code]:
    """What ended the script otherwise than well: its own exception, a signal, or an exit code that says so."""
    if script.failure is not None:
        return Code("The script's own exception", traceback_text(script.failure), "text")
    if not script.exit_code:
        return None
    return Code("The script's end", f"{_script_end(script)}: what it had recorded by then was judged", "text")


def _environment(environment: Environment, result: Result) -> tuple[Fact, ...]:
    interfaces = dict.fromkeys(finding.divergence.call.configuration.interface for finding in result.findings)
    facts = [Fact("Python", environment.python), Fact("platform", environment.platform), Fact("interface", ", ".join(interfaces))]
    facts += [Fact(name, version) for name, version in environment.packages]
    facts.append(Fact("devices", ", ".join(environment.devices)))
    facts += [Fact(name, str(setting)) for name, setting in environment.settings]
    return tuple(fact for fact in facts if fact.text)


def _wrote(folder: str, files: Sequence[str], result: Result) -> str:
    """The files, and what running the reproducers gave: of each beside it, where that is not the same of all."""
    if not files:
        return ""
    reproducers = [f.reproducer for f in result.findings if f.reproducer is not None]
    states = {name_of_script(reproducer): f" ({reproducer_state(reproducer)})" for reproducer in reproducers}
    if len({*states.values()}) > 1:
        written = " ".join(f"{file}{states.get(file, '')}" for file in files)
    else:
        written = "".join([" ".join(files), *[*states.values()][:1]])
    return f"{folder.rstrip('/')}/: {written}" if folder else written
