"""The finding of a divergence: with its cause and its script, or with why it has none.

A fault of our own, a search that took too long or a budget that is spent costs one finding what it lacks, and never the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from qdiag.diagnosis.around_the_call import ALONE
from qdiag.diagnosis.causes.rules import DROPPED, WRONG_RULE
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence, Divergence, Finding
from qdiag.model.method import Method
from qdiag.model.node import Node, nodes_of
from qdiag.pipeline import stage_diagnose, stage_prove
from qdiag.pipeline.stage_context import StageContext, or_what_is_left

QUICK = "its cause was not looked for: the first answer was asked for, and no more"

NOT_YET = "its cause is looked for now"

STOPPED = "judging was interrupted before its cause was looked for"

SPENT = "the budget was spent before"

ASPECTS = "matrix, eigenvalues, diagonalizing gates, decomposition, generator, frequencies"
"""What PennyLane takes one for another, and a class of the user's may tell of two different operations."""

OWN_RULES = (WRONG_RULE.code, DROPPED.code)
"""The causes of which what a class tells of its derivative is the whole reason."""

OF_A_RULE = "grad_method, parameter_frequencies, grad_recipe, generator, decomposition"
"""What a class tells of its derivative."""


def undiagnosed(divergence: Divergence, because: str, remedy: str = "look for its cause with qdiag diagnose") -> Finding:
    """The finding of a divergence whose cause is not known, and why; what raised once and not again is no error until one is known."""
    if divergence.unrepeated:
        return stage_diagnose.nobodys(divergence, f"{ALONE}; {because}", remedy)
    return Finding(divergence, UNKNOWN.diagnosis(Confidence.UNKNOWN, because, remedy=remedy))


def unasked_finding(divergence: Divergence) -> Finding:
    """The finding of a divergence whose cause nobody looked for, since judging was interrupted."""
    return undiagnosed(divergence, STOPPED, "go on with qdiag diagnose")


def finding_of(divergence: Divergence, methods: Sequence[Method], context: StageContext) -> Finding:
    """The finding of a divergence; of unknown cause where diagnosing fails, or there is no time for it."""

    def unknown(failed: str) -> Finding:
        if context.deadline.passed:
            return undiagnosed(divergence, f"{SPENT} its cause was found")
        return undiagnosed(divergence, failed, "report it with the trace, if it may be shown, as an issue of qdiag")

    if context.deadline.passed:
        return unknown("")
    found = or_what_is_left(lambda: stage_diagnose.diagnose_divergence(divergence, methods, context), unknown, "this finding")
    # what was not answered in time neither confirms a cause nor rules one out
    return undiagnosed(found.divergence, f"{SPENT} its cause was found") if context.deadline.passed else with_promise(found, context)


def with_promise(finding: Finding, context: StageContext) -> Finding:
    """The finding with what was promised of the result that is wrong in it; as it stands where no method is, or it is not known."""
    divergence, call = finding.divergence, finding.divergence.call
    if divergence.verdict is not Verdict.ERROR or not divergence.wrong or divergence.outside or not finding.diagnosis.fileable:
        return finding
    said = tuple(dict.fromkeys((*call.warnings, *(text for one in finding.evaluations for text in one.warnings))))
    wires = tuple(label for label in call.configuration.device_wires if isinstance(label, (int, str)))
    asked = (call.circuit, "", divergence.wrong[0], said, wires, context.trusted)
    return replace(finding, promise=answer_of(context.workers.call(remote.promise, *asked), None, "what was promised"))


def proven_finding(finding: Finding, context: StageContext, path: Path) -> Finding:
    """The finding with its minimal circuit and its reproducer; as it stands where that fails, or there is no time for it."""

    def unproven_finding(failed: str) -> Finding:
        if context.deadline.passed:
            return replace(finding, unreproduced=f"{SPENT} a script was found that shows it")
        because = "; ".join(filter(None, (finding.diagnosis.because, failed)))
        return replace(finding, diagnosis=replace(finding.diagnosis, because=because))

    if context.deadline.passed:
        return unproven_finding("")
    proven = or_what_is_left(lambda: stage_prove.prove_finding(finding, context, path), unproven_finding, "this finding")
    return with_own_device(with_own_operations(proven))


