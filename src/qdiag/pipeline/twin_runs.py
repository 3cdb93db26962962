"""The staircase of twin runs: run the script again and again, judge how the trainings part, write the run's files."""

from __future__ import annotations

import shlex
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

from qdiag.diagnosis.causes import cause_of_parting
from qdiag.errors import Interrupted, OpaqueCircuitError, OutputError, QdiagError, TraceError, UsageError
from qdiag.evaluation.workers import Workers
from qdiag.judging.comparison.compare import compare
from qdiag.judging.replay.plan import Plan
from qdiag.model.call import Call, Script
from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Confidence, Divergence, Finding, ScriptKind
from qdiag.model.method import Method
from qdiag.model.remarks import Remark
from qdiag.model.result import ReplaySummary, Result, verdict_of_all
from qdiag.model.twin_training import PartingCause, Training, TrainingVerdict
from qdiag.pipeline.run import examine
from qdiag.pipeline.run_options import JudgedRun, Options, Voice
from qdiag.proving.reproducer.loop import loops
from qdiag.proving.reproducer.script_runs import ScriptRunner
from qdiag.proving.reproducer.verify import first_to_show
from qdiag.recording import launcher
from qdiag.report.content.method_names import full
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RUNS, RunFolder
from qdiag.twins.account import account
from qdiag.twins.runs import Conductor, Twins, Wish

SCRATCH_BYTES = 1 << 28
"""How large a script's folder may be to be copied for every run."""

JUDGED_CALLS = 16
"""Calls that are replayed where a method is wrong: the trainings part at the first steps."""

LOOP_SECONDS = 60.0
"""How long a short loop that parts as well is looked for."""


@dataclass(frozen=True)
class Twin:
    """What is to be run.

    Parameters
    ----------
    script, argv, module
        The script as it would be run.
    wish
        Which runs.
    earlier
        A trace of the very same run, which serves as the first.
    scratch
        Whether each run works in a copy of the script's folder.
    """

    script: str
    argv: tuple[str, ...] = ()
    module: bool = False
    wish: Wish = field(default_factory=Wish)
    earlier: Optional[Path] = None
    scratch: bool = False


def announcement(twin: Twin) -> str:
    """How many runs there will be, how long they take, and what they do to the script's files."""
    runs = twin.wish.most - (twin.earlier is not None)
    seconds = _seconds(twin.earlier) if twin.earlier is not None else None
    took = f", about {seconds * runs / twin.wish.jobs:.0f} s in all" if seconds else ", each as long as the script takes"
    writes = (
        "each in a copy of the script's folder"
        if twin.scratch
        else "what the script writes is written again each time (--scratch: into copies of its folder)"
    )
    return f"up to {runs} runs of {twin.script}{took}; {writes}"


def _seconds(trace: Path) -> Optional[float]:
    """How long an earlier run took."""
    with suppress(TraceError, OSError, ValueError), Trace.open(trace) as opened:
        return max(1.0, trace.stat().st_mtime - opened.start_time) if opened.start_time else None
    return None


def run(twin: Twin, directory: RunFolder, voice: Voice) -> JudgedRun:
    """Make the runs and judge them."""
    if twin.earlier is not None:
        _check_earlier(twin, twin.earlier)
    scratch = _scratch_size(twin) if twin.scratch else None
    runs, alone, heard = directory.path / "runs", twin.wish.jobs == 1, list[int]()

    def start(trace: Path, output: Path) -> Script:
        folder = None if scratch is None else _copy_folder(scratch, output.with_suffix(".folder"), directory.path)
        script = twin.script if folder is None or twin.module else Path(twin.script).name
        # what the script prints goes into a file: there is nothing that progress could disturb
        with output.open("wb") as stream, voice.progress(f"run {trace.stem}") if alone else nullcontext():
            onlooker = launcher.Onlooker(heard=heard)
            ended = launcher.run(Script(script, twin.argv, twin.module), trace, onlooker, output=stream, folder=folder)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if heard:
            raise Interrupted(f"run {trace.stem} was interrupted", number=heard[0])
        return ended

    began = time.monotonic()
    with nullcontext() if alone else voice.progress("running the script again and again"):
        twins = _conduct(Conductor(start, runs, twin.wish, voice.say, launcher.end_scripts), twin, runs)
    with voice.progress("comparing the trainings"):
        training = account(twins)
    voice.say(f"{len(training.runs)} runs in {time.monotonic() - began:.0f} s")
    shutil.copyfile(twins.again.trace, directory.trace)
    with Trace.open(directory.trace) as trace:
        result = _result(trace, training, twins)
        outcome = JudgedRun(result, directory, replace(trace.script, path=twin.script), trace.environment, training=training)
    outcome = _with_calls(outcome, training, voice)
    return outcome if outcome.interrupted else _with_loop(outcome, training, voice)


