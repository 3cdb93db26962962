"""What the user asked for, what comes of it, and who is told meanwhile: the values that the stages share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable, Optional, Protocol

from qdiag.errors import ExitCode
from qdiag.evaluation.limits import SECONDS
from qdiag.judging.replay.plan import Plan
from qdiag.model.comparison import Verdict
from qdiag.model.method import Method
from qdiag.trace.run_folder import RunFolder

if TYPE_CHECKING:
    # what is known at the end only is loaded then: the script waits for what stands above
    from qdiag.model.call import Environment, Script
    from qdiag.model.findings import Finding
    from qdiag.model.result import Result
    from qdiag.model.twin_training import Training
    from qdiag.report.outline import Document

Report = Callable[[int, int], None]

PROBE_SHARE = 1 / 3
"""What a probe may take, as a part of the limit of an evaluation: 20 s of 60."""

MINIMIZING_SECONDS = 60.0
"""What shrinking one finding may take while a trace is judged; `qdiag minimize` goes on from there."""


class Voice(Protocol):
    """What the pipeline says while it works."""

    def say(self, text: str) -> None:
        """One line."""

    def now(self, text: str) -> None:
        """What is under way within the present stage."""

    def progress(self, what: str) -> AbstractContextManager[Report]:
        """Report progress of one stage."""


class Silence:
    """The voice of what has nobody to talk to."""

    def say(self, text: str) -> None:
        """Not even a line."""

    def now(self, text: str) -> None:
        """Nor what is under way."""

    def progress(self, what: str) -> AbstractContextManager[Report]:
        """No progress either."""
        return nullcontext(lambda done, total: None)


Identity = tuple[int, str, str, tuple[str, ...]]
"""What a finding is known by when a run is judged again: its call, what differs there, its element, and the methods between which."""


@dataclass(frozen=True)
class Choice:
    """The findings that are proven, with the names of their scripts; where none is named, all are."""

    named: tuple[tuple[Identity, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.named)

    def name_for(self, finding: Finding) -> Optional[str]:
        """The name of a finding's script; None where it is not asked for."""
        divergence, comparison = finding.divergence, finding.divergence.comparison
        element = "" if comparison.element is None else str(comparison.element)
        identity = divergence.call.index, divergence.signature.value, element, tuple(map(str, comparison.methods))
        return dict(self.named).get(identity)


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
        The findings that are proven, where these are not all.
    trusted
        Whether class definitions inside the trace may be executed.
    probe
        Whether QNodes are also evaluated beside the script.
    own_process
        Whether this process is all ours: workers are then forked from one server that loads the frameworks once.
    beside
        The folder of the script, where this very command runs it: workers may import what lies there; "" for none.
    proven
        Verdicts whose findings get a minimal circuit and a reproducer.
    asked
        Methods that the question is about, beside those of the plan: where one of them is wrong, that is an error of the run.
    all_asked
        Whether it is about every method that applies, as in the check of a single call.
    quick
        Whether to end with the first answer: cheap methods and the arbiter's word, no cause and no script.
    limit
        Processor time for one evaluation, in seconds.
    cluster
        The address of a Dask scheduler whose workers evaluate, or ``local:N``; "" for workers on this machine.
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
    beside: str = ""
    proven: tuple[Verdict, ...] = (Verdict.ERROR, Verdict.REMARK, Verdict.ROUNDING)
    asked: tuple[Method, ...] = ()
    all_asked: bool = False
    quick: bool = False
    limit: float = SECONDS
    cluster: str = ""
    kept: bool = True

    @property
    def probe_seconds(self) -> int:
        """Processor time that a probe may take: who gives evaluations more gives it more."""
        return max(1, round(self.limit * PROBE_SHARE))

    def asks_for(self, method: Method, own: Method) -> bool:
        """Whether the question is about a method, beside the script's own one."""
        named = (one.beside(own) for one in (*self.plan.methods, *self.asked))
        return self.all_asked or any((one.device, one.diff_method) == (method.device, method.diff_method) for one in named)


@dataclass(frozen=True, eq=False)
class JudgedRun:
    """A judged run: what was found, where it was written, how the script ended, what twin runs showed.

    ``interrupted`` is whether Ctrl-C or a request to end cut it short, ``partial`` whether it did so before all findings were known.
    """

    result: Result
    run: RunFolder
    script: Script
    environment: Environment
    interrupted: bool = False
    partial: bool = False
    training: Optional[Training] = None


_FAILING = {
    "error": {Verdict.ERROR},
    "rounding": {Verdict.ERROR, Verdict.ROUNDING},
    "any": {Verdict.ERROR, Verdict.REMARK},
    "never": set(),
}
"""What gives 1, by the value of ``--fail-on``."""


def exit_code(outcome: JudgedRun, fail_on: str) -> ExitCode:
    """The exit code that docs/ARCHITECTURE.md promises: the script's failure before an error, an error before what is inconclusive."""
    if outcome.interrupted:
        return ExitCode.INTERRUPTED
    result = outcome.result
    verdicts = [entry.verdict for entry in result.entries]
    return _code_of(result.verdict, verdicts, outcome.script.exit_code, fail_on, undecided=result.undecided)


def code_of_outline(outline: Document) -> ExitCode:
    """The same of a run that was judged before, as its report has it."""
    record = outline.record
    verdicts = [Verdict(finding["verdict"]) for finding in record["findings"]]
    undecided = bool(record.get("undecided"))
    return _code_of(Verdict(record["verdict"]), verdicts, record["script"]["exit_code"], "error", undecided=undecided)


def _code_of(verdict: Verdict, entries: Sequence[Verdict], script: Optional[int], fail_on: str, *, undecided: bool) -> ExitCode:
    if script not in (0, None):
        return ExitCode.SCRIPT_FAILED
    # a remark stands before rounding, and hides none
    met = {verdict, *(entries if verdict is Verdict.REMARK else ())}
    if met & _FAILING[fail_on]:
        return ExitCode.ERROR_FOUND
    return ExitCode.INCONCLUSIVE if undecided or verdict is Verdict.INCONCLUSIVE else ExitCode.NOTHING_BEYOND_ROUNDING
