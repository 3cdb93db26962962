"""Circuits less some of their parts: what is left is a circuit again."""

from __future__ import annotations

import pytest

from qdiag.model.circuit import without_measurements
from tests.worlds.small_circuits import Z, circuit, expval, gate, names, probs

BOTH = (expval(Z), probs(0))


@pytest.mark.parametrize(("returns", "left"), [("tuple", "tuple"), ("list", "list"), ("dict:a,b", "tuple")])
def test_less_a_measurement_it_returns_what_it_did_except_under_names_that_no_longer_fit(returns: str, left: str) -> None:
    shorter = without_measurements(circuit(gate("RX", 0.3), measured=BOTH, returns=returns), [0])
    assert (shorter.measurements, shorter.returns) == (BOTH[1:], left)
    assert names(shorter) == ("RX",)


def test_less_no_measurement_it_keeps_its_names() -> None:
    whole = circuit(measured=BOTH, returns="dict:a,b")
    assert without_measurements(whole, []).returns == "dict:a,b"
