"""Arguments from a JSON file: numbers and arrays of numbers, and nothing else, within bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.cli import json_arguments
from qdiag.cli.json_arguments import DEEPEST, Arguments, read
from qdiag.errors import UsageError


def from_text(folder: Path, text: str) -> Arguments:
    path = folder / "values.json"
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_a_list_is_passed_in_order(tmp_path: Path) -> None:
    made = from_text(tmp_path, "[0.5, 2, [[0.1, 0.2], [0.3, 4]]]")
    assert made.named == ()
    assert [type(value) for value in made.positional] == [float, int, np.ndarray]
    assert made.positional[:2] == (0.5, 2)
    assert made.positional[2].tolist() == [[0.1, 0.2], [0.3, 4.0]]


def test_an_object_is_passed_by_name(tmp_path: Path) -> None:
    made = from_text(tmp_path, '{"weights": [1, 2], "x": 0.5}')
    assert made.positional == ()
    assert [name for name, _ in made.named] == ["weights", "x"]
    assert made.named[0][1].dtype.kind == "i"


@pytest.mark.parametrize(("text", "kind"), [("[[1, 2]]", "i"), ("[[1.0, 2]]", "f"), ("[[1, 2.5]]", "f"), ("[[]]", "i")])
def test_an_array_is_of_floats_where_one_of_its_numbers_is(tmp_path: Path, text: str, kind: str) -> None:
    assert from_text(tmp_path, text).positional[0].dtype.kind == kind


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("", "is no JSON"),
        ("3", "neither a list nor an object"),
        ('"text"', "neither a list nor an object"),
        ("null", "neither a list nor an object"),
        ('["text"]', 'value 0 in .* holds "text"'),
        ("[1, true]", "value 1 in .* holds true"),
        ("[null]", "holds null"),
        ('{"x": {"y": 1}}', "'x' in .* holds"),
        ('[[1, "two"]]', 'holds "two"'),
        ("[NaN]", "not finite"),
        ("[[1, Infinity]]", "not finite"),
        ("[-Infinity]", "not finite"),
        ("[1e999]", "not finite"),
        ("[9223372036854775808]", "too large"),
        ("[[[1, 2], [3]]]", "differ in length"),
        ("[[1, [2]]]", "differ in length"),
        ("[" * (DEEPEST + 2) + "1" + "]" * (DEEPEST + 2), "levels of brackets"),
        ("[" * 100_000, "is no JSON|levels of brackets"),
    ],
)
def test_anything_else_is_refused_with_a_cure(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        from_text(tmp_path, text)
    assert caught.value.cure


def test_what_is_told_of_a_long_value_is_short(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        from_text(tmp_path, json.dumps(["x" * 10_000]))
    assert len(caught.value.cause) < 100 + len(str(tmp_path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file") as caught:
        read(tmp_path / "values.json")
    assert "--args" in caught.value.cure


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read(tmp_path)


def test_bytes_that_are_no_text_are_no_json(tmp_path: Path) -> None:
    (tmp_path / "values.json").write_bytes(b"\xff\xfe[1]")
    with pytest.raises(UsageError, match="is no JSON"):
        read(tmp_path / "values.json")


def test_a_whole_data_set_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_arguments, "MOST_BYTES", 1 << 20)
    with pytest.raises(UsageError, match="more than 1 MB"):
        from_text(tmp_path, "[" + " " * (1 << 20) + "]")


NUMBERS = st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
ARRAYS = st.integers(1, 3).flatmap(lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1, max_size=3))


@given(st.lists(st.one_of(NUMBERS, ARRAYS), max_size=4))
def test_every_number_arrives_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, values: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("values")
    made = from_text(folder, json.dumps(values)).positional
    assert len(made) == len(values)
    for value, arrived in zip(values, made):
        expected = np.array(
            value, float if isinstance(value, list) and any(isinstance(x, float) for row in value for x in row) else None
        )
        assert np.array_equal(np.asarray(arrived), expected)