def _conduct(conductor: Conductor, twin: Twin, runs: Path) -> Twins:
    """Make the runs; where they are interrupted, say how to go on."""
    try:
        return conductor.conduct(twin.earlier)
    except (Interrupted, KeyboardInterrupt) as stop:
        cause = stop.cause if isinstance(stop, Interrupted) else "interrupted between two runs"
        number = stop.exit_code - 128 if isinstance(stop, Interrupted) else getattr(stop, "number", signal.SIGINT)
        first = twin.earlier or runs / "own.qdiag"
        with suppress(TraceError), Trace.open(first) as trace:
            if trace.script.exit_code == 0:
                words = shlex.join([*(["-m"] if twin.module else []), twin.script, *twin.argv])
                again = f"the runs made so far are kept in {runs}; the first of them serves again: qdiag twin --earlier {first} {words}"
                raise Interrupted(cause, again, number) from None
        raise Interrupted(cause, f"no run was completed; what was recorded is kept in {runs}", number) from None


def _check_earlier(twin: Twin, trace: Path) -> None:
    """An earlier run counts only if it ran the very same command."""
    with Trace.open(trace) as opened:
        before = opened.script
    if (Path(before.path).name, before.argv, before.module) != (Path(twin.script).name, twin.argv, twin.module):
        words = " ".join([before.path, *before.argv])
        raise UsageError(f"the earlier run is one of: {words}", "name a run of this very script with the same arguments")


def _scratch_size(twin: Twin) -> Path:
    """The folder to copy, once it is known to be small enough."""
    folder = Path(twin.script).resolve().parent if not twin.module else Path.cwd()
    size = 0
    for path in folder.rglob("*"):
        if RUNS not in path.parts and path.is_file():
            size += path.stat().st_size
            if size > SCRATCH_BYTES:
                raise OutputError(
                    f"{folder} holds more than {SCRATCH_BYTES >> 20} MB, too much to copy for every run",
                    "run without --scratch, or from a folder of its own",
                )
    return folder


def _copy_folder(folder: Path, target: Path, run: Path) -> Path:
    """A copy of the script's folder, without what other runs left there and without the run that is being made."""
    leave = shutil.ignore_patterns(RUNS, "__pycache__", ".git")
    ours = run.resolve()

    def names_to_leave(parent: str, names: list[str]) -> set[str]:
        return leave(parent, names) | {name for name in names if Path(parent, name).resolve() == ours}

    shutil.copytree(folder, target, ignore=names_to_leave)
    return target


# --- as a result -------------------------------------------------------------------------------------------------------


def _result(trace: Trace, training: Training, twins: Twins) -> Result:
    judgement, first = training.judgement, twins.again.series.first
    methods = tuple(Method(first.configuration.device, name) for name in (training.own, training.other) if name) if first else ()
    # where the script itself is not reproducible, its own two runs stand side by side
    second = twins.methods[0].run.series.first if twins.methods else twins.own.series.first
    finding = _finding(judgement, judgement.cause, first, second) if first is not None and judgement.cause is not None else None
    qnodes = dict.fromkeys((c.configuration.qnode, str(c.configuration.source)) for c in trace.calls())
    return Result(
        replay=ReplaySummary(methods),
        calls=len(trace),
        steps=sum(1 for event in trace.events if event.kind == "step"),
        qnodes=tuple(qnodes),
        verdict=judgement.verdict,
        findings=() if finding is None else (finding,),
        notes=training.notes,
    )


WHOLE_TRAINING = "it takes the whole training to show it, which qdiag twin repeats; no call by itself does"
"""Why there is no script, unless a short loop parts as well: that depends on data, weights and step size."""


def _finding(judgement: TrainingVerdict, parting: PartingCause, first: Call, second: Optional[Call]) -> Finding:
    comparison = replace(_first_calls(first, second), verdict=judgement.verdict)
    divergence = Divergence(
        first, comparison, judged="" if judgement.verdict is Verdict.ROUNDING else _sentences_of(judgement)
    )
    diagnosis = replace(
        cause_of_parting(parting).diagnosis(judgement.confidence, _sentences_of(judgement), evidence=judgement.evidence),
        # what the runs have measured, and nothing else
        remedy="; ".join(judgement.advice),
    )
    return Finding(divergence, diagnosis, unreproduced=WHOLE_TRAINING)


def _sentences_of(judgement: TrainingVerdict) -> str:
    return " ".join(judgement.sentences)


def _first_calls(first: Call, second: Optional[Call]) -> Comparison:
    """The first call of either run, compared as two evaluations of one circuit."""
    second = second or first
    pair = [Evaluation(call.configuration.method, call.outputs, failure=call.failure) for call in (first, second)]
    return compare(pair[0], pair[1], first.circuit)


