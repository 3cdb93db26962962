"""Live values as options."""

from __future__ import annotations

import functools
import os.path
from typing import Any

import numpy as np
import pytest

from qdiag.bridges.live.given_options import MOST_ITEMS, MOST_TEXT, importable_name, option_of
from qdiag.model.option import Held, Kind, objects_in


class Model:
    """Something that only its maker knows how to make."""


@pytest.mark.parametrize("value", [None, True, 3, 2.5, "a text"])
def test_what_is_plain_stays_as_it_is(value: Any) -> None:
    assert option_of("given", value) == value


def test_numbers_of_numpys_become_pythons() -> None:
    assert type(option_of("given", np.float64(0.5))) is float
    assert type(option_of("given", np.bool_(True))) is bool


def test_containers_and_arrays_are_kept_with_all_that_they_hold() -> None:
    assert option_of("given", {"a": [1, (2, 3j)]}) == Held(
        Kind.DICT, ("a", Held(Kind.LIST, (1, Held(Kind.TUPLE, (2, Held(Kind.COMPLEX, (0.0, 3.0)))))))
    )
    assert option_of("given", np.array([[1, 2]], dtype=np.int8)) == Held(Kind.ARRAY, ("int8", Held(Kind.TUPLE, (1, 2)), 1, 2))


def test_classes_and_functions_are_kept_by_their_names() -> None:
    assert option_of("given", np.complex64) == Held(Kind.NAME, ("numpy:complex64",))
    assert option_of("given", os.path.join) == Held(Kind.NAME, (f"{os.path.__name__}:join",))
    assert option_of("given", np.dtype("float32")) == Held(Kind.NAME, ("numpy:float32",))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Model(), "an object (Model)"),
        (functools.partial(int), "an object (partial)"),
        (lambda: None, "<lambda>, which cannot be imported"),
        (np.zeros((100, 100)), "an array of float64 of the shape (100, 100)"),
        (np.array([Model()]), "an array of object of the shape (1,)"),
        ("x" * (MOST_TEXT + 1), "a long text"),
        (list(range(MOST_ITEMS + 1)), "a list that holds too much"),
        ([[list(range(100))] * 3], "a list that holds too much"),
    ],
)
def test_of_anything_else_there_are_words_alone(value: Any, words: str) -> None:
    (said,) = objects_in(option_of("given", value))[:1]
    assert said.startswith(words)


def test_the_parts_of_a_list_that_are_too_deep_are_not_followed() -> None:
    deep: list[Any] = []
    deep.append(deep)
    assert objects_in(option_of("given", deep))


@pytest.mark.parametrize("name", ["token", "api_key", "ibm_token", "password"])
def test_a_secret_is_never_written_down(name: str) -> None:
    assert "hush" not in repr(option_of(name, "hush"))
    assert objects_in(option_of(name, "hush")) == ("left out, since it may be a secret",)
    assert option_of(name, None) is None


def test_a_name_that_leads_elsewhere_is_none() -> None:
    def local() -> None:
        """Lies in no module."""

    assert importable_name(local) == ""
    local.__qualname__, local.__module__ = "path", "os"
    assert importable_name(local) == ""
