"""What a run was asked, as plain values that any reader of JSON takes."""

from __future__ import annotations

import json
import math

from qdiag.model.asked import Asked
from qdiag.model.comparison import Tolerance
from qdiag.model.method import parse
from qdiag.report.content.asked_record import asked_record


def test_nothing_asked_is_said_as_such() -> None:
    assert asked_record(Asked()) == {"methods": [], "atol": None, "rtol": None}


def test_what_was_asked_is_said_in_the_words_of_the_command_line() -> None:
    asked = Asked((parse("backprop"), parse("lightning.qubit/adjoint")), Tolerance(1e-6, 0.5), "complex64")
    assert asked_record(asked) == {
        "methods": ["backprop", "lightning.qubit/adjoint"],
        "atol": 1e-6,
        "rtol": 0.5,
        "assume_precision": "complex64",
    }


def test_a_tolerance_that_is_no_number_has_a_word_beside_it() -> None:
    record = asked_record(Asked(tolerance=Tolerance(math.inf, None)))
    assert (record["atol"], record["atol_word"]) == (None, "inf")
    assert json.loads(json.dumps(record, allow_nan=False)) == record