def with_own_device(finding: Finding) -> Finding:
    """An error of nothing but a derivative that a device of its own class works out: for the author of the class to mend."""
    divergence = finding.divergence
    if divergence.verdict is not Verdict.ERROR or not divergence.wrong or not all(map(_is_of_its_own, divergence.wrong)):
        return finding
    device = divergence.wrong[0].device
    remedy = f"correct the derivatives that {device} works out by itself; until then another diff_method"
    return replace(finding, diagnosis=replace(finding.diagnosis, remedy=remedy, fileable=False), promise=None)


def _is_of_its_own(method: Method) -> bool:
    """Whether a class works out derivatives in a way of its own: what is called adjoint it may have inherited."""
    return method.is_of_a_class and method.diff_method == "device"


def with_own_operations(finding: Finding) -> Finding:
    """An error in what the script itself defines: a rule of its own is for the script to mend, and the rest is looked at first.

    The rest is an error without a cause, of which nothing is left without such an operation.
    """
    if finding.divergence.verdict is not Verdict.ERROR:
        return finding
    if finding.diagnosis.code in OWN_RULES:
        return _with_a_rule_of_its_own(finding)
    return _with_own_operations_left(finding) if finding.diagnosis.code == UNKNOWN.code else finding


def _with_a_rule_of_its_own(finding: Finding) -> Finding:
    """What a method takes from the class of an operation is no fault of the method; around it, as in an adjoint, it may be.

    So an operation that holds one of the script's is looked at first, as where nothing is known.
    """
    circuit, part = finding.divergence.call.circuit, finding.diagnosis.part
    names = _defined_in(node for top in circuit.nodes for node in nodes_of(top) if node.name == part)
    if part in names:
        remedy = f"correct what {part} says of itself until it goes with its matrix ({OF_A_RULE}); or another diff_method"
        return replace(finding, diagnosis=replace(finding.diagnosis, remedy=remedy, fileable=False), promise=None)
    return replace(finding, diagnosis=replace(finding.diagnosis, remedy=_looked_at_first(names, OF_A_RULE))) if names else finding


def _with_own_operations_left(finding: Finding) -> Finding:
    minimal = finding.minimal
    if minimal is None or minimal.circuit is None or not minimal.one_minimal:
        return finding
    names = _defined_in(minimal.circuit.nodes)
    if not names:
        return finding
    listed = " and ".join(names)
    because = f"nothing smaller shows it than a circuit with {listed}, which the script defines; {finding.diagnosis.because}"
    return replace(finding, diagnosis=replace(finding.diagnosis, because=because, remedy=_looked_at_first(names, ASPECTS)))


def _looked_at_first(names: Sequence[str], aspects: str) -> str:
    return f"see first that what {' and '.join(names)} says of itself goes together ({aspects}); then report it: qdiag report --github"


def _defined_in(tops: Iterable[Node]) -> tuple[str, ...]:
    """Operations and observables in these whose classes the script defines; one of an installed package is an import alone."""
    nodes = (node for top in tops for node in nodes_of(top) if node.definition)
    own = (node.name for node in nodes if re.search(rf"^class {re.escape(node.name)}\b", node.definition, re.M))
    return tuple(dict.fromkeys(own))


def in_folder(finding: Finding, folder: Path) -> Finding:
    """The finding with its script where it will be when all is known."""
    reproducer = finding.reproducer
    if reproducer is None or not reproducer.path:
        return finding
    return replace(finding, reproducer=replace(reproducer, path=str(folder / Path(reproducer.path).name)))
