"""Answers of earlier bisections: kept for a script and a layer, and only where they are the layer's."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdiag.bisecting.answers import Answers
from qdiag.model.bisection import Answer, Asked

BAD = Asked("0.45.1", Answer.BAD, "", 1.5, (("adjoint", (0.0, float("inf"))),), 3.2, installing=4.0, disk=7)


def test_an_answer_is_known_again_for_the_same_script_and_layer(tmp_path: Path) -> None:
    Answers(tmp_path, "script").keep("layer", BAD)
    found = Answers(tmp_path, "script").known("layer")
    assert found is not None
    assert (found.release, found.answer, found.difference, found.seconds) == ("0.45.1", Answer.BAD, 1.5, 3.2)
    assert found.remembered
    assert found.installing is None
    assert Answers(tmp_path, "another script").known("layer") is None
    assert Answers(tmp_path, "script").known("another layer") is None


@pytest.mark.parametrize(
    "asked", [Asked("1", Answer.NOT_INSTALLED, "no network"), Asked("1", Answer.CANNOT, "took longer than 120 s")]
)
def test_what_may_be_otherwise_tomorrow_is_not_kept(asked: Asked, tmp_path: Path) -> None:
    Answers(tmp_path, "script").keep("layer", asked)
    assert Answers(tmp_path, "script").known("layer") is None


@pytest.mark.parametrize("line", ['{"layer": "a", "rel', "[]", "null", "{}", '{"layer": "a", "answer": "perhaps"}', "\x00"])
def test_a_damaged_line_is_passed_over(line: str, tmp_path: Path) -> None:
    Answers(tmp_path, "script").keep("layer", BAD)
    file = next((tmp_path / "answers").iterdir())
    file.write_text(f"{line}\n{file.read_text(encoding='utf-8')}{line}", encoding="utf-8")
    found = Answers(tmp_path, "script").known("layer")
    assert found is not None
    assert found.answer is Answer.BAD


def test_numbers_that_are_none_are_left_out(tmp_path: Path) -> None:
    Answers(tmp_path, "script").keep("layer", Asked("1", Answer.BAD, difference=float("nan")))
    found = Answers(tmp_path, "script").known("layer")
    assert found is not None
    assert found.difference is None


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("", encoding="utf-8")
    Answers(tmp_path, "script").keep("layer", BAD)
    assert Answers(tmp_path, "script").known("layer") is None
