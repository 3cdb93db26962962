"""Every case finds the right call, the right pair, the wrong method and the right cause; healthy ones have no error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qdiag.evaluation.workers import Workers
from tests.e2e.case_runs import Case, cases, run

pytestmark = [pytest.mark.slow, pytest.mark.stack]

pennylane = pytest.importorskip("pennylane")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers() as pool:
        yield pool


@pytest.mark.parametrize("case", cases(pennylane.__version__), ids=lambda case: case.name)
def test_a_case_is_found_out(case: Case, workers: Workers, tmp_path: Path) -> None:
    row = run(case, workers, tmp_path)
    assert row.failures == ()
    for finding in row.outcome.result.findings:
        assert finding.reproducer is None or finding.reproducer.verified
