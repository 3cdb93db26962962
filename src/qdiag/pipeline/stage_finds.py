"""The finds of a hunt made findings: the plainest circuit of each, on the device that shows it, diagnosed and shrunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Optional

from qdiag.certifying.task import Task
from qdiag.model.certificate import OUTPUT, Fault
from qdiag.model.comparison import Signature
from qdiag.model.findings import Finding
from qdiag.model.hunt import Find, Hit, Kind
from qdiag.pipeline.run_options import Report
from qdiag.pipeline.stage_certified import finding_of_fault
from qdiag.pipeline.stage_context import StageContext, or_what_is_left
from qdiag.trace.run_folder import RunFolder


def with_findings(
    finds: Sequence[Find], tasks: Mapping[str, Task], context: StageContext, run: RunFolder, report: Report
) -> tuple[Find, ...]:
    """The finds, those for which there is time with their cause and the smallest circuit.

    Parameters
    ----------
    finds
        In the order in which they are asked about.
    tasks
        What each device is asked, by its name.
    context, run, report
        Who answers, where scripts go, and who is told.
    """
    found: list[Find] = []
    for done, find in enumerate(finds):
        report(done, len(finds))
        found.append(replace(find, finding=_finding_of(find, tasks, context, run, done)))
    return tuple(found)


def _finding_of(find: Find, tasks: Mapping[str, Task], context: StageContext, run: RunFolder, number: int) -> Optional[Finding]:
    """The finding of a find; None where there is no time, its process would die again, or it does not show any more."""
    specimen, first = find.specimen, find.first
    if specimen is None or find.kind is Kind.LOST or context.deadline.passed:
        return None
    same = tuple(hit.cell for hit in find.hits if hit.device == first.device)
    fault = Fault(find.about, _column(first), same, specimen)
    task = tasks[first.device]

    def ask() -> Optional[Finding]:
        return finding_of_fault(fault, specimen, task, context, run.reproducer(number), raises=find.kind is Kind.RAISED)

    return or_what_is_left(ask, lambda failed: None, "this find")


def _column(hit: Hit) -> str:
    return OUTPUT if hit.cell.where is Signature.OUTPUT else hit.cell.column
