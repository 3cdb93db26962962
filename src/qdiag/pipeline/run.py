"""The staircase: trace → locate → judge → diagnose → minimize → reproduce → report. It carries values between rooms."""

from __future__ import annotations

import os
import shlex
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Callable, Optional, Protocol

from qdiag.errors import ExitCode, Interrupted, OutputError, TraceError
from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.workers import Workers, load_frameworks, most_workers
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Environment, Script
from qdiag.model.comparison import Tolerance, Verdict
from qdiag.model.findings import Divergence, Finding, Result
from qdiag.model.method import Method
from qdiag.model.numerics import rounding
from qdiag.model.twin_training import Training
from qdiag.pipeline import guarded
from qdiag.pipeline.guarded import diagnosed, reproduced
from qdiag.pipeline.stage_context import INTERRUPTED, MINIMIZING_SECONDS, Bench, once_rounding
from qdiag.pipeline.stage_diagnose import in_layers, outside, unanimous
from qdiag.recording import launcher
from qdiag.report.content import outline_file
from qdiag.report.content.document import document
from qdiag.report.content.outline import Document
from qdiag.report.formats import findings_json, markdown
from qdiag.trace.evaluation_store import EvaluationFile
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunDirectory

Report = Callable[[int, int], None]


class Voice(Protocol):
    """What the pipeline says while it works."""

    def say(self, text: str) -> None:
        """One line."""

    def progress(self, what: str) -> AbstractContextManager[Report]:
        """Report progress of one stage."""


class Silence:
    """The voice of what has nobody to talk to."""

    def say(self, text: str) -> None:
        """Not even a line."""

    def progress(self, what: str) -> AbstractContextManager[Report]:
        """No progress either."""
        return nullcontext(lambda done, total: None)


@dataclass(frozen=True)
class Choice:
    """Which findings are asked for: the N-th, from 1; the one at a call; all, where neither is given."""

    finding: Optional[int] = None
    call: Optional[int] = None

    def takes(self, number: int, divergence: Divergence) -> bool:
        """Whether the divergence with this number, from 1, is asked for."""
        return self.finding in (None, number) and self.call in (None, *divergence.calls, divergence.call.index)


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Parameters
    ----------
    plan
        Which calls and methods are replayed.
    jobs
        Worker processes, or None for one a core.
    minimize
        Whether failing circuits are shrunk.
    seconds
        What shrinking one finding may take.
    only
        The findings that are asked for.
    trusted
        Whether class definitions inside the trace may be executed.
    probe
        Whether QNodes are also evaluated beside the script.
    own_process
        Whether this process is all ours: workers are then forked from one server that loads the frameworks once.
    proven
        Verdicts whose findings get a minimal circuit and a reproducer.
    kept
        Whether the run's folder is; what was worked out until Ctrl-C is then finished off and reported.
    """

    plan: Plan = field(default_factory=Plan)
    jobs: Optional[int] = None
    minimize: bool = True
    trusted: bool = False
    probe: bool = True
    seconds: float = MINIMIZING_SECONDS
    only: Choice = field(default_factory=Choice)
    own_process: bool = False
    proven: tuple[Verdict, ...] = (Verdict.ERROR, Verdict.ROUNDING)
    kept: bool = True


@dataclass(frozen=True, eq=False)
class Outcome:
    """A judged run: what was found, where it was written, how the script ended; whether Ctrl-C cut it short; what twin runs showed."""

    result: Result
    run: RunDirectory
    script: Script
    environment: Environment
    interrupted: bool = False
    training: Optional[Training] = None


def record(script: str, argv: Sequence[str], *, module: bool, run: RunDirectory, probe: bool = True) -> Script:
    """Run the user's script, only recording."""
    return launcher.run(script, argv, module=module, trace_path=run.trace, probe=probe)


