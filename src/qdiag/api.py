"""The engine without a command line: check what is in hand, record what a notebook does, read what was recorded."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any, Callable, Literal, Optional, Union

from qdiag.errors import DivergenceError, Interrupted, UsageError
from qdiag.evaluation.limits import SECONDS
from qdiag.evaluation.workers import Inline
from qdiag.judging.replay.plan import Plan
from qdiag.model.call import Call, Script
from qdiag.model.comparison import Tolerance, Verdict
from qdiag.model.findings import Finding
from qdiag.model.measured import PRECISIONS
from qdiag.model.method import Method, parse_list
from qdiag.pipeline import checking
from qdiag.pipeline.notebook_line import replaced_line
from qdiag.pipeline.reports import meanings_of, report
from qdiag.pipeline.run import examine
from qdiag.pipeline.run_options import JudgedRun, Options, Silence, Voice
from qdiag.pipeline.speaking import REPLACED_EVERY, Speaker
from qdiag.recording.session import Session, pause_recording
from qdiag.report.content import outline_file
from qdiag.report.content.document import document
from qdiag.report.content.figures import seconds
from qdiag.report.formats import markdown
from qdiag.report.outline import Document
from qdiag.trace import run_folder
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder

__all__ = ["Check", "Recording", "check", "open", "record"]

HEALTHY = (Verdict.AGREE, Verdict.REMARK, Verdict.ROUNDING)

Methods = Union[str, Sequence[str]]
"""``"auto"``, or methods as on the command line: ``"backprop,adjoint"`` or ``["backprop", "adjoint"]``."""

Tolerated = Union[None, float, Tolerance]
"""The derived tolerance, an absolute one, or both parts of one."""

Precision = Optional[Literal["complex64", "complex128"]]
"""The precision of devices as it is measured, or as it is assumed."""


@dataclass(frozen=True, eq=False)
class Check:
    """What a check came to. It is true where nothing goes beyond rounding, and shows itself as a report in a notebook.

    Parameters
    ----------
    verdict
        ``agree`` · ``rounding`` · ``error`` · ``inconclusive``.
    findings
        Errors first.
    report
        The outline of the report.
    tracked
        Whether there was anything to differentiate by: else outputs alone were compared.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    report: Document = field(repr=False)
    tracked: bool = True

    def __bool__(self) -> bool:
        return self.verdict in HEALTHY

    def __repr__(self) -> str:
        return f"<qdiag.Check {self.report.verdict}: {self.report.sentence}>"

    def __str__(self) -> str:
        return _as_text(self.report)

    @property
    def reproducer(self) -> str:
        """The script that shows the first finding that has one, or ""."""
        return next((finding.reproducer.source for finding in self.findings if finding.reproducer is not None), "")

    def raise_for_error(self) -> None:
        """Do nothing unless a method is wrong.

        Raises
        ------
        DivergenceError
            If the verdict is ``error``.
        """
        if self.verdict is Verdict.ERROR:
            remedy = next((finding.diagnosis.remedy for finding in self.findings), "")
            shown = f"\n\nThis script shows it:\n\n{self.reproducer}" if self.reproducer else ""
            raise DivergenceError(f"{self.report.sentence}{shown}", remedy)

    def _repr_markdown_(self) -> str:
        return markdown.render(self.report)

    def _repr_html_(self) -> str:
        return _page_in_frame(self.report)


