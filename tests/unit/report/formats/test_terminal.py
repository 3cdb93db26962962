"""The summary on a terminal: it fits, and says the same without colour, without Unicode and in a file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.worlds.reports import printed
from tests.worlds.results import CASES, Case


def test_of_what_trainings_as_a_whole_show_a_screen_leaves_to_their_own_section_why_and_what_to_do() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    assert {"because", "remedy"} <= labels(case)
    trained = replace(finding, diagnosis=replace(finding.diagnosis, of_training=True))
    assert not {"because", "remedy"} & labels(replace(case, result=replace(case.result, findings=(trained,))))


def labels(case: Case) -> set[str]:
    return {line.split()[0] for line in printed(case.document(), 100).splitlines() if line.strip()}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert max(map(len, printed(CASES[name]().document(), width).splitlines())) <= width


def test_without_unicode_the_summary_is_plain_ascii() -> None:
    assert printed(CASES["moons"]().document(), encoding="ascii").isascii()


def test_the_sampled_methods_are_starred_and_the_star_is_explained() -> None:
    shown = printed(CASES["moons"]().document())
    assert "parameter-shift*" in shown
    assert "* sampled at 9 of 241 calls" in shown


def test_verbose_shows_every_experiment_and_every_refusal() -> None:
    shown = printed(CASES["moons"]().document(), verbose=True)
    assert "back in float32" in shown
    assert "free wire" in shown