def trace(script: str, argv: Sequence[str], *, module: bool, run: RunDirectory, options: Options, voice: Voice) -> Outcome:
    """Run the user's script and judge it: calls are replayed while it still runs, the rest afterwards."""
    if options.own_process and most_workers() > 1:
        # where a core is free: the script takes its time, too, before its first QNode call
        load_frameworks()
    with Examination(run, options, voice) as examination:
        ended = launcher.run(
            script, argv, module=module, trace_path=run.trace, meanwhile=examination.advance, probe=options.probe
        )
        if ended.exit_code in BY_CTRL_C:
            raise Interrupted(
                "the script was interrupted", f"what it had recorded is kept; judge it with: qdiag diagnose {run.path}"
            )
        return examination.finish()


COARSE = 1e-2
"""Relative to the largest number: a difference quotient that may leave out more says little of a gradient."""

MOST_NOTES = 5
"""Notes of the recording that a report has, the most frequent first."""

BY_CTRL_C = (-signal.SIGINT, 128 + signal.SIGINT)
"""Exit codes of a script that Ctrl-C ended."""


def examine(run: RunDirectory, options: Options, voice: Voice, workers: Optional[Evaluator] = None) -> Outcome:
    """Judge what was recorded before, with warm workers where there are some."""
    with Examination(run, options, voice, workers) as examination:
        return examination.finish()


class Examination:
    """A trace being judged, from its first call on to the findings. Workers start when there is something to replay."""

    def __init__(self, run: RunDirectory, options: Options, voice: Voice, workers: Optional[Evaluator] = None) -> None:
        self._run, self._options, self._voice, self._given = run, options, voice, workers
        self._resources = ExitStack()
        self._report: Report = lambda done, total: None
        self._failure: Optional[Exception] = None

    def __enter__(self) -> Examination:
        return self

    def __exit__(self, *exception: object) -> None:
        self._resources.close()

    @cached_property
    def _trace(self) -> Trace:
        return self._resources.enter_context(Trace.open(self._run.trace))

    @cached_property
    def _workers(self) -> Evaluator:
        return self._given or self._resources.enter_context(Workers(self._options.jobs, forked=self._options.own_process))

    @cached_property
    def _replay(self) -> Replay:
        trace = self._trace
        store = self._resources.enter_context(EvaluationFile(self._run.evaluations))
        return Replay(
            trace, self._workers, self._options.plan, store=store, progress=lambda done, total: self._report(done, total)
        )

    def advance(self) -> bool:
        """Replay some of what has been recorded so far; whether there is more.

        A failure here waits until the script has ended, which is none of its business.
        """
        if self._failure is None:
            try:
                return bool(self._trace.refresh()) and self._replay.advance()
            except Exception as failure:
                self._failure = failure
        return False

    def finish(self) -> Outcome:
        """Locate, judge, diagnose, reproduce.

        Raises
        ------
        Interrupted
            By Ctrl-C: every evaluation so far is kept, and the next examination of the run takes up from there.
        """
        try:
            return self._finished()
        except KeyboardInterrupt:
            again = f"what was worked out is kept; go on with: qdiag diagnose {self._run.path}"
            raise Interrupted("interrupted while judging", again) from None

    def _finished(self) -> Outcome:
        if self._failure is not None:
            raise self._failure
        with self._voice.progress("replaying") as self._report:
            located = self._replay.finish()
        options = self._options
        workers, tolerance = self._workers, options.plan.tolerance
        folder = _folder(self._trace.script)
        bench = Bench(
            workers,
            self._trace.environment,
            tolerance,
            options.trusted,
            options.minimize,
            options.seconds,
            folder,
            kept=options.kept,
        )
        with self._voice.progress("asking the arbiter") as report:
            found = located.divergences
            judged = [guarded.judged(d, located.methods, bench) if d.verdict is Verdict.ERROR else d for d in found]
            told = once_rounding(found, judged)
            alone = [*unanimous(bench, self._trace, told, report)]
        alone += [*outside(self._trace, [*told, *alone]), *in_layers(self._trace)]
        # comparisons of two methods have asked for the user's tolerance themselves
        divergences = [*told, *(found for found in alone if not _is_tolerated(found, tolerance))]
        divergences.sort(key=lambda divergence: (divergence.verdict is not Verdict.ERROR, divergence.call.index))
        with self._voice.progress("diagnosing") as report:
            findings = tuple(self._findings(bench, divergences, located, report))
        result = replace(_result(self._trace, located, findings), tolerance=str(tolerance))
        result = replace(result, notes=(*result.notes, *guarded.warnings(self._trace, located.methods, bench)))
        return Outcome(result, self._run, self._trace.script, self._trace.environment, INTERRUPTED in bench.stopped)

    def _findings(self, bench: Bench, divergences: Sequence[Divergence], located: Located, report: Report) -> Iterator[Finding]:
        """One finding for each distinct signature and cause: a second pair that shows the same says nothing new."""
        seen: set[tuple[object, ...]] = set()
        for number, divergence in enumerate(divergences):
            report(number, len(divergences))
            if not self._options.only.takes(number + 1, divergence):
                continue
            finding = diagnosed(divergence, located.methods, bench)
            kind = (divergence.call.configuration.qnode, divergence.signature, finding.diagnosis.code, divergence.verdict)
            if kind not in seen:
                seen.add(kind)
                proven = divergence.verdict in self._options.proven
                yield reproduced(finding, bench, self._run.reproducer(len(seen) - 1)) if proven else finding


