"""The faults of a certificate made findings: the plainest circuit of each as if a script had called it, diagnosed and shrunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Optional

from qdiag.certifying.task import Task
from qdiag.judging.question import observe, question_of
from qdiag.model.call import Call, Configuration, SourceLine
from qdiag.model.certificate import OUTPUT, Fault
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Divergence, Finding
from qdiag.model.method import ARBITER, Method
from qdiag.model.specimen import Specimen
from qdiag.pipeline.run_options import Report
from qdiag.pipeline.stage_context import StageContext, or_what_is_left
from qdiag.pipeline.stage_findings import finding_of, proven_finding
from qdiag.trace.run_folder import RunFolder

PLACE = SourceLine("certify", 0)


def with_causes(faults: Sequence[Fault], task: Task, context: StageContext, run: RunFolder, report: Report) -> tuple[Fault, ...]:
    """The faults, those for which there is time with their cause and the smallest circuit."""
    found: list[Fault] = []
    for done, fault in enumerate(faults):
        report(done, len(faults))
        finding: Optional[Finding] = None
        if fault.specimen is not None and not context.deadline.passed:
            asked = partial(finding_of_fault, fault, fault.specimen, task, context, run.reproducer(done))
            finding = or_what_is_left(asked, lambda failed: None, "this fault")
        found.append(replace(fault, finding=finding))
    return tuple(found)


def finding_of_fault(
    fault: Fault, specimen: Specimen, task: Task, context: StageContext, script: Path, *, raises: bool = False
) -> Optional[Finding]:
    """The finding of a fault's circuit; None where it does not show any more.

    Parameters
    ----------
    fault, specimen, task
        The fault, its circuit, and the device.
    context
        Who answers.
    script
        Where its reproducer goes.
    raises
        Whether it breaks down instead of giving a wrong number.
    """
    call = call_of(specimen, task.method(asked_under(fault, specimen)))
    where = Signature.RAISE if raises else Signature.OUTPUT if fault.column == OUTPUT else Signature.JACOBIAN
    question = question_of(call, (call.method, ARBITER), where=where, trusted=context.trusted, tolerance=context.tolerance)
    seen = observe(question, context.workers, context.reference)
    if seen.comparison.verdict is not Verdict.ERROR or (seen.comparison.where is Signature.RAISE) is not raises:
        return None
    call = replace(call, outputs=seen.sides[0].outputs, failure=seen.sides[0].failure)
    divergence = Divergence(call, seen.comparison, (call.method,), fault.cells[0].words, calls=(0,))
    finding = finding_of(divergence, (call.method,), context)
    return proven_finding(finding, context, script)


def asked_under(fault: Fault, specimen: Specimen) -> str:
    """The method under which a fault is asked about: for wrong outputs one that shows them here, since others may refuse."""
    if fault.column != OUTPUT:
        return fault.column
    shown = (cell.column for cell in fault.cells if cell.key[:3] == specimen.key and cell.column != OUTPUT)
    return next(shown, OUTPUT)


def call_of(specimen: Specimen, method: Method) -> Call:
    """A specimen as a call of a script's QNode."""
    configuration = Configuration(
        "circuit",
        PLACE,
        method.device,
        device_wires=specimen.wires,
        device_options=method.device_options,
        interface=specimen.interface,
        requested=method.diff_method,
        resolved=method.diff_method,
        default_dtype="float64",
    )
    return Call(0, 0, PLACE, configuration, (), specimen.circuit, None)
