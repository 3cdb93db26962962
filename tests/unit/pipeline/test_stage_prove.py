"""A finding proven: what Ctrl-C leaves of it, and of which there is nothing to prove."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from qdiag.model.call import Environment
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Finding, Minimal
from qdiag.pipeline import stage_prove
from qdiag.pipeline.stage_context import INTERRUPTED, StageContext
from tests.worlds import results


@pytest.fixture
def finding(monkeypatch: pytest.MonkeyPatch) -> Finding:
    """One whose search for a smaller circuit is interrupted."""
    finding = results.shifted().result.findings[0]
    found = SimpleNamespace(circuit=finding.divergence.call.circuit, stopped=INTERRUPTED, one_minimal=False, calls=7, seconds=1.0)
    monkeypatch.setattr(stage_prove, "SameDifference", lambda *given, **options: SimpleNamespace(agrees=None))
    monkeypatch.setattr(stage_prove, "minimize", lambda *given, **options: found)
    return finding


def minimal(finding: Finding, context: StageContext) -> Minimal:
    found = stage_prove.minimal_of(finding.divergence, context.question(finding.divergence), finding.diagnosis, context)
    assert found is not None
    return found


BENCH = StageContext(SimpleNamespace(count=1), Environment())  # type: ignore[arg-type]


def test_a_run_that_is_kept_goes_on_with_the_smallest_circuit_so_far(finding: Finding) -> None:
    context = replace(BENCH, stopped=[])
    assert minimal(finding, context).circuit is finding.divergence.call.circuit
    assert context.stopped == [INTERRUPTED]


def test_rounding_of_which_nobody_knows_why_makes_no_script(finding: Finding, tmp_path: Path) -> None:
    comparison = replace(finding.divergence.comparison, verdict=Verdict.ROUNDING)
    rounding = replace(finding, divergence=replace(finding.divergence, comparison=comparison))
    unknown = replace(rounding, diagnosis=replace(finding.diagnosis, code="QD901"))
    assert stage_prove.prove_finding(unknown, BENCH, tmp_path / "repro.py").unreproduced == stage_prove.ONLY_ROUNDING
    assert list(tmp_path.iterdir()) == []


def test_a_check_of_which_nothing_is_kept_ends_at_once(finding: Finding) -> None:
    with pytest.raises(KeyboardInterrupt):
        minimal(finding, replace(BENCH, kept=False))
