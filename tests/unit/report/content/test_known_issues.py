"""Issues of PennyLane that a finding may be: by version, cause, method and what the circuit holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.report.content.document import document as outline
from qdiag.report.formats import github, html, markdown
from qdiag.report.outline import Document
from tests.unit.report.redacting.test_redaction import SECRETS
from tests.worlds.reports import printed
from tests.worlds.results import CASES, ENVIRONMENT
from tests.worlds.small_circuits import circuit, expval, gate


def hermitian(version: str, code: str = "QD303") -> Document:
    """A finding that looks like PennyLane's issue 2434, on some version."""
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    ran = circuit(gate("RY", 0.3, trainable=True), measured=(expval(gate("Hermitian", np.eye(2))),))
    call = replace(finding.divergence.call, circuit=ran)
    changed = replace(
        finding, divergence=replace(finding.divergence, call=call), diagnosis=replace(finding.diagnosis, code=code), evaluations=()
    )
    environment = replace(ENVIRONMENT, packages=(("pennylane", version),))
    result = replace(case.result, findings=(changed,))
    return outline(result, case.script, environment, secrets=SECRETS)


def test_a_finding_that_upstream_knows_says_so_and_which_version_fixes_it() -> None:
    document = hermitian("0.21.0")
    (known,) = document.chapters[0].known
    assert known.label == "PennyLane #2434"
    assert "fixed in 0.24" in known.text
    for text in (printed(document, 200), markdown.render(document), html.render(document), github.form(github.issue(document))):
        assert "issues/2434" in text
    assert document.record["findings"][0]["known_issues"] == [2434]


@pytest.mark.parametrize(("version", "code"), [("0.45.1", "QD303"), ("0.21.0", "QD101"), ("", "QD303"), ("unknown", "QD303")])
def test_another_version_or_another_cause_is_not_that_issue(version: str, code: str) -> None:
    assert hermitian(version, code).chapters[0].known == ()
