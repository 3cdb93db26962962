"""What a script has to show: the sides in order, the tolerance, the exception."""

from __future__ import annotations

from dataclasses import replace

from qdiag.model.call import Failure
from qdiag.model.comparison import Signature, Verdict
from tests.worlds.methods import methods
from tests.worlds.scripts import (
    divergence,
    written,
)


def test_the_wrong_method_stands_first():
    text = written(divergence(wrong=methods("default.qubit/backprop")))
    assert text.index('diff_method="backprop"') < text.index('diff_method="adjoint"')


def test_the_tolerance_lies_between_what_rounding_explains_and_the_gap():
    assert "gap <= 1e-08" in written(divergence(max_abs=1e-3, bound=1e-12))
    assert "gap <= 0.002" in written(divergence(), tolerance=2e-3)
    rounding = divergence(max_abs=6e-8, bound=9e-7, float64_bound=1e-15)
    rounding = replace(rounding, comparison=replace(rounding.comparison, verdict=Verdict.ROUNDING))
    assert "gap <= 1e-12" in written(rounding)


def test_an_exception_that_is_not_built_in_is_told_by_its_name():
    text = written(divergence(where=Signature.RAISE, failures=(Failure("DeviceError", "no"), None)))
    assert '    if type(error).__name__ != "DeviceError":\n        raise\n' in text


def test_the_exception_may_stand_in_the_call():
    found = divergence(where=Signature.RAISE)
    found = replace(found, call=replace(found.call, failure=Failure("ZeroDivisionError", "")))
    assert "except ZeroDivisionError as error:" in written(found)
