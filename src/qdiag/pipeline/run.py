"""The staircase: trace → locate → judge → diagnose → minimize → reproduce → report. It carries values between rooms."""

from __future__ import annotations

import shlex
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Optional

from qdiag.errors import Interrupted, TraceError
from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.executor import open_evaluator
from qdiag.evaluation.framework_fork import FRAMEWORKS
from qdiag.evaluation.limits import Bounded, Deadline
from qdiag.evaluation.workers import most_workers
from qdiag.judging.differentiated import JudgedCalls
from qdiag.judging.live_word import with_live_word
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Call, Script
from qdiag.model.comparison import Verdict
from qdiag.model.coverage import Gap, Unseen
from qdiag.model.findings import Divergence, Finding
from qdiag.model.method import Method
from qdiag.model.remarks import Remark
from qdiag.model.result import in_order
from qdiag.pipeline import stage_cast_warnings
from qdiag.pipeline.asked import asked_of
from qdiag.pipeline.coverage import of_deadline
from qdiag.pipeline.first_answers import AT_LEAST, EARLY, FirstAnswers
from qdiag.pipeline.interruption import telling_how_to_go_on
from qdiag.pipeline.notes import own_failures
from qdiag.pipeline.record import recorded_calls
from qdiag.pipeline.reports import load_pages
from qdiag.pipeline.run_options import JudgedRun, Options, Report, Voice
from qdiag.pipeline.run_result import result_of, with_users_names
from qdiag.pipeline.stage_arbitrate import divergences_of, upheld_alone
from qdiag.pipeline.stage_context import INTERRUPTED, StageContext, or_what_is_left
from qdiag.pipeline.stage_excerpts import excerpts_of
from qdiag.pipeline.stage_findings import SPENT, finding_of, in_folder, proven_finding, unasked_finding, undiagnosed
from qdiag.pipeline.stage_gather import gather_findings
from qdiag.pipeline.stage_grade import grade_finding, methods_used
from qdiag.pipeline.stage_training import remarks_of
from qdiag.proving.reproducer.script_runs import ScriptRunner
from qdiag.report.content.method_names import names_of
from qdiag.trace.evaluation_store import EvaluationStore
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder

KEPT_FOR_THE_END = 0.1
"""The part of a budget that is kept for what is said and written when it is spent."""

CALLS_OF_WORKER = 2
"""So many calls are under way for each worker at least, that none waits for another."""


def examine(run: RunFolder, options: Options, voice: Voice, workers: Optional[Evaluator] = None) -> JudgedRun:
    """Judge what was recorded before, with warm workers where there are some."""
    with Run(run, options, voice, workers) as examination:
        return finished(run, examination)


def finished(run: RunFolder, examination: Run) -> JudgedRun:
    """What an examination comes to, or how to go on where it is interrupted."""
    with telling_how_to_go_on(run):
        return examination.finish()


