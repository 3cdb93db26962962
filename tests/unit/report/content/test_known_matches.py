"""Findings that are in the table of known faults: by release, cause, method, symptom, and what the circuit holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.model.call import Environment, Failure
from qdiag.model.comparison import Signature
from qdiag.model.findings import Finding, Minimal
from qdiag.model.node import Node
from qdiag.report.content.document import document as outline
from qdiag.report.content.known_faults import KnownFault, known_faults, matching
from qdiag.report.formats import github, html, markdown
from qdiag.report.outline import Document
from tests.unit.report.redacting.test_redaction import SECRETS
from tests.worlds.reports import printed
from tests.worlds.results import CASES, ENVIRONMENT
from tests.worlds.small_circuits import Z, circuit, expval, gate

SHIFTED = circuit(gate("RY", 0.3, trainable=True), measured=(expval(gate("Hermitian", np.eye(2))),))
PLAIN = circuit(gate("RY", 0.3, trainable=True), measured=(expval(Z),))


def found(ran: Any = SHIFTED, *, code: str = "QD303", where: Signature = Signature.JACOBIAN, says: str = "") -> Finding:
    """A finding of adjoint under some cause, which shows in some way."""
    finding = CASES["shifted"]().result.findings[0]
    call = replace(finding.divergence.call, circuit=ran)
    raised = tuple((method, Failure("NotImplementedError", says)) for method in finding.divergence.wrong) if says else ()
    divergence = replace(
        finding.divergence, call=call, comparison=replace(finding.divergence.comparison, where=where), raised=raised
    )
    return replace(finding, divergence=divergence, diagnosis=replace(finding.diagnosis, code=code), evaluations=(), minimal=None)


def on(version: str) -> Environment:
    return replace(ENVIRONMENT, packages=(("pennylane", version),))


def titles(finding: Finding, version: str) -> Sequence[str]:
    return [fault.title for fault in matching(finding, on(version))]


def document_of(finding: Finding, version: str) -> Document:
    case = CASES["shifted"]()
    return outline(replace(case.result, findings=(finding,)), case.script, on(version), secrets=SECRETS)


def test_a_finding_that_is_known_says_so_and_which_version_fixes_it() -> None:
    document = document_of(found(), "0.21.0")
    (known,) = document.chapters[0].known
    assert known.label == "PennyLane #2434"
    assert "fixed in 0.24" in known.text
    for text in (printed(document, 200), markdown.render(document), html.render(document), github.form(github.issue(document))):
        assert "issues/2434" in text
    record = document.record["findings"][0]
    assert record["known_issues"] == [2434]
    (told,) = record["known"]
    assert (told["title"], told["reference"]) == ("adjoint: the gradient is shifted by the matrices of Hermitian observables", "#2434")


def test_what_has_no_number_is_named_by_its_page() -> None:
    (known,) = document_of(found(), "0.45.1").chapters[0].known
    assert known.label == "cases/adjoint-observable-coeff-shifts-gradient"
    assert "still in 0.45.1" in known.text


@pytest.mark.parametrize(
    ("finding", "version"),
    [
        (found(), "0.24.0"),
        (found(), ""),
        (found(), "unknown"),
        (found(code="QD101"), "0.21.0"),
        (found(PLAIN), "0.21.0"),
        (found(where=Signature.NAN), "0.21.0"),
        (found(where=Signature.SECOND_DERIVATIVE), "0.21.0"),
    ],
    ids=["release", "no release", "unknown release", "cause", "circuit", "symptom", "derivative"],
)
def test_what_differs_in_one_thing_is_another(finding: Finding, version: str) -> None:
    assert titles(finding, version) == []


def test_the_smallest_circuit_decides_what_is_held() -> None:
    left = Minimal(1, 1, 1, 1, circuit=PLAIN)
    assert titles(replace(found(), minimal=left), "0.21.0") == []
    assert titles(replace(found(PLAIN), minimal=replace(left, circuit=SHIFTED)), "0.21.0") != []


def test_an_entry_that_names_operations_goes_before_one_that_takes_any(monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = [fault for fault in known_faults() if fault.issue == 2434]
    closer = replace(entry, title="of a rotation", operations=("RY",))
    monkeypatch.setattr("qdiag.report.content.known_faults.known_faults", lambda: (entry, closer))
    assert titles(found(), "0.21.0") == ["of a rotation"]


@pytest.mark.parametrize("kept", [0, None])
def test_what_takes_postselection_is_not_found_where_all_outcomes_are_kept(kept: int | None) -> None:
    measured = Node("MidMeasureMP", (), (("postselect", kept),), (0,))
    midway = replace(PLAIN, operations=(*PLAIN.operations, measured))
    (ratio,) = [fault for fault in known_faults() if fault.issue == 5943]
    assert replace(ratio, methods=("default.qubit/adjoint",)).is_shown_by(found(midway, code="QD307")) is (kept is not None)


def test_an_exception_must_say_what_the_entry_says() -> None:
    (entry,) = [fault for fault in known_faults() if fault.says == "broadcasted tapes"]
    entry = replace(entry, methods=("default.qubit/adjoint",))
    says = "gradients of broadcasted tapes are not implemented"
    assert entry.is_shown_by(found(PLAIN, code="QD304", where=Signature.RAISE, says=says))
    assert not entry.is_shown_by(found(PLAIN, code="QD304", where=Signature.RAISE, says="something else"))


def test_of_an_entry_without_a_cause_nothing_is_an_instance() -> None:
    (entry,) = [fault for fault in known_faults() if fault.issue == 2434]
    assert entry.is_shown_by(found())
    assert not replace(entry, codes=()).is_shown_by(found())


@pytest.mark.parametrize("fault", [fault for fault in known_faults() if fault.codes], ids=lambda fault: fault.title)
def test_each_entry_with_a_cause_says_what_else_it_takes(fault: KnownFault) -> None:
    assert fault.operations or fault.measurements or fault.says or fault.derivative == 2
