"""A text as it may be shown has nothing in it that a terminal obeys or nobody sees, and is otherwise the text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.errors import QdiagError
from qdiag.visible import make_visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with \ttab\nand line", "plain, with \ttab\nand line"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("a\x9b31m", "a\\x9b31m"),
        ("over\rprinted\r\n", "over\\rprinted\n".replace("\\r", "\\x0d")),
        ("abc\u202efed", "abc\\u202efed"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\ud83d", "\\ud83d"),
        ("\U000e0041", "\\U000e0041"),
        ("⟨Z⟩ → θ é 漢 \u00a0 😀", "⟨Z⟩ → θ é 漢 \u00a0 😀"),
    ],
)
def test_what_is_hidden_is_an_escape_and_the_rest_stays(text: str, shown: str) -> None:
    assert make_visible(text) == shown


@given(st.text(st.characters(), max_size=60))
def test_no_control_character_no_format_and_no_half_of_a_pair_is_left(text: str) -> None:
    shown = make_visible(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    assert make_visible(shown) == shown
    shown.encode("utf-8")


def test_an_error_says_nothing_hidden_wherever_it_is_shown() -> None:
    error = QdiagError("no trace at a\x1b[31m", "name \u202e another")
    assert (str(error), error.cause, error.cure) == ("no trace at a\\x1b[31m", "no trace at a\\x1b[31m", "name \\u202e another")
