"""How methods are called: short where the device is the script's own, and never so that two of them are called alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.method import ARBITER, DIFF_METHODS, PLAIN, Method, parse
from qdiag.report.content.method_names import Names, full, names_of
from tests.worlds.methods import ADJOINT, BACKPROP, LIGHTNING


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("default.qubit/backprop", "backprop"),
        ("default.qubit/backprop@float64", "backprop@float64"),
        ("lightning.qubit/adjoint", "lightning.qubit/adjoint"),
        ("default.qubit[complex64]/backprop", "default.qubit[complex64]/backprop"),
    ],
)
def test_a_method_on_the_scripts_own_device_is_called_by_its_bare_name(written: str, short: str) -> None:
    assert Names("default.qubit").short(parse(written)) == short


def test_on_a_device_in_single_precision_that_is_its_own() -> None:
    names = Names("lightning.qubit", "complex64")
    assert names.place == "lightning.qubit[complex64]"
    assert names.short(parse("lightning.qubit[complex64]/adjoint")) == "adjoint"
    assert names.short(LIGHTNING) == "lightning.qubit/adjoint"


@pytest.mark.parametrize(("side", "spoken"), [(ARBITER, "the arbiter"), (PLAIN, "untracked numbers")])
def test_sides_that_are_no_method_are_spoken_of(side: Method, spoken: str) -> None:
    assert Names("default.qubit").short(side) == spoken


def test_names_suit_the_first_method() -> None:
    assert names_of((LIGHTNING, BACKPROP)).all([LIGHTNING, ADJOINT]) == ["adjoint", "default.qubit/adjoint"]
    assert names_of(()) == Names()


METHODS = st.builds(
    Method,
    st.sampled_from(["default.qubit", "lightning.qubit", "my.device"]),
    st.sampled_from([name for name in DIFF_METHODS if name != "none"]),
    st.sampled_from(["", "float32", "float64"]),
    st.sampled_from(["", "complex64", "complex128"]),
)


@given(METHODS, st.lists(METHODS, min_size=1, max_size=5, unique=True))
def test_two_methods_never_have_the_same_name(own: Method, others: list[Method]) -> None:
    names = names_of((own,))
    assert len(set(names.all(others))) == len(others)


@given(METHODS)
def test_the_full_name_is_what_a_user_may_type(method: Method) -> None:
    assert parse(full(method)) == method
