"""What a script has to show: the sides in order, the tolerance, the exception."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence
from qdiag.model.method import ARBITER
from qdiag.model.variants import with_trainable
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.task import Task
from tests.worlds.methods import methods
from tests.worlds.scripts import EXPVAL, PAIR, STATE, TWO, FakeLanguage, configured, divergence, rotation, written


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


def task(found: Divergence | None = None, **material: Any) -> Task:
    return Task(found or divergence(), Material(language=FakeLanguage(), **material))


# --- precision -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "recorded", "names", "default"),
    [
        ("float32", "float32", ("adjoint", "backprop"), "float32"),
        ("float32", "float64", ("adjoint", "backprop"), "float64"),
        ("float64", "float32", ("adjoint", "backprop"), "float64"),
        ("float32", "float32", ("adjoint", "backprop@float64"), "float64"),
    ],
)
def test_jax_has_64_bits_where_a_number_of_either_side_has(dtype: str, recorded: str, names: tuple[str, str], default: str) -> None:
    circuit = Circuit((rotation(0.25, container="jax", dtype=dtype),), (EXPVAL,))
    found = divergence(circuit, names=methods(*(f"default.qubit/{name}" for name in names)))
    made = task(configured(found, interface="jax", default_dtype=recorded))
    assert (made.interface, made.default_dtype) == ("jax", default)


# --- sides -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "wrong", "first"),
    [
        (("adjoint", "backprop"), (), "adjoint"),
        (("adjoint", "backprop"), ("adjoint",), "adjoint"),
        (("adjoint", "backprop"), ("backprop",), "backprop"),
        (("adjoint", "backprop"), ("adjoint", "backprop"), "adjoint"),
        (("arbiter", "backprop"), (), "backprop"),
        (("adjoint", "arbiter"), ("adjoint",), "adjoint"),
        (("none", "adjoint"), (), "adjoint"),
    ],
)
def test_what_is_wrong_stands_first_and_the_reference_last(names: tuple[str, str], wrong: tuple[str, ...], first: str) -> None:
    pair = methods(*(name if name == "arbiter" else f"default.qubit/{name}" for name in names))
    culprits = tuple(method for method in pair if method.diff_method in wrong)
    sides = task(divergence(names=pair, wrong=culprits)).sides
    assert sides[0].diff_method == first
    assert {side.diff_method for side in sides} == {method.diff_method for method in pair}
    assert {side.device for side in sides} == {"default.qubit"}, "the reference's differences are taken on the call's own device"


def test_what_raises_stands_first() -> None:
    found = replace(divergence(where=Signature.RAISE), raised=((PAIR[1], Failure("KeyError", "a")),))
    assert task(found).sides == (PAIR[1], PAIR[0])
    assert task(found).exception == "KeyError"


def test_a_method_without_a_device_runs_on_the_calls() -> None:
    bare = replace(PAIR[0], device="")
    assert task(divergence(names=(bare, PAIR[1]))).sides == PAIR


# --- the quantity ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "element", "quantity"),
    [
        ("output", None, "output"),
        ("shape", None, "output"),
        ("dtype", None, "output"),
        ("jacobian", None, "jacobian"),
        ("nan", Element(Kind.OUTPUT), "output"),
        ("nan", Element(Kind.JACOBIAN), "jacobian"),
        ("raise", None, "jacobian"),
        ("second-derivative", None, "hessian"),
    ],
)
def test_what_is_worked_out_follows_from_where_the_difference_is(where: str, element: Element | None, quantity: str) -> None:
    assert task(divergence(where=Signature(where), element=element)).quantity == quantity


def test_without_tracked_numbers_there_are_outputs_only() -> None:
    assert task(divergence(with_trainable(TWO, ()))).quantity == "output"


@pytest.mark.parametrize(("container", "interface"), [("torch", "torch"), ("autograd", "autograd"), ("numpy", "numpy")])
def test_the_interface_is_that_of_the_tracked_numbers(container: str, interface: str) -> None:
    assert task(divergence(Circuit((rotation(0.25, container=container),), (EXPVAL,)))).interface == interface


def test_a_result_is_complex_where_one_was_seen_to_be_and_is_no_state() -> None:
    found = divergence(where=Signature.OUTPUT)
    seen = replace(found, call=replace(found.call, outputs=(np.array(0.5j),)))
    assert task(seen).complex_results
    assert not task(found).complex_results
    assert not task(seen, circuit=replace(TWO, measurements=(STATE,))).complex_results
    assert task(found, reference=Evaluation(ARBITER, (np.array(1j),))).complex_results


# --- the tolerance ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gap", [1e-1, 1e-4, 1e-7, 1e-10])
@pytest.mark.parametrize("bound", [1e-15, 1e-12])
def test_the_tolerance_tells_the_gap_from_what_rounding_explains(gap: float, bound: float) -> None:
    tolerated = task(divergence(max_abs=gap, bound=bound)).tolerance
    assert bound <= tolerated < gap
    assert np.log10(tolerated) == pytest.approx(round(np.log10(tolerated)))


@pytest.mark.parametrize(("gap", "bound"), [(3e-7, 2e-7), (9.9e-8, 9.5e-8), (2.5e-6, 1.1e-6), (0.012, 0.0101)])
def test_where_no_power_of_ten_lies_between_them_rounding_is_forgiven_all_the_same(gap: float, bound: float) -> None:
    assert bound <= task(divergence(max_abs=gap, bound=bound)).tolerance < gap


def test_a_gap_that_is_no_number_is_told_from_a_billionth() -> None:
    assert task(divergence(max_abs=float("nan"), bound=1e-15)).tolerance == 1e-9
    assert task(divergence(max_abs=float("inf"), bound=3e-6)).tolerance == 1e-5


# --- words -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("output", "The outputs of default.qubit/adjoint and default.qubit/backprop differ."),
        ("second-derivative", "The second derivatives of default.qubit/adjoint and default.qubit/backprop differ."),
        ("shape", "The outputs of default.qubit/adjoint and default.qubit/backprop differ in shape."),
        ("raise", "default.qubit/adjoint raises Exception on this circuit."),
    ],
)
def test_the_header_says_what_differs(where: str, words: str) -> None:
    assert task(divergence(where=Signature(where))).header[0] == words


def test_a_reference_is_named_as_such() -> None:
    found = task(divergence(names=(PAIR[0], ARBITER)))
    assert found.header[0].startswith("The gradients of default.qubit/adjoint and a numerical reference differ.")
    assert [found.label(side) for side in found.sides] == ["adjoint", "reference"]


def test_a_label_names_the_device_only_where_that_is_what_differs() -> None:
    both = task(divergence(names=(PAIR[0], methods("lightning.qubit/adjoint")[0])))
    assert [both.label(side) for side in both.sides] == ["default.qubit/adjoint", "lightning.qubit/adjoint"]
    assert [task().label(side) for side in task().sides] == ["adjoint", "backprop"]


def test_a_label_cannot_become_code() -> None:
    evil = replace(PAIR[0], device='x"); import os; ("')
    label = task(divergence(names=(evil, PAIR[1]))).label(evil)
    assert not set(label) & set('"\';(){}')
