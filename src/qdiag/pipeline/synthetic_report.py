"""A finding shown without the user's numbers: its smallest circuit on made-up ones, judged, diagnosed and reproduced anew.

Every figure of such a report was measured on the made-up numbers; what only the user's run can show is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.causes import cause_of
from qdiag.diagnosis.diagnose import again
from qdiag.diagnosis.survey import survey
from qdiag.errors import NotReproducedError, UsageError
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import question_of
from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.differences import differences, divergences
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.questions import compare_with_own
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.findings import Finding
from qdiag.model.method import ARBITER, Method, parse
from qdiag.model.node import nodes_of
from qdiag.model.result import ReplaySummary, Result
from qdiag.model.synthetic_numbers import made_up, tells_numbers
from qdiag.pipeline.reports import judged_outline, meanings_of
from qdiag.pipeline.stage_context import StageContext
from qdiag.pipeline.stage_findings import finding_of, proven_finding
from qdiag.pipeline.stage_prove import load_minimal, same_difference
from qdiag.proving.minimizing.same_difference import SameDifference
from qdiag.report.content.document import document
from qdiag.report.content.method_names import full
from qdiag.report.outline import Document
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder

SEEDS = 8
"""So many draws of made-up numbers are tried."""

NOTE = (
    "every number in here is made up: the smallest circuit of the finding was judged again on them. What only the recorded run "
    "shows is left out (gaps over the calls, trainings, other findings)"
)


def report(run: RunFolder, number: int, workers: Evaluator, *, trusted: bool = False) -> Document:
    """The report of one finding on made-up numbers.

    Parameters
    ----------
    run
        A judged run.
    number
        The finding's, from 1.
    workers
        Where circuits are evaluated.
    trusted
        Whether class definitions inside the trace may be executed.

    Raises
    ------
    UsageError
        If there is no such finding, or it has no circuit of its own.
    NotReproducedError
        If no made-up numbers show it.
    """
    record = judged_outline(run).record
    told = _recorded_finding(record, number)
    with Trace.open(run.trace) as trace:
        call, script, environment = trace.call(told["call"]), trace.script, trace.environment
    circuit = _smallest(run, number)
    _check_classes(circuit, trusted=trusted)
    context = StageContext(workers, environment, trusted=trusted, minimize=False)
    path = run.path / "repro-synthetic.py"
    invented = replace(call, circuit=circuit, written=None, outputs=None, backwards=(), warnings=(), failure=None)
    found = _first_synthetic_finding(invented, told, context)
    if found is None:
        raise NotReproducedError(
            f"none of {SEEDS} draws of made-up numbers shows finding {number}", "it takes the user's own: report it without --synthetic"
        )
    finding = proven_finding(found, context, path)
    methods = _methods(told["methods"], call)
    source = (call.configuration.qnode, str(call.configuration.source))
    result = Result(ReplaySummary(methods, 1), 1, 0, (source,), finding.verdict, (finding,), notes=(NOTE,))
    files = [] if finding.reproducer is None else [path.name]
    script, meanings = replace(script, argv=(), failure=None), meanings_of(result)
    made = document(result, script, environment, folder=str(run.path), files=files, meanings=meanings)
    return replace(made, made_up=f"{NOTE[:1].upper()}{NOTE[1:]}.")


def _recorded_finding(record: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    findings = record["findings"]
    if number > len(findings):
        raise UsageError(f"the run has {len(findings)} findings, not {number}", "choose another with --finding")
    told: Mapping[str, Any] = findings[number - 1]
    return told


def _smallest(run: RunFolder, number: int) -> Circuit:
    """The minimal circuit of a finding, as minimizing left it on disk."""
    path = run.reproducer(number - 1).with_suffix(".minimal")
    if not path.is_file():
        raise UsageError(
            f"finding {number} has no minimal circuit whose numbers could be made up",
            "shrink it with: qdiag minimize; what lies outside of a circuit has none",
        )
    return load_minimal(path)


def _check_classes(circuit: Circuit, *, trusted: bool) -> None:
    """Source is shown as it is: a class of the script's own must hold no numbers."""
    definitions = [node.definition for top in circuit.nodes for node in nodes_of(top) if node.definition]
    if definitions and not trusted:
        raise UsageError("the circuit holds classes of the script's own", "add --trust, for a trace of your own")
    if any(map(tells_numbers, definitions)):
        raise UsageError(
            "the circuit holds a class of the script's own whose source has numbers in it", "take them out, or leave out --synthetic"
        )


def _first_synthetic_finding(call: Call, told: Mapping[str, Any], context: StageContext) -> Optional[Finding]:
    """The finding on the first made-up numbers that show it; None where none do."""
    own, other = _methods(told["methods"], call)
    question = question_of(call, (own, other), where=Signature(told["where"]), trusted=context.trusted, tolerance=context.tolerance)
    cause = cause_of(told["cause"]["code"])
    same = same_difference(question, call, _methods(told["wrong"], call), cause, context)
    draws = (made_up(call.circuit, seed) for seed in range(1, SEEDS + 1))
    return next(filter(None, (_finding_on(drawn, same, cause, call, told, context) for drawn in draws)), None)


def _methods(written: Sequence[str], call: Call) -> tuple[Method, ...]:
    """The methods that findings.json names, with the options that the call's own device gives them."""
    own = call.method
    named = [ARBITER if name == full(ARBITER) else parse(name) for name in written]
    return tuple(own if method == own.bare else method if method == ARBITER else method.beside(own) for method in named)


def _finding_on(
    circuit: Circuit, same: SameDifference, cause: Cause, call: Call, told: Mapping[str, Any], context: StageContext
) -> Optional[Finding]:
    """The finding on this circuit, where the same two methods differ in the same way for the same cause, and the same one is wrong."""
    if not same(circuit):
        return None
    methods, (own, other) = _methods(told["methods"], call), same.observe(circuit).sides
    shown = replace(call, circuit=circuit, outputs=own.outputs, failure=own.failure)
    sides, refused = compare_with_own(circuit, own, [other], Plan(tolerance=context.tolerance), ())
    judged = CallResult(call.index, "", own, (), sides, refused, failure=own.failure)
    divergence = next(iter(divergences(differences(judged, shown), lambda _: shown, lambda _: judged.raised)), None)
    if divergence is None:
        return None
    finding = finding_of(context.with_arbiters_word(divergence, methods), methods, context)
    if finding.diagnosis.code == cause.code:
        return finding
    # so small a circuit may not tell a cause from its rivals, as the whole one did
    symptoms = survey(finding.divergence, replace(same.question, circuit=circuit), context.workers, context.reference)
    diagnosis = again(cause, symptoms, context.workers, context.reference)
    return None if diagnosis is None else replace(finding, diagnosis=diagnosis)
