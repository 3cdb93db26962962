"""No cause without what it takes to trust it: a case made for it, a unit test that holds its experiments to its word, a page."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.causes import CAUSES, UNKNOWN

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TESTS = Path(__file__).parents[1]
CASES = TESTS.parent / "cases"
KNOWN = [cause for cause in CAUSES if cause is not UNKNOWN]


def is_of_training(cause: Cause) -> bool:
    """Whether twin runs alone can show it: it has no case of one run."""
    return cause.code.startswith("QD7")


def texts(folder: Path) -> str:
    """The tests of a folder, without this one."""
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("test_*.py") if path != Path(__file__))


UNIT = texts(TESTS / "unit")
TWIN_TESTS = (TESTS / "unit" / "twins" / "test_runs.py", TESTS / "e2e" / "test_twin.py")
TWINS = "\n".join(path.read_text(encoding="utf-8") for path in TWIN_TESTS)
EXPECTED = [tomllib.loads(path.read_text(encoding="utf-8"))["expected"] for path in CASES.glob("*/case.toml")]
NOTED = {code for expected in EXPECTED for note in expected.get("notes", ()) for code in re.findall(r"QD\d+", note)}
"""Causes of a warning, where nothing differs: there is no finding that a case could expect, but a note."""
FIRST = {expected["codes"][0] for expected in EXPECTED if expected.get("codes")} | NOTED


@pytest.mark.parametrize("cause", [c for c in KNOWN if not is_of_training(c)], ids=lambda cause: cause.code)
def test_every_cause_has_a_case_that_expects_it_first(cause: Cause) -> None:
    assert cause.code in FIRST


@pytest.mark.parametrize("cause", [c for c in KNOWN if is_of_training(c)], ids=lambda cause: cause.code)
def test_what_only_twin_runs_show_is_shown_by_twin_runs(cause: Cause) -> None:
    assert f'"{cause.code}"' in TWINS


@pytest.mark.parametrize("cause", KNOWN, ids=lambda cause: cause.code)
def test_every_cause_has_a_unit_test_that_names_it(cause: Cause) -> None:
    assert f'"{cause.code}"' in UNIT


@pytest.mark.parametrize("cause", KNOWN, ids=lambda cause: cause.code)
def test_every_cause_has_its_page(cause: Cause) -> None:
    assert all(text.strip() for text in (cause.explanation, cause.example, cause.confirmed_by, cause.remedy))


def test_every_case_expects_a_cause_that_there_is() -> None:
    assert {cause.code for cause in CAUSES} >= FIRST
