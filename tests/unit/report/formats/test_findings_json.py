"""findings.json: strict JSON, with every field of the schema, and a word beside what is no number."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from qdiag.report.formats import findings_json
from tests.worlds.results import CASES


def test_findings_are_strict_json_with_a_word_beside_what_is_no_number() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    endless = replace(finding.divergence.comparison, max_abs=math.inf, max_rel=math.nan, values=(math.nan, 1 + 2j))
    changed = replace(finding, divergence=replace(finding.divergence, comparison=endless))
    text = findings_json.render(replace(case, result=replace(case.result, findings=(changed,))).document())

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = json.loads(text, parse_constant=refuse)["findings"][0]
    assert (found["max_abs"], found["max_abs_word"]) == (None, "inf")
    assert (found["max_rel"], found["max_rel_word"]) == (None, "nan")
    assert found["values"] == ["nan", [1.0, 2.0]]


SCHEMA = {
    "": "schema qdiag environment script calls steps replayed methods verdict findings",
    "environment": "python pennylane torch numpy devices",
    "script": "path argv exit_code",
    "findings": "verdict call step qnode source where methods wrong raised max_abs max_rel ulps tolerance_needed rounding_bound cause "
    "minimal reproducer",
}


CAUSE = "code slug confidence evidence ruled_out remedy"


MINIMAL = "operations wires parameters measurements oracle_calls one_minimal"


def test_findings_have_every_field_of_schema_1() -> None:
    record = CASES["moons"]().document().record
    finding = record["findings"][0]
    assert record["schema"] == 1
    assert set(SCHEMA[""].split()) <= set(record)
    assert set(SCHEMA["environment"].split()) <= set(record["environment"])
    assert set(SCHEMA["script"].split()) <= set(record["script"])
    assert set(SCHEMA["findings"].split()) <= set(finding)
    assert set(CAUSE.split()) <= set(finding["cause"])
    assert {"experiment", "before", "after", "predicts", "holds"} <= set(finding["cause"]["evidence"][0])
    assert set(MINIMAL.split()) <= set(finding["minimal"])
    assert {"path", "lines", "verified"} <= set(finding["reproducer"])
