"""The staircase: trace → locate → judge → diagnose → minimize → reproduce → report. It carries values between rooms."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Callable, Optional, Protocol

from qdiag import arbiter, reproducer
from qdiag.call import Call, Environment, Script
from qdiag.compare import Comparison, Verdict
from qdiag.diagnosis.causes import CAUSES
from qdiag.diagnosis.diagnose import diagnose
from qdiag.diagnosis.survey import survey
from qdiag.errors import ExitCode, Interrupted
from qdiag.evaluate import Evaluation
from qdiag.evaluation_file import EvaluationFile
from qdiag.findings import Divergence, Finding, Result
from qdiag.locate import Located, Plan, Replay
from qdiag.method import Method
from qdiag.method import parse as parse_method
from qdiag.question import ARBITER, Question, question_of
from qdiag.report import findings_json
from qdiag.report.document import document
from qdiag.report.outline import Document
from qdiag.run_directory import RunDirectory
from qdiag.trace_file import Trace
from qdiag.tracing import launcher
from qdiag.workers import Workers

Report = Callable[[int, int], None]


class Voice(Protocol):
    """What the pipeline says while it works."""

    def say(self, text: str) -> None:
        """One line."""

    def progress(self, what: str) -> AbstractContextManager[Report]:
        """Report progress of one stage."""


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
    trusted
        Whether class definitions inside the trace may be executed.
    """

    plan: Plan = field(default_factory=Plan)
    jobs: Optional[int] = None
    minimize: bool = True
    trusted: bool = False


@dataclass(frozen=True, eq=False)
class Outcome:
    """A finished run: what was found, where it was written, how the script ended."""

    result: Result
    run: RunDirectory
    script: Script
    environment: Environment


def record(script: str, argv: Sequence[str], *, module: bool, run: RunDirectory) -> Script:
    """Run the user's script, only recording."""
    return launcher.run(script, argv, module=module, trace_path=run.trace)


def trace(script: str, argv: Sequence[str], *, module: bool, run: RunDirectory, options: Options, voice: Voice) -> Outcome:
    """Run the user's script and judge it: calls are replayed while it still runs, the rest afterwards."""
    with Examination(run, options, voice) as examination:
        ended = launcher.run(script, argv, module=module, trace_path=run.trace, meanwhile=examination.advance)
        if ended.exit_code in INTERRUPTED:
            raise Interrupted(
                "the script was interrupted", f"what it had recorded is kept; judge it with: qdiag diagnose {run.path}"
            )
        return examination.finish()


INTERRUPTED = (-signal.SIGINT, 128 + signal.SIGINT)
"""Exit codes of a script that Ctrl-C ended."""


def examine(run: RunDirectory, options: Options, voice: Voice, workers: Optional[Workers] = None) -> Outcome:
    """Judge what was recorded before, with warm workers where there are some."""
    with Examination(run, options, voice, workers) as examination:
        return examination.finish()


class Examination:
    """A trace being judged, from its first call on to the findings. Workers start when there is something to replay."""

    def __init__(self, run: RunDirectory, options: Options, voice: Voice, workers: Optional[Workers] = None) -> None:
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
    def _workers(self) -> Workers:
        return self._given or self._resources.enter_context(Workers(self._options.jobs))

    @cached_property
    def _replay(self) -> Replay:
        store = self._resources.enter_context(EvaluationFile(self._run.evaluations))
        return Replay(
            self._trace, self._workers, self._options.plan, store=store, progress=lambda done, total: self._report(done, total)
        )

    def advance(self) -> None:
        """Replay what has been recorded so far; a failure here waits until the script has ended, which is none of its business."""
        if self._failure is None:
            try:
                if self._trace.refresh():
                    self._replay.advance()
            except Exception as failure:
                self._failure = failure

    def finish(self) -> Outcome:
        """Locate, judge, diagnose, reproduce."""
        if self._failure is not None:
            raise self._failure
        with self._voice.progress("replaying") as self._report:
            located = self._replay.finish()
        bench = Bench(self._workers, self._options, self._trace)
        divergences = [*located.divergences, *_unanimous(bench, located, self._voice)]
        with self._voice.progress("diagnosing") as report:
            findings = tuple(_findings(bench, divergences, located, self._run, report))
        return Outcome(_result(self._trace, located, findings), self._run, self._trace.script, self._trace.environment)