def _folder(script: Script) -> Optional[Path]:
    """Where the sources of a script lie: places in them are told from there; from the working folder, where it was run as a module."""
    return None if script.called else Path() if script.module else Path(script.path).parent


def _result(trace: Trace, located: Located, findings: tuple[Finding, ...]) -> Result:
    qnodes: dict[tuple[str, str], None] = {}
    own: dict[Method, None] = {}
    for call in trace.calls():
        qnodes[call.configuration.qnode, str(call.configuration.source)] = None
        own[call.configuration.method] = None
    return Result(
        calls=len(trace),
        steps=sum(1 for event in trace.events if event.kind == "step"),
        replayed=located.replayed,
        qnodes=tuple(qnodes),
        methods=located.methods,
        verdict=_verdict(located, findings),
        findings=findings,
        sampled=located.sampled,
        refused=located.refused,
        unfaithful=tuple(u.call for u in located.unfaithful),
        notes=(*located.notes, *_about_steps(own), *_about_recording(trace)),
        comparisons=located.comparisons,
        costs=located.costs,
    )


def _is_tolerated(divergence: Divergence, tolerance: Tolerance) -> bool:
    """Whether the user's own tolerance covers what the arbiter or a probe found."""
    comparison = divergence.comparison
    allowed = (tolerance.absolute or 0.0) + (tolerance.relative or 0.0) * comparison.scale
    return 0 < comparison.max_abs <= allowed


def _about_steps(methods: Iterable[Method]) -> Iterator[str]:
    """That a difference quotient's step is so long that nearly any gap is what it leaves out."""
    for method in methods:
        left_out = rounding.truncation(method, 1)
        if method.diff_method == "finite-diff" and left_out > COARSE:
            step = dict(method.gradient_options).get("h")
            yield (
                f"finite-diff takes steps of h = {step}: what these leave out explains gaps of up to {left_out:.2g} times the largest "
                "number, and a smaller one is not told from it; take h = 1e-4, or an exact method"
            )


def _about_recording(trace: Trace) -> Iterator[str]:
    """What could not be recorded, and why there is no probe, or no complete one; the same words once."""
    noted = Counter(event.text for event in trace.events if event.kind == "note")
    for text, times in noted.most_common(MOST_NOTES):
        yield text if times == 1 else f"{text} ({times} times)"
    if len(noted) > MOST_NOTES:
        yield f"{len(noted) - MOST_NOTES} more notes of the recording are in the trace"
    for probe in trace.probes:
        if not probe.complete:
            yield f"the probe of call {probe.call} is incomplete" + (f": {probe.note}" if probe.note else "")