def check(
    target: Callable[..., Any],
    *args: Any,
    methods: Methods = "auto",
    tolerance: Tolerated = None,
    assume_precision: Precision = None,
    **kwargs: Any,
) -> Check:
    """Call a QNode or a module once, and judge every QNode call under every method that applies.

    What is tracked (torch tensors with ``requires_grad``, arrays of ``pennylane.numpy`` or of JAX, a module's parameters) is what is
    differentiated by. The target is left as it was: gradients, random streams, buffers, attributes.

    Parameters
    ----------
    target
        A QNode, a ``TorchLayer``, any ``torch.nn.Module`` that holds QNodes, or a function that calls some.
    *args, **kwargs
        What it is called with: for a module, one batch.
    methods
        ``"auto"`` for all deterministic methods that apply; else such as ``"backprop,adjoint"``, or a list of these.
    tolerance
        An absolute tolerance, or a `qdiag.Tolerance`, instead of the derived one.
    assume_precision
        The precision that devices work in, ``"complex64"`` or ``"complex128"``, instead of measuring it.

    Returns
    -------
    Check
        True where nothing goes beyond rounding.

    Raises
    ------
    UsageError
        If no QNode was called.

    Examples
    --------
    >>> result = qdiag.check(circuit, torch.tensor([0.1, 0.2], requires_grad=True))  # doctest: +SKIP
    >>> result.raise_for_error()  # doctest: +SKIP
    """
    with tempfile.TemporaryDirectory(prefix="qdiag-") as folder, _interruptible(), _speaking(on_terminals=True) as voice:
        run, options = RunFolder(Path(folder)), replace(_options(methods, tolerance, assume_precision), kept=False)
        outcome = checking.check(target, args, kwargs, run=run, options=options, voice=voice, workers=Inline())
    return _check_of(outcome)


@dataclass(frozen=True)
class Recording:
    """A recorded run: its trace, and its reports once it was judged.

    Parameters
    ----------
    run
        The folder, and the trace's name in it.
    trusted
        Whether class definitions in the trace may be executed: they are this program's own where it was recorded here.
    """

    run: RunFolder
    trusted: bool = False

    @property
    def path(self) -> Path:
        """The folder."""
        return self.run.path

    def __len__(self) -> int:
        with Trace.open(self.run.trace) as trace:
            return len(trace)

    def calls(self) -> Iterator[Call]:
        """Every recorded QNode call, in order."""
        with Trace.open(self.run.trace) as trace:
            yield from trace.calls()

    def judge(
        self,
        methods: Methods = "auto",
        tolerance: Tolerated = None,
        *,
        assume_precision: Precision = None,
        budget: Optional[float] = None,
        limit: float = SECONDS,
        quick: bool = False,
        quiet: bool = False,
    ) -> Check:
        """Judge every call in this process, and write the reports into the folder.

        How far it is stands below the cell of a notebook, and on stderr elsewhere. A long training is judged sooner by
        ``qdiag diagnose``, on all cores.

        Parameters
        ----------
        methods, tolerance, assume_precision
            As in `check`.
        budget
            Seconds after which nothing more is begun.
        limit
            Processor time for one evaluation, in seconds.
        quick
            Whether to end with the first answer: cheap methods, and who is wrong; no cause and no script.
        quiet
            Whether nothing is said meanwhile.
        """
        asked = _options(methods, tolerance, assume_precision, trusted=self.trusted)
        asked = replace(asked, plan=replace(asked.plan, budget=budget), limit=limit, quick=quick)
        with _interruptible(), pause_recording(), _speaking(quiet=quiet) as voice:
            outcome = examine(self.run, asked, voice, Inline(timeout=limit))
            with voice.progress("writing the reports"):
                report(outcome)
        return _check_of(outcome)

    @property
    def report(self) -> Optional[Document]:
        """The outline of the report, or None before it was judged."""
        return outline_file.read(self.run.outline) if self.run.outline.exists() else None

    def __repr__(self) -> str:
        verdict = self.report.verdict if self.report is not None else "not judged yet: .judge() does it"
        return f"<qdiag.Recording {self.path}: {verdict}>"

    def _repr_html_(self) -> Optional[str]:
        return _page_in_frame(self.report) if self.report is not None else None

    def _repr_markdown_(self) -> Optional[str]:
        return markdown.render(self.report) if self.report is not None else None