@dataclass(frozen=True, eq=False)
class Bench:
    """What every stage after locating works with."""

    workers: Workers
    options: Options
    trace: Trace

    def reference(self, question: Question) -> Evaluation:
        """The arbiter's evaluation of a question's circuit."""
        return self.workers.call(  # type: ignore[no-any-return]
            arbiter.evaluation, question.circuit, (), question.device_wires, question.jacobian, question.trusted, question.interface
        ).result()

    def question(self, divergence: Divergence) -> Question:
        """The question that a divergence raises."""
        own, other = (_method(divergence.call, name) for name in divergence.comparison.methods)
        return question_of(
            divergence.call,
            (own, other),
            where=divergence.signature,
            trusted=self.options.trusted,
            tolerance=self.options.plan.tolerance,
        )

    def judged(self, divergence: Divergence, methods: Sequence[str]) -> Divergence:
        """The divergence with the arbiter's word on every method that was replayed."""
        call = divergence.call
        if call.circuit.opaque or divergence.verdict is Verdict.INCONCLUSIVE:
            return divergence
        judgement = self.judge(call, [_method(call, name) for name in methods])
        wrong = judgement.wrong if divergence.signature != "raise" else ()
        return replace(divergence, wrong=wrong, judged=judgement.reason)

    def judge(self, call: Call, methods: Sequence[Method]) -> arbiter.Judgement:
        """Hold methods against the reference at one call."""
        configuration = call.configuration
        question = question_of(
            call, (configuration.method, ARBITER), where="jacobian", trusted=self.options.trusted, tolerance=self.options.plan.tolerance
        )
        futures = [self.workers.submit(replace(question, methods=(method, ARBITER)).request(0)) for method in methods]
        evaluations = [future.result() for future in futures]
        return arbiter.judge(call.circuit, configuration, evaluations, (), self.workers, trusted=self.options.trusted)


def _method(call: Call, name: str) -> Method:
    """The method of a canonical name, with the options of the user's own where it is the user's own."""
    own = call.configuration.method
    if name == str(own):
        return own
    if name == str(ARBITER):
        return ARBITER
    return parse_method(name)


MOST_STRUCTURES = 32
"""The arbiter looks at the first call of so many structures, where the methods agree: all may be wrong together."""


def _unanimous(bench: Bench, located: Located, voice: Voice) -> Iterator[Divergence]:
    """Calls at which no method differs from the user's own, and all are wrong: held against the arbiter alone."""
    flagged = {d.call.configuration.qnode for d in located.divergences if d.verdict is Verdict.ERROR}
    seen: set[str] = set()
    firsts = []
    for index in range(len(bench.trace)):
        structure = bench.trace.structure_of(index)
        if structure not in seen and len(seen) < MOST_STRUCTURES:
            seen.add(structure)
            firsts.append(index)
    with voice.progress("asking the arbiter") as report:
        for done, index in enumerate(firsts):
            report(done, len(firsts))
            call = bench.trace.call(index)
            own = call.configuration.method
            if call.configuration.qnode in flagged or call.failure or call.circuit.opaque or call.circuit.shots:
                continue
            judgement = bench.judge(call, [own])
            if not judgement.wrong:
                continue
            flagged.add(call.configuration.qnode)
            verdict = judgement.methods[0]
            comparison = Comparison(
                (str(own), str(ARBITER)),
                Verdict.ERROR,
                where=verdict.where,
                max_abs=verdict.gap,
                bound=verdict.bound,
                detail=verdict.detail,
            )
            yield Divergence(call, comparison, comparison.where, judgement.wrong, judgement.reason, worst_call=index, calls=(index,))


def _findings(
    bench: Bench, divergences: Sequence[Divergence], located: Located, run: RunDirectory, report: Report
) -> Iterator[Finding]:
    for number, divergence in enumerate(divergences):
        report(number, len(divergences))
        judged = divergence if divergence.wrong else bench.judged(divergence, located.methods)
        question = bench.question(judged)
        scene = survey(judged, question, bench.workers, bench.reference)
        diagnosis = diagnose(scene, CAUSES, bench.workers, bench.reference)
        if scene.blamed is not None:
            diagnosis = replace(diagnosis, blamed=str(scene.blamed))
        finding = Finding(judged, diagnosis)
        made = reproducer.made(finding, run.reproducer(number), environment=bench.trace.environment, trusted=bench.options.trusted)
        yield replace(finding, reproducer=made)


def _result(trace: Trace, located: Located, findings: tuple[Finding, ...]) -> Result:
    calls = list(trace.calls())
    qnodes = dict.fromkeys((c.configuration.qnode, str(c.configuration.source)) for c in calls)
    return Result(
        calls=len(calls),
        steps=sum(1 for event in trace.events if event.kind == "step"),
        replayed=located.replayed,
        qnodes=tuple(qnodes),
        methods=located.methods,
        verdict=_verdict(located, findings),
        findings=findings,
        sampled=located.sampled,
        refused=located.refused,
        unfaithful=tuple(u.call for u in located.unfaithful),
        notes=located.notes,
        comparisons=located.comparisons,
        costs=located.costs,
    )


def _verdict(located: Located, findings: Sequence[Finding]) -> Verdict:
    """The worst of the findings; else what the replay as a whole came to."""
    verdicts = {finding.divergence.verdict for finding in findings}
    for verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.ROUNDING):
        if verdict in verdicts:
            return verdict
    return located.verdict


def exit_code(outcome: Outcome, fail_on: str) -> ExitCode:
    """The exit code of DESIGN.md: the script's failure before an error, an error before what is inconclusive."""
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
        files=[run.trace.name, run.findings.name, *reproducers],
        next_command=_next(outcome),
    )
    run.findings.write_text(findings_json.render(outline), encoding="utf-8")
    return outline


def _next(outcome: Outcome) -> str:
    """What to type next, and why."""
    if outcome.result.verdict is Verdict.ERROR:
        return "qdiag report --github   the text for an issue"
    if outcome.result.verdict is Verdict.ROUNDING:
        return f"qdiag twin {outcome.script.path}   why the losses part although every call agrees"
    return ""
