"""No cause without what it takes to trust it: a case made for it, a unit test that holds its experiments to its word, a page."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from qdiag import diagnosis
from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.causes import CAUSES, cause_of_parting
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.diagnosis.page import page_of
from qdiag.model.twin_training import PartingCause
from qdiag.report.content.known_faults import known_faults

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


def name_in_tests(cause: Cause) -> str:
    """How a test names a cause: twin runs, which know no codes, have words of their own."""
    return f"PartingCause.{cause.parting.name}" if cause.parting and is_of_training(cause) else f'"{cause.code}"'


def texts(folder: Path) -> str:
    """The tests of a folder, without this one."""
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("test_*.py") if path != Path(__file__))


UNIT = texts(TESTS / "unit")
TWIN_TESTS = (TESTS / "unit" / "twins" / "test_verdict.py", TESTS / "e2e" / "test_twin.py")
TWINS = "\n".join(path.read_text(encoding="utf-8") for path in TWIN_TESTS)
EXPECTED = [tomllib.loads(path.read_text(encoding="utf-8"))["expected"] for path in CASES.glob("*/case.toml")]
NOTED = {code for expected in EXPECTED for note in expected.get("notes", ()) for code in re.findall(r"QD\d+", note)}
"""Causes of a warning, where nothing differs: there is no finding that a case could expect, but a note."""
REMARKED = {code for expected in EXPECTED for code in expected.get("remarks", ())}
DEVICE_TESTS = (TESTS / "bridge" / "test_faulty_devices.py", TESTS / "plugins" / "test_devices_of_plugins.py")
DEVICES = "\n".join(path.read_text(encoding="utf-8") for path in DEVICE_TESTS)
"""Faults of devices that others wrote: a case's script cannot bring one along that workers could make again."""
WITHOUT_A_SCRIPT = frozenset({"QD108"})
"""Causes that nobody has met yet: for these it takes a GPU that gives another number than the CPU, beyond rounding."""
FIRST = {expected["codes"][0] for expected in EXPECTED if expected.get("codes")} | NOTED | REMARKED


@pytest.mark.parametrize("cause", [c for c in KNOWN if not is_of_training(c)], ids=lambda cause: cause.code)
def test_every_cause_has_a_case_that_expects_it_first(cause: Cause) -> None:
    assert cause.code in FIRST | WITHOUT_A_SCRIPT or f'"{cause.code}"' in DEVICES


@pytest.mark.parametrize("cause", [c for c in KNOWN if is_of_training(c)], ids=lambda cause: cause.code)
def test_what_only_twin_runs_show_is_shown_by_twin_runs(cause: Cause) -> None:
    assert name_in_tests(cause) in TWINS


@pytest.mark.parametrize("cause", KNOWN, ids=lambda cause: cause.code)
def test_every_cause_has_a_unit_test_that_names_it(cause: Cause) -> None:
    assert name_in_tests(cause) in UNIT


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


@pytest.mark.parametrize("parting", PartingCause, ids=lambda parting: parting.name)
def test_all_that_twin_runs_find_is_a_cause(parting: PartingCause) -> None:
    assert cause_of_parting(parting).parting is parting


# --- what a cause is stands in its family's file alone ---------------------------------------------------------------------------

SOURCE = Path(diagnosis.__file__).parents[1]
FAMILIES = SOURCE / "diagnosis" / "causes"

def codes_in(path: Path) -> list[str]:
    """The literals in a file that are the code of a cause; words that mention one are none."""
    literals = (node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant))
    return [text for text in literals if isinstance(text, str) and re.fullmatch(r"QD\d{3}", text)]


def test_no_code_stands_outside_of_the_families() -> None:
    files = [path for path in SOURCE.rglob("*.py") if FAMILIES not in path.parents]
    assert {str(path.relative_to(SOURCE)): codes_in(path) for path in files if codes_in(path)} == {}


def test_every_family_has_its_codes_and_each_stands_once() -> None:
    stated = [code for path in FAMILIES.glob("*.py") for code in codes_in(path)]
    assert sorted(stated) == sorted(cause.code for cause in CAUSES)


def test_known_faults_name_causes_that_there_are() -> None:
    assert {code for fault in known_faults() for code in fault.codes} <= {cause.code for cause in KNOWN}
