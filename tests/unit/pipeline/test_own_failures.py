"""A fault of our own code costs one finding its cause or its reproducer, never the report."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qdiag.errors import OutputError
from qdiag.evaluation.limits import Deadline
from qdiag.pipeline import stage_diagnose, stage_findings, stage_prove
from tests.worlds import results

NOBODY: Any = SimpleNamespace(deadline=Deadline())
"""A context that nothing asks."""


def fails(error: Exception):
    def work(*_):
        raise error

    return work


@pytest.fixture
def finding():
    return results.moons().result.findings[0]


def test_a_divergence_that_cannot_be_diagnosed_is_a_finding_of_unknown_cause(monkeypatch, finding):
    monkeypatch.setattr(stage_diagnose, "diagnose_divergence", fails(ValueError("two axes")))
    found = stage_findings.finding_of(finding.divergence, (), NOBODY)
    assert (found.divergence, found.diagnosis.code) == (finding.divergence, "QD901")
    assert "qdiag itself failed on this finding (ValueError: two axes)" in found.diagnosis.because


def test_a_finding_that_cannot_be_reproduced_stands(monkeypatch, finding):
    monkeypatch.setattr(stage_prove, "prove_finding", fails(ValueError("two axes")))
    found = stage_findings.proven_finding(finding, NOBODY, Path("repro.py"))
    assert found.diagnosis.code == finding.diagnosis.code
    assert "ValueError: two axes" in found.diagnosis.because


def test_what_the_user_can_mend_is_said(monkeypatch, finding):
    monkeypatch.setattr(stage_prove, "prove_finding", fails(OutputError("the disk is full", "free some space")))
    with pytest.raises(OutputError):
        stage_findings.proven_finding(finding, NOBODY, Path("repro.py"))


# --- no time left ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def late() -> Any:
    """A context whose time is over, and which nothing may ask."""
    deadline = Deadline(0.0)
    deadline.begin()
    return SimpleNamespace(deadline=deadline)


def test_after_the_deadline_no_cause_is_looked_for_and_that_is_said(monkeypatch, finding, late):
    monkeypatch.setattr(stage_diagnose, "diagnose_divergence", fails(AssertionError("asked")))
    found = stage_findings.finding_of(finding.divergence, (), late)
    assert (found.diagnosis.code, found.diagnosis.confidence.value) == ("QD901", "unknown")
    assert "budget" in found.diagnosis.because
    assert "failed" not in found.diagnosis.because


def test_a_cause_that_was_found_while_answers_ran_out_does_not_count(monkeypatch, finding):
    context: Any = SimpleNamespace(deadline=Deadline(0.0))

    def diagnose(*_):
        context.deadline.begin()
        return finding

    monkeypatch.setattr(stage_diagnose, "diagnose_divergence", diagnose)
    assert stage_findings.finding_of(finding.divergence, (), context).diagnosis.code == "QD901"


def test_after_the_deadline_a_finding_keeps_its_cause_and_has_no_script(monkeypatch, finding, late):
    monkeypatch.setattr(stage_prove, "prove_finding", fails(AssertionError("asked")))
    found = stage_findings.proven_finding(finding, late, Path("repro.py"))
    assert found.diagnosis == finding.diagnosis
    assert "budget" in found.unreproduced
