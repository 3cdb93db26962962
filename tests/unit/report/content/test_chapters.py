"""One finding as a chapter: what first, what worst, why, how it was shown, what to do."""

from __future__ import annotations

from dataclasses import replace

from qdiag.model.probe import Probe
from tests.worlds.results import CASES
from tests.worlds.small_circuits import circuit, expval, gate


def test_what_a_probe_saw_and_what_the_script_asks_for_are_no_bugs() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    assert case.document().chapters[0].no_bug == ""
    probed = replace(finding, divergence=replace(finding.divergence, probe=Probe(0)))
    caused = replace(finding, diagnosis=replace(finding.diagnosis, fileable=False))
    for changed in (probed, caused):
        other = replace(case, result=replace(case.result, findings=(changed,)))
        assert "the script" in other.document().chapters[0].no_bug


def test_numbers_are_counted_not_arrays() -> None:
    flow = CASES["moons"]().document().chapters[0].flow
    assert [station.detail for station in flow if station.place == "circuit parameters"] == ["4 numbers"]
    case = CASES["moons"]()
    finding = case.result.findings[0]
    batch = circuit(gate("RX", [0.1, 0.2, 0.3], trainable=True), measured=(expval(gate("PauliZ")),))
    divergence = replace(finding.divergence, call=replace(finding.divergence.call, circuit=batch))
    result = replace(case.result, findings=(replace(finding, divergence=divergence),))
    flow = replace(case, result=result).document().chapters[0].flow
    assert [station.detail for station in flow if station.place == "circuit parameters"] == ["3 numbers"]
