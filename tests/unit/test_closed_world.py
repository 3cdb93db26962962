"""No cause without what it takes to trust it: a case made for it, a unit test that holds its experiments to its word, a page."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from qdiag import diagnosis
from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.causes import CAUSES, UNKNOWN
from qdiag.diagnosis.page import page_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TESTS = Path(__file__).parents[1]
CASES = TESTS.parent / "cases"
PAGES = Path(diagnosis.__file__).parent / "pages"
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


def test_there_is_a_page_for_every_cause_and_none_without_a_cause() -> None:
    assert {path.stem for path in PAGES.iterdir()} == {cause.code for cause in CAUSES}


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.code)
def test_every_page_has_its_four_sections(cause: Cause) -> None:
    page = page_of(cause.code)
    assert page.heading == f"{cause.code}: {cause.title}"
    assert len(page.explanation.split()) >= 15
    assert page.confirmed_by
    # what remains when nothing explains the experiments looks different each time
    assert page.example or cause is UNKNOWN


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.code)
def test_every_page_advises_what_reports_advise(cause: Cause) -> None:
    assert cause.remedy
    assert cause.remedy in page_of(cause.code).what_to_do


def test_every_case_expects_a_cause_that_there_is() -> None:
    assert {cause.code for cause in CAUSES} >= FIRST
