"""How a method is written and read: the two are inverse, and what cannot be read says how it is written."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.errors import ExitCode, MethodError, UsageError
from qdiag.model.method import ARBITER, DIFF_METHODS, PER_PARAMETER, PLAIN, STOCHASTIC, Method, parse, parse_list

DEVICES = st.from_regex(r"[a-z_0-9]{1,8}(\.[a-z_0-9]{1,8})?(-[a-z]{1,4})?", fullmatch=True)
PRECISIONS = st.sampled_from(["", "float32", "float64"])
WRITTEN = st.builds(Method, st.just("") | DEVICES, st.sampled_from(DIFF_METHODS), PRECISIONS, st.just("")) | st.builds(
    Method,
    DEVICES,
    st.sampled_from(DIFF_METHODS),
    PRECISIONS,
    st.sampled_from(["", "complex64", "complex128"]),
    compiled=st.sampled_from(["", "jit"]),
)


@given(WRITTEN)
def test_a_method_is_read_as_it_is_written(method: Method) -> None:
    assert parse(str(method)) == method


@given(st.text(max_size=30))
def test_whatever_is_read_is_written_back_as_it_stood(text: str) -> None:
    try:
        method = parse(text)
    except MethodError:
        return
    assert str(method) == text.strip()


@pytest.mark.parametrize(
    ("written", "method"),
    [
        ("backprop", Method("", "backprop")),
        ("  adjoint ", Method("", "adjoint")),
        ("adjoint+jit", Method("", "adjoint", compiled="jit")),
        ("default.qubit/backprop+jit@float64", Method("default.qubit", "backprop", "float64", compiled="jit")),
        ("lightning.qubit/adjoint", Method("lightning.qubit", "adjoint")),
        ("backprop@float64", Method("", "backprop", "float64")),
        ("default.qubit/parameter-shift@float32", Method("default.qubit", "parameter-shift", "float32")),
        ("lightning.qubit[complex64]/adjoint", Method("lightning.qubit", "adjoint", "", "complex64")),
        ("lightning.qubit[complex128]/adjoint@float64", Method("lightning.qubit", "adjoint", "float64", "complex128")),
        ("my_device-2/device", Method("my_device-2", "device")),
        ("backprop@cuda", Method("", "backprop", placement="cuda")),
        ("lightning.gpu/adjoint@float64@cuda", Method("lightning.gpu", "adjoint", "float64", placement="cuda")),
        ("none", Method("", "none")),
    ],
)
def test_each_part_has_its_place(written: str, method: Method) -> None:
    assert parse(written) == method


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/",
        "/adjoint",
        "default.qubit/",
        "default.qubit adjoint",
        "backprop@float16",
        "backprop@",
        "backprop@cuda@float64",
        "backprop@tpu",
        "lightning.qubit[complex32]/adjoint",
        "[complex64]/adjoint",
        "a/b/adjoint",
        "Backprop",
        "backprop\nadjoint",
        "backprop,adjoint",
    ],
)
def test_what_cannot_be_read_is_a_usage_error_that_shows_how_it_is_written(written: str) -> None:
    with pytest.raises(MethodError, match="cannot read the method") as caught:
        parse(written)
    assert "[device/]diff_method[+jit][@precision]" in caught.value.cure
    assert isinstance(caught.value, UsageError)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("written", ["backpropagation", "default.qubit/shift", "arbiter", "plain"])
def test_a_differentiation_method_that_is_not_pennylanes_is_refused_with_those_that_are(written: str) -> None:
    with pytest.raises(MethodError, match="unknown differentiation method") as caught:
        parse(written)
    assert all(name in caught.value.cure for name in DIFF_METHODS)


def test_a_list_holds_each_method_once_in_the_order_written() -> None:
    assert parse_list("adjoint, backprop,adjoint,, lightning.qubit/adjoint ,") == (
        Method("", "adjoint"),
        Method("", "backprop"),
        Method("lightning.qubit", "adjoint"),
    )
    assert parse_list(" , ") == ()


def test_one_bad_entry_spoils_a_list() -> None:
    with pytest.raises(MethodError, match="'bakprop'"):
        parse_list("adjoint,bakprop")


@given(WRITTEN, DEVICES)
def test_a_device_is_filled_in_only_where_none_was_written(method: Method, device: str) -> None:
    filled = method.on(device)
    assert filled.device == (method.device or device)
    assert (filled.diff_method, filled.precision, filled.device_precision) == (
        method.diff_method,
        method.precision,
        method.device_precision,
    )
    assert filled.on("another") == filled


def test_options_are_part_of_what_a_method_is_and_not_of_how_it_is_written() -> None:
    plain, stepped = Method("d", "finite-diff"), Method("d", "finite-diff", gradient_options=(("h", 1e-3),))
    assert plain != stepped
    assert str(plain) == str(stepped)
    assert len({plain, stepped}) == 2


@pytest.mark.parametrize("name", DIFF_METHODS)
def test_what_a_method_costs_and_whether_it_repeats_is_known_by_its_kind(name: str) -> None:
    method = Method("d", name, "float64")
    assert method.stochastic is (name == "spsa")
    assert method.per_parameter is (name in {"parameter-shift", "finite-diff", "hadamard", "spsa"})


def test_the_kinds_are_pennylanes() -> None:
    assert set(DIFF_METHODS) >= PER_PARAMETER >= STOCHASTIC


def test_the_arbiter_is_no_method_that_can_be_asked_for_and_the_plain_side_is_the_call_itself() -> None:
    assert ARBITER.diff_method not in DIFF_METHODS
    assert ARBITER.on("default.qubit") == ARBITER, "the reference is worked out on no device"
    assert PLAIN.on("default.qubit") == parse("default.qubit/none")


def test_a_method_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        ARBITER.device = "x"  # type: ignore[misc]
