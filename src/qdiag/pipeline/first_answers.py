"""What is said before all was looked at: of the calls that were replayed by then, and once of all of them.

Whoever has waited for a training wants to know whether it was right before he knows why it was not. Nothing is said that a later answer
could take back: of calls that are left nothing, and of a finding neither cause nor minimal circuit.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Callable, Optional

from qdiag.evaluation.limits import Deadline
from qdiag.judging.differentiated import JudgedCalls
from qdiag.judging.live_word import with_live_word
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.replay import Replay
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Divergence, Finding
from qdiag.pipeline.run_options import Options, Voice
from qdiag.pipeline.run_result import result_of, result_so_far
from qdiag.pipeline.stage_arbitrate import divergences_of, upheld_alone
from qdiag.pipeline.stage_context import StageContext
from qdiag.pipeline.stage_findings import NOT_YET, QUICK, undiagnosed
from qdiag.pipeline.stage_grade import grade_finding, methods_used
from qdiag.report.content.sentences import answer_of_own, early_answer, first_answer, later_answer
from qdiag.trace.reader import Trace

EARLY = 0.5
"""Seconds after the end of the script at which a first answer is given of the calls that were replayed by then."""

ARBITERS_FIRST = 1.0
"""Seconds after which the arbiter looks at no further structure of circuits before a first answer."""

AT_LEAST = 0.1
"""Seconds of replaying before it, however long it took to take in what was recorded; and those of a turn while that is waited for."""


@dataclass(frozen=True)
class FirstAnswers:
    """The first answers of one run.

    Parameters
    ----------
    trace, calls, replay
        What was recorded, and its replay so far.
    options, voice, deadline
        Of the run.
    replaying
        Shows the replay's progress while it lasts.
    get_ready
        Is told as soon as there are divergences that scripts will be written of.
    """

    trace: Trace
    calls: JudgedCalls
    replay: Replay
    options: Options
    voice: Voice
    deadline: Deadline
    replaying: Callable[[], AbstractContextManager[None]]
    get_ready: Callable[[Sequence[Divergence]], None]

    @property
    def why_no_cause(self) -> str:
        """Why a first answer gives no cause."""
        return QUICK if self.options.quick else NOT_YET

    def early(self, context: StageContext, since: float, *, probed: bool = True) -> Optional[str]:
        """Say what is known after a moment, where calls are left or probes still run.

        Parameters
        ----------
        context
            What to work with.
        since
            Seconds since the script has ended.
        probed
            Whether the probes are over.

        Returns
        -------
        Optional[str]
            What was said; "" where there is nothing to say, None where there is nothing yet.
        """
        located = self._located_after_a_moment(since, probed=probed)
        if not probed and located is not None and not _is_telling(located):
            return None
        if located is None or not located.replayed or self.deadline.passed or (located.not_rebuilt and not probed):
            return ""
        located = with_live_word(located, self.calls)
        found = self._found_by_now(located, context)
        result = result_so_far(self.trace, located, found, probed=probed)
        if result.verdict is Verdict.INCONCLUSIVE and not probed:
            return ""
        answer = early_answer(result, self.trace.script, probed=probed)
        self.voice.say(answer)
        return answer

    def of_all(self, located: Located, found: Sequence[Finding], early: str, context: StageContext) -> None:
        """Say what is known of all calls before dear methods are asked, unless that was said early.

        Parameters
        ----------
        located, found
            What the replay under cheap methods came to, and its findings.
        early
            What was said by then, or "".
        context
            Which calls the arbiter has upheld.
        """
        script, result = self.trace.script, result_of(self.trace, located, tuple(found), ())
        if located.replayed or result.verdict is Verdict.ERROR:
            if not early.startswith(first_answer(result, script)):
                self.voice.say(later_answer(result, script) if early else first_answer(result, script))
        elif upheld_alone(self.calls, located, context.upheld):
            own = result_of(self.trace, replace(located, verdict=Verdict.AGREE), tuple(found), ())
            if own.verdict is Verdict.AGREE:
                self.voice.say(answer_of_own(own))

    def _located_after_a_moment(self, since: float, *, probed: bool) -> Optional[Located]:
        """What the replay has found by then; None where all is known, and a first answer of all calls comes next."""
        with self.replaying():
            located = self.replay.begin_cheap_methods(max(AT_LEAST, EARLY - since))
            while probed and located is not None and not _is_telling(located) and not self.deadline.passed:
                located = self.replay.begin_cheap_methods(AT_LEAST)
        return self.replay.finish_cheap_methods() if located is None and not probed else located

    def _found_by_now(self, located: Located, context: StageContext) -> tuple[Finding, ...]:
        with self.voice.progress("asking the arbiter") as report:
            found = divergences_of(self.calls, located, context, report, seconds=ARBITERS_FIRST)
        # whether a replay gives the script's own numbers is not known of the others
        divergences = [one for one in found if self.replay.knows(one.call.index)]
        if not self.options.quick:
            self.get_ready(divergences)
        used = methods_used(self.trace.configurations())
        return tuple(grade_finding(undiagnosed(one, self.why_no_cause), used, self.options) for one in divergences)


def _is_telling(located: Located) -> bool:
    """Whether anything is known of any call."""
    return bool(located.replayed or located.not_rebuilt)