class Run:
    """A trace being judged, from its first call on to the findings. Workers start when there is something to replay."""

    def __init__(self, run: RunFolder, options: Options, voice: Voice, workers: Optional[Evaluator] = None) -> None:
        self._run, self._options, self._voice, self._given = run, options, voice, workers
        self._resources = ExitStack()
        self._report: Report = lambda done, total: None
        self._failure: Optional[Exception] = None
        self._got_ahead = False
        self._deadline = Deadline(options.plan.budget, KEPT_FOR_THE_END)
        self._bounded: Optional[Bounded] = None
        self._began: Optional[float] = None
        self._early: Optional[str] = None
        self._missed: tuple[Unseen, ...] = ()
        self._store: Optional[EvaluationStore] = None
        self.ended: Optional[Script] = None
        self._divergences: Sequence[Divergence] = ()
        self._diagnosed: tuple[Finding, ...] = ()
        self._remarks: tuple[Remark, ...] = ()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *exception: object) -> None:
        self._resources.close()

    @cached_property
    def _trace(self) -> Trace:
        return self._resources.enter_context(Trace.open(self._run.trace))

    @cached_property
    def _workers(self) -> Evaluator:
        options = self._options
        own = self._given or self._resources.enter_context(
            open_evaluator(
                options.cluster, options.jobs, options.limit, forked=options.own_process, beside=options.beside, tell=self._voice.say
            )
        )
        if self._deadline.seconds is None:
            return own
        self._bounded = self._resources.enter_context(Bounded(own, self._deadline))
        if self._deadline.begun:
            self._bounded.begin()
        return self._bounded

    def connect(self) -> None:
        """Reach the cluster, where one is asked for.

        Raises
        ------
        ClusterError
            If there is none: better now than when the script has ended.
        """
        if self._options.cluster:
            with self._voice.progress("reaching the cluster"):
                self._workers.count  # noqa: B018

    def miss_the_end(self, error: TraceError) -> None:
        """The recording could not be completed: what is there is judged.

        Raises
        ------
        TraceError
            If nothing is there.
        """
        if not recorded_calls(self._run):
            raise error
        self._missed = (Unseen(Gap.STOPPED, f"The recording is not complete: {error.cause}."),)

    def begin_budget(self) -> None:
        """From now on the budget is spent: the script has ended."""
        self._began = self._began or time.monotonic()
        self._deadline.begin()
        if self._bounded is not None:
            self._bounded.begin()

    @cached_property
    def _calls(self) -> JudgedCalls:
        return JudgedCalls(self._trace, self._options.plan.assumed)

    @cached_property
    def _replay(self) -> Replay:
        calls, workers = self._calls, self._workers  # what is no trace leaves no file beside it
        plan = replace(self._options.plan, in_flight=max(self._options.plan.in_flight, CALLS_OF_WORKER * workers.count))
        self._store = self._resources.enter_context(EvaluationStore(self._run.evaluations if self._options.kept else None))
        return Replay(
            calls,
            workers,
            plan,
            store=self._store,
            progress=lambda done, total: self._report(done, total),
            doing=self._tell_of_call,
            deadline=self._deadline,
        )

    @cached_property
    def _first_answers(self) -> FirstAnswers:
        calls, replay, ready = self._calls, self._replay, self._get_ready_for_scripts
        return FirstAnswers(self._trace, calls, replay, self._options, self._voice, self._deadline, self._replaying, ready)

    @contextmanager
    def _replaying(self) -> Iterator[None]:
        """What the replay tells of its progress is shown meanwhile."""
        with self._voice.progress("replaying") as self._report:
            yield

    def _tell_of_call(self, call: Call, methods: Sequence[Method]) -> None:
        names = dict.fromkeys(names_of((call.method,)).all((call.method, *methods)))
        self._voice.now(f"call {call.index} under {', '.join(names)}")

    def advance(self) -> bool:
        """Replay some of what has been recorded so far; whether there is more.

        A failure here waits until the script has ended, which is none of its business.
        """
        if self._failure is None:
            try:
                return bool(self._trace.refresh()) and self._advance()
            except Exception as failure:
                self._failure = failure
        return False

    def _advance(self) -> bool:
        """One turn of replaying; it leaves off when the script ends, and turns are short after that: probes are waited for then."""
        began = self._began
        if began is None:
            return self._replay.advance(ended=lambda: self._began is not None)
        since = time.monotonic() - began
        if self._early is None and since >= EARLY:
            self._early = self._first_answers.early(self._context(), since, probed=False)
        return self._replay.advance(AT_LEAST, over=True)

    def get_ahead(self) -> bool:
        """Replay all that was recorded while something else of an ended recording is waited for; whether there was anything to do.

        Only where there is a core for it: what is waited for may be computing.
        """
        if self._got_ahead or self._failure is not None or most_workers() < 2:
            return False
        self._got_ahead = True
        try:
            if self._trace.refresh():
                self._replay.finish()
        except Exception as failure:
            self._failure = failure
        return True

    @property
    def complete(self) -> bool:
        """Whether the recording was ended; whoever records may not have made it yet."""
        return self._run.trace.exists() and self._trace.complete

    def known_so_far(self) -> Optional[Located]:
        """What the replay has found so far; None before there is a call."""
        return self._replay.known_so_far() if self._run.trace.exists() and len(self._trace) else None

    def finish(self) -> JudgedRun:
        """Locate, judge, diagnose, reproduce.

        Raises
        ------
        Interrupted
            By Ctrl-C: every evaluation so far is kept, and the next examination of the run takes up from there.
        """
        self.begin_budget()
        try:
            with own_failures() as failures:
                judged = self._judge_and_diagnose()
            unwritten = [self._store.unwritten] if self._store is not None and self._store.unwritten else []
            return replace(judged, result=replace(judged.result, notes=(*judged.result.notes, *failures, *unwritten)))
        except KeyboardInterrupt as stop:
            known = self._what_is_known() if self._options.kept else None
            if known is not None:
                return known
            again = f"what was worked out is kept; go on with: qdiag diagnose {shlex.quote(str(self._run.path))}"
            raise Interrupted("interrupted while judging", again, getattr(stop, "number", signal.SIGINT)) from None

    def _what_is_known(self) -> Optional[JudgedRun]:
        """What an interruption leaves: what was found by then, without what had not been looked for; None where it is nothing."""
        located = with_live_word(self._replay.known_so_far(), self._calls) if "_replay" in self.__dict__ else None
        if located is None or not located.replayed:
            return None
        shutil.rmtree(self._run.unfinished, ignore_errors=True)
        calls = len(self._trace)
        text = f"Judging was interrupted when {located.replayed} of {calls} calls had been compared."
        unseen = Unseen(Gap.BUDGET, text, calls - located.replayed)
        divergences = self._divergences or located.divergences
        used = methods_used(self._trace.configurations())
        graded = [grade_finding(one, used, self._options) for one in self._diagnosed or map(unasked_finding, divergences)]
        result = result_of(self._trace, replace(located, unseen=(*located.unseen, unseen)), tuple(graded), self._remarks)
        return JudgedRun(result, self._run, self._trace.script, self._trace.environment, interrupted=True, partial=True)

    def _judge_and_diagnose(self) -> JudgedRun:
        if self._failure is not None:
            raise self._failure
        replay, context = self._replay, self._context()
        since = time.monotonic() - (self._began or time.monotonic())
        early = self._early or self._first_answers.early(context, since) or ""
        with self._replaying():
            located = with_live_word(replay.finish_cheap_methods(), self._calls)
        divergences = self._divergences = self._arbitrate(located, context)
        used, late = methods_used(self._trace.configurations()), self._deadline.passed
        why = f"{SPENT} its cause was found" if late else self._first_answers.why_no_cause
        found = [grade_finding(undiagnosed(divergence, why), used, self._options) for divergence in divergences]
        if not late:
            self._first_answers.of_all(located, found, early, context)
        if late or (located.replayed and self._options.quick):
            return self._judged(located, found, (), context)
        self._get_ready_for_scripts(divergences)
        with self._replaying():
            first, located = located, with_live_word(replay.finish(), self._calls)
        if not _says_the_same(first, located):
            divergences = self._divergences = self._arbitrate(located, context)
        if self._options.own_process and most_workers() > 1:
            load_pages()
        with self._voice.progress("diagnosing") as report:
            diagnosed = gather_findings(divergences, lambda one: finding_of(one, located.methods, context), context, report)
            self._diagnosed = tuple(diagnosed)
        with self._voice.progress("looking at the training") as report:
            remarks, unseen = ((), ()) if self._options.only else remarks_of(self._trace, located, context, report)
            self._remarks = remarks
        with self._voice.progress("proving") as report:
            findings = tuple(self._prove(context, diagnosed, remarks, report))
        if not self._options.only:
            self._run.publish(whole=True)
        alone = not located.replayed and upheld_alone(self._calls, located, context.upheld)
        located = replace(located, verdict=Verdict.AGREE) if alone else located
        casts = () if self._deadline.passed else _about_casts(self._trace, located.methods, context)
        notes = (*casts, *unseen)
        return self._judged(located, findings, remarks, context, notes, alone=alone)

    def _arbitrate(self, located: Located, context: StageContext) -> list[Divergence]:
        with self._voice.progress("asking the arbiter") as report:
            return divergences_of(self._calls, located, context, report)

    def _judged(
        self,
        located: Located,
        findings: Sequence[Finding],
        remarks: tuple[Remark, ...],
        context: StageContext,
        notes: Sequence[str] = (),
        *,
        alone: bool = False,
    ) -> JudgedRun:
        located = replace(located, unseen=(*self._missed, *located.unseen, *of_deadline(self._deadline)))
        readable = context.folder if self._options.trusted else None
        findings = [
            replace(with_users_names(finding, self._trace), excerpts=excerpts_of(finding, readable, self._trace.start_time))
            for finding in findings
        ]
        result = replace(result_of(self._trace, located, tuple(findings), remarks), tolerance=str(context.tolerance), alone=alone)
        result = replace(result, notes=(*result.notes, *notes), asked=asked_of(self._options.plan))
        return JudgedRun(result, self._run, self.ended or self._trace.script, self._trace.environment, INTERRUPTED in context.stopped)

    @cached_property
    def _scripts(self) -> ScriptRunner:
        return self._resources.enter_context(ScriptRunner())

    def _get_ready_for_scripts(self, divergences: Sequence[Divergence]) -> None:
        """Load what scripts will import, beside all that comes before they are written."""
        interfaces = {one.call.configuration.interface for one in divergences if one.verdict in self._options.proven}
        if interfaces:
            self._scripts.get_ready(FRAMEWORKS if "torch" in interfaces else FRAMEWORKS[:1])

    def _context(self) -> StageContext:
        """What the stages after the replay work with."""
        options = self._options
        return StageContext(
            self._workers,
            self._trace.environment,
            options.plan.tolerance,
            options.trusted,
            options.minimize,
            options.seconds,
            _folder(self._trace.script),
            kept=options.kept,
            deadline=self._deadline,
            tell=self._voice.now,
            start=self._scripts,
        )

    def _prove(
        self, context: StageContext, diagnosed: Sequence[Finding], remarks: Sequence[Remark], report: Report
    ) -> Iterator[Finding]:
        """The findings, those with their scripts that are to be proven, in the order in which they stand in the report."""
        used, only = methods_used(self._trace.configurations()), self._options.only
        unfinished: Optional[Path] = None
        graded = {grade_finding(finding, used, self._options): finding for finding in diagnosed}
        proven = 0
        for number, entry in enumerate(in_order((*graded, *remarks)), 1):
            report(number - 1, len(graded) + len(remarks))
            if isinstance(entry, Remark):
                continue
            finding = graded[entry]
            name = only.name_for(finding) if only else self._run.reproducer(proven).name
            if name is not None and finding.verdict in self._options.proven:
                unfinished = unfinished or self._run.begin_unfinished()
                finding = in_folder(proven_finding(finding, context, unfinished / name), self._run.path)
            proven += 1
            yield grade_finding(finding, used, self._options)


def _says_the_same(first: Located, last: Located) -> bool:
    """Whether expensive methods changed nothing that the arbiter has to be asked about."""
    errors = any(divergence.verdict is Verdict.ERROR for divergence in last.divergences)
    known = [[(d.call.index, d.comparison.methods, d.verdict, d.signature, d.calls) for d in one.divergences] for one in (first, last)]
    return not errors and known[0] == known[1]


def _about_casts(trace: Trace, methods: Sequence[Method], context: StageContext) -> tuple[str, ...]:
    """Whether the warnings of the run are harmless; where that fails, a note that says so."""
    return or_what_is_left(
        lambda: tuple(stage_cast_warnings.notes(trace, methods, context)), lambda failed: (failed,), "the warnings of this run"
    )


def _folder(script: Script) -> Optional[Path]:
    """Where the sources of a script lie: places in them are told from there; from the working folder, where it was run as a module."""
    return None if script.called else Path() if script.module else Path(script.path).parent
