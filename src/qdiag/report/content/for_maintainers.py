"""A finding in the words of an issue: what maintainers can read who have neither the user's script nor qdiag's list of causes."""

from __future__ import annotations

from collections.abc import Sequence

from qdiag.model import operator_families as families
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import DERIVATIVES, Signature, Verdict
from qdiag.model.element import owner_of
from qdiag.model.findings import Confidence, Diagnosis, Divergence, Finding
from qdiag.model.method import ARBITER, Method
from qdiag.model.node import nodes_of
from qdiag.report.content.figures import gap, listing
from qdiag.report.content.method_names import Names, full

MOST_METHODS = 3
"""Wrong methods that a title names one by one."""

MOST_WARNINGS = 3


def title_for_an_issue(finding: Finding, claim: str) -> str:
    """What is wrong in a line: method and device, what of which operation, by how much, and why.

    Parameters
    ----------
    finding
        The finding.
    claim
        The finding in a sentence, for what has no title of its own.
    """
    divergence = finding.divergence
    comparison, failure = divergence.comparison, divergence.call.failure
    what, circuit = "", divergence.call.circuit
    if finding.minimal is not None and finding.minimal.circuit is not None:
        circuit = finding.minimal.circuit
    if divergence.verdict is not Verdict.ERROR or divergence.outside or divergence.of_metric or divergence.rewritten:
        return claim.rstrip(".")
    if divergence.signature in (*DERIVATIVES, Signature.SECOND_DERIVATIVE):
        noun = "second derivative" if divergence.signature is Signature.SECOND_DERIVATIVE else "gradient"
        what = f"{noun} with respect to {_thing(divergence)} is off by {gap(comparison.max_abs)}"
    elif divergence.signature is Signature.OUTPUT:
        what = f"output of a circuit with {_operations(circuit)} is off by {gap(comparison.max_abs)}"
    elif divergence.signature is Signature.NAN:
        what = f"NaN in a circuit with {_operations(circuit)}"
    elif divergence.signature is Signature.RAISE and failure is not None:
        what = f"{failure.type} in a circuit with {_operations(circuit)}"
    if not what:
        return claim.rstrip(".")
    return f"{_who(divergence)}: {what}{_why(finding.diagnosis)}"


def ruled_out_words(diagnosis: Diagnosis) -> str:
    """The causes that experiments contradict, by their titles."""
    titles = diagnosis.rivals if len(diagnosis.rivals) == len(diagnosis.ruled_out) else ("",) * len(diagnosis.ruled_out)
    return ", ".join(f"{title} [{code}]" if title else code for code, title in zip(diagnosis.ruled_out, titles))


def frameworks_warnings(finding: Finding) -> tuple[str, ...]:
    """What PennyLane or torch itself warns of where a method is wrong: maintainers know what they warn of."""
    divergence = finding.divergence
    wrong = {method.bare for method in divergence.wrong}
    said = [text for one in finding.evaluations if one.method.bare in wrong for text in one.warnings]
    if divergence.call.method.bare in wrong:
        said = [*divergence.call.warnings, *said]
    distinct = dict.fromkeys(" ".join(_without_category(text).split()) for text in said)
    return tuple(distinct)[:MOST_WARNINGS]


def _without_category(text: str) -> str:
    """A warning's own words: those of a call begin with its class."""
    category, colon, rest = text.partition(": ")
    return rest if colon and category.isidentifier() and category.endswith("Warning") else text


def _who(divergence: Divergence) -> str:
    methods = [method for method in divergence.wrong or divergence.comparison.methods if method != ARBITER]
    devices = dict.fromkeys(method.device for method in methods)
    if len(methods) > MOST_METHODS:
        return f"{len(methods)} methods on {listing(list(devices))}"
    if len(devices) == 1:
        return f"{listing(Names(methods[0].device, methods[0].device_precision).all(methods))} on {_device(methods[0])}"
    return listing([full(method) for method in methods])


def _device(method: Method) -> str:
    return Names(method.device, method.device_precision).place


def _why(diagnosis: Diagnosis) -> str:
    return "" if diagnosis.confidence is Confidence.UNKNOWN else f" ({diagnosis.title})"


def _thing(divergence: Divergence) -> str:
    """The operation, or the part of an observable, whose parameter it is."""
    circuit, element = divergence.call.circuit, divergence.comparison.element
    owner = None if element is None else owner_of(circuit, element.by)
    if owner is None:
        return "a parameter"
    if owner not in circuit.measurements:
        return owner.name
    observables = [node.name for node in nodes_of(owner) if node is not owner]
    weighted = any(name in families.SUMS or name in families.SCALED for name in observables)
    return "an observable's coefficients" if weighted else f"the observable {observables[0]}" if observables else owner.name


def _operations(circuit: Circuit) -> str:
    """The operations of a circuit, each once."""
    names: Sequence[str] = list(dict.fromkeys(node.name for node in circuit.operations)) or ["no operation"]
    return listing(names) if len(names) <= MOST_METHODS else f"{', '.join(names[:MOST_METHODS])}, …"