@contextmanager
def record(out: Union[str, Path, None] = None, *, force: bool = False, probe: bool = True) -> Iterator[Recording]:
    """Record every QNode call that is made inside the ``with`` block; afterwards nothing of the recorder is left.

    Parameters
    ----------
    out
        The folder to write, by default the next number below ``qdiag-runs/``.
    force
        Whether an earlier run in that folder is replaced.
    probe
        Whether QNodes are also evaluated in forked copies of this process (Linux).

    Examples
    --------
    >>> with qdiag.record() as recording:  # doctest: +SKIP
    ...     train()
    >>> recording.judge()  # doctest: +SKIP
    """
    name = Path(getattr(sys.modules["__main__"], "__file__", None) or "session").name
    run = run_folder.create(name if name.endswith(".py") else "session", None if out is None else Path(out), force=force)
    with Session(run.trace, Script(name, called=True), probe=probe):
        yield Recording(run, trusted=True)


def open(path: Union[str, Path]) -> Recording:
    """Read a trace, or the folder of a run.

    Raises
    ------
    TraceError
        If there is none, or it is damaged.
    """
    run = run_folder.find(Path(path))
    Trace.open(run.trace).close()
    return Recording(run)


# --- from one to the other -------------------------------------------------------------------------------------------------


def methods_of(wanted: Methods) -> tuple[Method, ...]:
    """Methods as a user names them; none for all that apply."""
    return () if wanted == "auto" else parse_list(wanted if isinstance(wanted, str) else ",".join(wanted))


def _options(methods: Methods, tolerance: Tolerated, assumed: Precision = None, *, trusted: bool = True) -> Options:
    given = tolerance if isinstance(tolerance, Tolerance) else Tolerance(tolerance)
    plan = Plan(methods=methods_of(methods), tolerance=given, trusted=trusted, assumed=_precision(assumed))
    return Options(plan, trusted=trusted, proven=(Verdict.ERROR,))


def _precision(assumed: Precision) -> str:
    if assumed not in (None, *PRECISIONS):
        raise UsageError(f"{assumed!r} is no precision of a device", "complex64, complex128, or None to measure it")
    return assumed or ""


@contextmanager
def _interruptible() -> Iterator[None]:
    """In a notebook Ctrl-C is what it always is."""
    try:
        yield
    except Interrupted:
        raise KeyboardInterrupt from None


@contextmanager
def _speaking(*, quiet: bool = False, on_terminals: bool = False) -> Iterator[Voice]:
    """Who tells how far the work is: below the cell in a notebook; elsewhere on stderr, with ``on_terminals`` where it is one."""
    line = replaced_line()
    if quiet or (line is None and on_terminals and not sys.stderr.isatty()):
        yield Silence()
        return
    from rich.console import Console

    began, speaker = time.monotonic(), Speaker(Console(stderr=True, highlight=False), replaced=line)
    yield speaker
    if line is not None and time.monotonic() - began >= REPLACED_EVERY:
        line(f"judged in {seconds(time.monotonic() - began)}")


def _check_of(outcome: JudgedRun) -> Check:
    if outcome.interrupted:
        raise KeyboardInterrupt
    outline = document(outcome.result, outcome.script, outcome.environment, meanings=meanings_of(outcome.result))
    return Check(outcome.result.verdict, outcome.result.findings, outline, outcome.result.tracked)


def _as_text(outline: Document) -> str:
    """The summary of 80 columns, without colour; in a notebook, too, where rich would show it instead of writing it."""
    from rich.console import Console

    from qdiag.report.formats import terminal

    stream = StringIO()
    plain = Console(file=stream, width=80, no_color=True, force_terminal=False, force_jupyter=False, highlight=False)
    terminal.render(outline, plain)
    return "\n".join(line.rstrip() for line in stream.getvalue().rstrip().split("\n"))


def _page_in_frame(outline: Document) -> str:
    """The whole page in a frame of its own, so that its styles stay inside; matplotlib is loaded only here.

    Where frames are taken out, as from a notebook that is not trusted, the sentence in it remains.
    """
    from qdiag.report.formats import html

    page, style = escape(html.render(outline), quote=True), "width:100%;height:36em;border:0;resize:vertical"
    sentence = escape(f"{outline.verdict}: {outline.sentence}")
    return f'<iframe srcdoc="{page}" title="{escape(outline.title)}" style="{style}">{sentence}</iframe>'
