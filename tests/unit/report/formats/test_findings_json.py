"""findings.json: strict JSON, with every field of the schema, and a word beside what is no number."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.comparison import Comparison, Verdict
from qdiag.report.content import findings_record
from qdiag.report.formats import findings_json
from tests.worlds.methods import ADJOINT, BACKPROP
from tests.worlds.results import CASES, ENVIRONMENT


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


# --- any number --------------------------------------------------------------------------------------------------------

ANY = st.one_of(st.none(), st.floats(), st.complex_numbers())
REAL = st.floats()


def refuse(constant: str) -> None:
    raise AssertionError(constant)


@given(st.tuples(ANY, ANY), REAL, REAL, REAL, REAL)
def test_whatever_was_measured_is_strict_json(values: Any, max_abs: float, ulps: float, bound: float, needed: float) -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    odd = Comparison(
        (ADJOINT, BACKPROP), Verdict.ERROR, values=values, max_abs=max_abs, ulps=ulps, bound=bound, tolerance_needed=needed
    )
    changed = replace(finding, divergence=replace(finding.divergence, comparison=odd, worst=odd))
    record = findings_record.record(replace(case.result, findings=(changed,)), case.script, ENVIRONMENT)
    found = json.loads(json.dumps(record, allow_nan=False), parse_constant=refuse)["findings"][0]
    for name, number in (("max_abs", max_abs), ("ulps", ulps), ("rounding_bound", bound), ("tolerance_needed", needed)):
        for held in (found, found["worst"]):
            if math.isfinite(number):
                assert held[name] == number
                assert f"{name}_word" not in held
            else:
                assert (held[name], held[f"{name}_word"]) == (None, "nan" if math.isnan(number) else "inf" if number > 0 else "-inf")


@pytest.mark.parametrize(
    ("number", "stored"),
    [
        (None, None),
        (0.5, 0.5),
        (1 + 2j, [1.0, 2.0]),
        (complex(3, 0), 3.0),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (complex(1, math.nan), [1.0, "nan"]),
        (np.complex64(1 - 1j), [1.0, -1.0]),
        (np.float32(0.5), 0.5),
    ],
)
def test_how_a_value_is_stored(number: Optional[complex], stored: Any) -> None:
    assert findings_record._value(number) == stored


@pytest.mark.parametrize("name", CASES)
def test_one_line_says_the_same(name: str) -> None:
    document = CASES[name]().document()
    line = findings_json.line(document)
    assert "\n" not in line
    assert json.loads(line) == json.loads(findings_json.render(document))


@pytest.mark.parametrize("name", CASES)
def test_fields_have_the_types_of_the_contract(name: str) -> None:
    record = json.loads(findings_json.render(CASES[name]().document()))
    assert record["verdict"] in {verdict.value for verdict in Verdict}
    assert all(type(record[field]) is int for field in ("schema", "calls", "steps", "replayed"))
    for found in record["findings"]:
        assert type(found["call"]) is int
        assert len(found["methods"]) == (1 if found["verdict"] == "remark" and not found["values"] else 2)
        assert set(found["cause"]["ruled_out"]) <= {code for code in found["cause"]["ruled_out"] if code.startswith("QD")}
        assert found["cause"]["confidence"] in ("confirmed", "likely", "unknown")


def test_methods_are_named_with_their_device() -> None:
    record = json.loads(findings_json.render(CASES["moons"]().document()))
    assert all("/" in method for method in (*record["methods"], *record["sampled"], *record["refused"]))


def test_what_pennylane_is_not_installed_with_is_null() -> None:
    record = findings_record.record(CASES["healthy"]().result, CASES["healthy"]().script, replace(ENVIRONMENT, packages=()))
    assert (record["environment"]["pennylane"], record["environment"]["torch"], record["environment"]["packages"]) == (None, None, {})


def test_errors_come_first() -> None:
    document = CASES["shifted"]().document()
    order = [found["verdict"] for found in document.record["findings"]]
    assert order == sorted(order, key=lambda verdict: verdict != "error")
