"""The gap over the calls, and the difference of two Jacobians."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.worlds.results import CASES


def test_an_empty_output_has_no_heat_map() -> None:
    case = CASES["moons"]()
    finding = case.result.findings[0]
    empty = tuple(replace(e, outputs=(np.zeros(0),), jacobian=((np.zeros((0, 2)), np.zeros(0)),)) for e in finding.evaluations)
    broken = replace(case, result=replace(case.result, findings=(replace(finding, evaluations=empty),)))
    assert case.document().chapters[0].heat is not None
    assert broken.document().chapters[0].heat is None
