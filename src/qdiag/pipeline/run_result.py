"""What a run came to, put together: its trace, its replay, its findings, what was not seen of it, and the verdict of all that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qdiag.judging.replay.located import Located
from qdiag.model.comparison import Verdict
from qdiag.model.coverage import Coverage, Gap
from qdiag.model.findings import Finding
from qdiag.model.method import Method
from qdiag.model.remarks import Remark
from qdiag.model.result import Result, verdict_of_all
from qdiag.pipeline.coverage import coverage_of
from qdiag.pipeline.notes import (
    about_alike,
    about_marks,
    about_processes,
    about_recording,
    about_second_differences,
    about_steps,
    about_widening,
)
from qdiag.trace.reader import Trace


def with_users_names(finding: Finding, trace: Trace) -> Finding:
    """The finding with what the user calls the parameters of its circuit."""
    call = finding.divergence.call
    return replace(finding, divergence=replace(finding.divergence, call=replace(call, named=trace.named(call))))


def result_of(trace: Trace, located: Located, findings: tuple[Finding, ...], remarks: tuple[Remark, ...]) -> Result:
    """What a run came to, from its trace, its replay, and what was found in it."""
    qnodes: dict[tuple[str, str, int], None] = {}
    own: dict[Method, None] = {}
    for configuration in trace.configurations():
        qnodes[configuration.qnode_object] = None
        own[configuration.method] = None
    coverage = coverage_of(trace, located)
    verdict = verdict_of_run(located, findings, remarks, coverage)
    return Result(
        replay=located,
        calls=len(trace),
        steps=sum(1 for event in trace.events if event.kind == "step"),
        qnodes=tuple((name, source) for name, source, _ in qnodes),
        verdict=verdict,
        findings=findings,
        remarks=remarks,
        coverage=coverage,
        undecided=verdict is Verdict.REMARK and Verdict.INCONCLUSIVE in _on_methods(located, findings, coverage),
        notes=(
            *located.notes,
            *about_steps(own),
            *about_second_differences(trace),
            *about_processes(trace),
            *about_marks(trace),
            *about_widening(trace),
            *about_alike(trace),
            *about_recording(trace),
        ),
    )


def result_so_far(trace: Trace, located: Located, findings: tuple[Finding, ...], *, probed: bool = True) -> Result:
    """What the calls of a run come to that were replayed by now, as if there were no others: that more are left is no doubt.

    Nor is it one that probes saw nothing where they still run.
    """
    whole = result_of(trace, located, findings, ())
    unseen = tuple(one for one in whole.coverage.unseen if probed or one.gap is not Gap.NOT_PROBED)
    return replace(whole, coverage=replace(whole.coverage, recorded=whole.coverage.compared, unseen=unseen))


def verdict_of_run(located: Located, findings: Sequence[Finding], remarks: Sequence[Remark], coverage: Coverage) -> Verdict:
    """The worst of the findings, else what the replay as a whole came to; where too little was seen, that is open."""
    return verdict_of_all(_on_methods(located, findings, coverage), remarks)


def _on_methods(located: Located, findings: Sequence[Finding], coverage: Coverage) -> Sequence[Verdict]:
    found = [finding.verdict for finding in findings] or [located.verdict]
    return [*found, Verdict.INCONCLUSIVE] if coverage.leaves_undecided else found