def _verdict(located: Located, findings: Sequence[Finding]) -> Verdict:
    """The worst of the findings; else what the replay as a whole came to."""
    verdicts = {finding.divergence.verdict for finding in findings}
    for verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.ROUNDING):
        if verdict in verdicts:
            return verdict
    return located.verdict


def exit_code(outcome: Outcome, fail_on: str) -> ExitCode:
    """The exit code of DESIGN.md: the script's failure before an error, an error before what is inconclusive."""
    if outcome.interrupted:
        return ExitCode.INTERRUPTED
    if outcome.script.exit_code not in (0, None):
        return ExitCode.SCRIPT_FAILED
    verdict = outcome.result.verdict
    failing = {"error": (Verdict.ERROR,), "rounding": (Verdict.ERROR, Verdict.ROUNDING), "never": ()}[fail_on]
    if verdict in failing:
        return ExitCode.ERROR_FOUND
    return ExitCode.INCONCLUSIVE if verdict is Verdict.INCONCLUSIVE else ExitCode.NOTHING_BEYOND_ROUNDING


def report(outcome: Outcome) -> Document:
    """Write every report of a run, and give the outline that they were made from."""
    run = outcome.run
    reproducers = [Path(f.reproducer.path).name for f in outcome.result.findings if f.reproducer is not None]
    outline = document(
        outcome.result,
        outcome.script,
        outcome.environment,
        folder=str(run.path),
        files=[run.trace.name, run.findings.name, run.markdown.name, run.html.name, *reproducers],
        next_command=_next(outcome),
        training=outcome.training,
    )
    write_reports(outline, run)
    return outline


def write_reports(outline: Document, run: RunDirectory) -> None:
    """Write an outline, and what is rendered from it, into a run's folder."""
    # matplotlib takes a second to load, which is not to be paid before the script has run
    from qdiag.report.formats import html

    texts = {
        run.findings: findings_json.render(outline),
        run.markdown: markdown.render(outline),
        run.html: html.render(outline),
        run.outline: outline_file.save(outline),
    }
    try:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write into {run.path}: {error.strerror}", "free some space; qdiag diagnose goes on") from None


def reported(run: RunDirectory) -> Document:
    """The outline of a run that was judged before."""
    if not run.outline.exists():
        raise TraceError(f"{run.path} was recorded and not judged yet", f"judge it with: qdiag diagnose {run.path}")
    return outline_file.load(run.outline.read_text(encoding="utf-8"))


def _next(outcome: Outcome) -> str:
    """What to type next, and why."""
    errors = [f.divergence for f in outcome.result.findings if f.divergence.verdict is Verdict.ERROR]
    outside_only = bool(errors) and all(divergence.outside for divergence in errors)
    if outcome.script.called and (outside_only or not errors):
        return ""
    words = " ".join([*(["-m"] if outcome.script.module else []), _shown(outcome.script.path), *_arguments(outcome.script)])
    if outside_only:
        return f"qdiag trace {words}   again, once the script is changed as the remedy says"
    if outcome.result.verdict is Verdict.ERROR:
        return "qdiag report --github   the text for an issue"
    if outcome.result.verdict is Verdict.ROUNDING and outcome.training is None:
        return f"qdiag twin {words}   why the losses part although every call agrees"
    return ""


def _arguments(script: Script) -> list[str]:
    return ["--", *map(shlex.quote, script.argv)] if script.argv else []


def _shown(path: str) -> str:
    """A path as one types it from here, or its name alone where it lies elsewhere: reports name no folders of a machine."""
    relative = os.path.relpath(path) if os.path.isabs(path) else path
    return os.path.basename(path) if relative.startswith("..") else relative
