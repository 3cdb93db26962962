"""Options of a trace, as a stranger may have written them."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import Any

import pytest

from qdiag.model.call import Configuration
from qdiag.model.option import Held, Kind, Option
from qdiag.trace.call_parser import value_from
from qdiag.trace.call_text import text_of
from qdiag.trace.option_text import DEEPEST, option_from
from tests.worlds.scripted import call, circuit

ARRAY = Held(Kind.ARRAY, ("complex64", Held(Kind.TUPLE, (1, 2)), Held(Kind.COMPLEX, (1.0, -0.0)), Held(Kind.COMPLEX, (0.5, 2.0))))
OPTIONS: list[Option] = [
    None,
    3,
    math.inf,
    Held(Kind.LIST, (1, "a", None)),
    Held(Kind.TUPLE),
    Held(Kind.DICT, ("a", Held(Kind.LIST, (1,)), 2, True)),
    Held(Kind.COMPLEX, (0.0, 1.5)),
    Held(Kind.NAME, ("numpy:float32",)),
    Held(Kind.OBJECT, ("an object (Model)",)),
    ARRAY,
]


@pytest.mark.parametrize("option", OPTIONS, ids=repr)
def test_an_option_comes_back_as_it_was(option: Option) -> None:
    configuration = replace(call(0, circuit(0.3)).configuration, device_options=(("given", option),))
    assert value_from(Configuration, text_of(configuration)).device_options == (("given", option),)


@pytest.mark.parametrize("option", OPTIONS[3:], ids=repr)
def test_an_option_comes_back_from_a_file_of_evaluations(option: Any) -> None:
    assert option_from(json.loads(json.dumps(asdict(option)))) == option


def entry(kind: str, *parts: Any) -> dict[str, Any]:
    return {"kind": kind, "parts": list(parts)}


@pytest.mark.parametrize(
    "odd",
    [
        [1],
        {"kind": "list"},
        entry("set", 1),
        entry("complex", 1.0),
        entry("complex", 1.0, "a"),
        entry("name", 3),
        entry("object"),
        entry("dict", "a"),
        entry("dict", entry("list", 1), 2),
        entry("array", "object", entry("tuple", 1), 1),
        entry("array", "float64", entry("tuple", 3), 1.0),
        entry("array", "float64", entry("tuple", -1), 1.0),
        entry("array", "float64", entry("list", 1), 1.0),
        entry("array", "float64", entry("tuple", 1), "a"),
        entry("array", "float64"),
    ],
    ids=repr,
)
def test_what_is_no_option_is_refused(odd: Any) -> None:
    with pytest.raises(ValueError, match=r"no option|not a valid Kind"):
        option_from(odd)


def test_no_more_than_a_few_containers_inside_each_other_are_read() -> None:
    deep: Any = 1
    for _ in range(DEEPEST):
        deep = entry("list", deep)
    option_from(deep)
    with pytest.raises(ValueError, match="no option"):
        option_from(entry("list", deep))