def _with_calls(outcome: JudgedRun, training: Training, voice: Voice) -> JudgedRun:
    """What replaying the first calls says: which method is wrong, and why; trainings alone would not show a small error."""
    compared = (Method("", training.other),) if training.other else ()
    parted = training.judgement.verdict is Verdict.ERROR
    plan = Plan(methods=() if parted else compared, max_calls=JUDGED_CALLS, trusted=True)
    try:
        options = Options(plan, jobs=1, minimize=False, trusted=True, own_process=True, asked=compared)
        examined = examine(outcome.run, options, voice)
        judged, outcome = examined.result, replace(outcome, interrupted=examined.interrupted)
    except Interrupted:
        # the runs are made and judged: that stays
        return replace(outcome, interrupted=True)
    except QdiagError as error:
        voice.say(f"the calls could not be judged: {error.cause}")
        return outcome
    return _with_remarks(_with_findings(outcome, judged, training), judged.remarks)


def _with_findings(outcome: JudgedRun, judged: Result, training: Training) -> JudgedRun:
    """What was found at the first calls, where the trainings decide anything at all."""
    if training.judgement.verdict is Verdict.INCONCLUSIVE:
        return outcome
    parted = training.judgement.verdict is Verdict.ERROR
    errors = tuple(finding for finding in judged.findings if finding.divergence.verdict is Verdict.ERROR)
    if not errors and parted:
        return outcome
    if not errors:
        seen = f"the first {judged.replay.replayed} calls, replayed under both methods, are apart by rounding at most"
        replay = replace(outcome.result.replay, replayed=judged.replay.replayed)
        return replace(outcome, result=replace(outcome.result, replay=replay, notes=(*outcome.result.notes, seen)))
    result = replace(judged, findings=errors, verdict=Verdict.ERROR, notes=(*judged.notes, *training.notes))
    return replace(outcome, result=result, training=training if parted else _overrule_training(training, errors[0]))


def _with_remarks(outcome: JudgedRun, remarks: Sequence[Remark]) -> JudgedRun:
    """What is amiss around the QNodes, which stands before rounding: whoever asks why losses part wants to know it first."""
    result = outcome.result
    verdict = verdict_of_all([result.verdict], remarks)
    undecided = verdict is Verdict.REMARK and result.verdict is Verdict.INCONCLUSIVE
    return replace(outcome, result=replace(result, remarks=tuple(remarks), verdict=verdict, undecided=undecided))


def _with_loop(outcome: JudgedRun, training: Training, voice: Voice) -> JudgedRun:
    """A short loop around the first recorded circuit that parts as the training does, where there is one."""
    findings = list(outcome.result.findings)
    at = next((i for i, finding in enumerate(findings) if finding.diagnosis.script is ScriptKind.TRAINING_LOOP), None)
    if at is None:
        return outcome
    own = findings[at].divergence.call.method
    methods = (own, replace(own, diff_method=training.other, gradient_options=()))
    path = outcome.run.reproducer(at)
    try:
        with voice.progress("looking for a short loop that parts as well"), Workers(1, forked=True) as workers, ScriptRunner() as start:
            # PennyLane is not loaded here
            scripts = workers.call(loops, findings[at].divergence.call, methods, outcome.environment).result()
            found = first_to_show(scripts, path, within=LOOP_SECONDS, start=start)
        why = "" if found is not None else f"{WHOLE_TRAINING}; loops made of the first circuit alone do not part"
    except OpaqueCircuitError as error:
        found, why = None, f"{WHOLE_TRAINING}; {error.cause}"
    except KeyboardInterrupt:
        # the runs are made and judged: that stays
        found, why = None, f"{WHOLE_TRAINING}; Ctrl-C ended the search for a loop that parts as well"
        path.unlink(missing_ok=True)
        outcome = replace(outcome, interrupted=True)
    findings[at] = replace(findings[at], reproducer=found, unreproduced=why)
    return replace(outcome, result=replace(outcome.result, findings=tuple(findings)))


def _overrule_training(training: Training, finding: Finding) -> Training:
    """The trainings part no further than rounding does, and yet a call shows an error."""
    divergence = finding.divergence
    wrong = " and ".join(map(full, divergence.wrong)) or "one of the two methods"
    sentences = (
        f"The trainings part no more than rounding makes them, and yet {wrong} is off by {divergence.comparison.max_abs:.1e} "
        f"at call {divergence.call.index}, where rounding explains {divergence.comparison.bound:.1e}.",
    )
    return replace(training, judgement=TrainingVerdict(Verdict.ERROR, PartingCause.UNKNOWN, Confidence.UNKNOWN, sentences))
