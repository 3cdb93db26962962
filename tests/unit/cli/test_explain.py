"""``qdiag explain``: every cause has a page that fits a terminal, and is found by its code and by its name."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner, Result

from qdiag.cli.explain import command, text
from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.causes import CAUSES
from qdiag.diagnosis.page import page_of
from qdiag.errors import UsageError


def qdiag(*words: str) -> Result:
    return CliRunner().invoke(command, list(words), standalone_mode=False)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.code)
class TestEveryCause:
    def test_is_found_by_its_code_and_by_its_name_in_any_case(self, cause: Cause) -> None:
        told = {qdiag(name).stdout for name in (cause.code, cause.code.lower(), cause.code[2:], cause.slug, cause.slug.upper())}
        assert len(told) == 1
        assert told.pop().startswith(f"{cause.code}  {cause.title}  ({cause.slug})\n")

    def test_fits_into_80_columns_without_colour_or_control_characters(self, cause: Cause) -> None:
        said = text(cause)
        # the heading is one line to be found by; an example is code and is not wrapped; an address cannot be
        example = page_of(cause.code).example.splitlines()
        lines = [
            line for line in said.splitlines()[1:] if line.strip() not in {code.strip() for code in example} and "http" not in line
        ]
        assert max(map(len, lines)) <= 80
        assert re.search(r"[\x00-\x09\x0b-\x1f\x7f]", said) is None

    def test_says_how_it_is_confirmed_and_what_to_do(self, cause: Cause) -> None:
        said = text(cause)
        assert said.index("How it is confirmed") < said.index("What to do")

    def test_is_json_with_the_same_words(self, cause: Cause) -> None:
        (record,) = json.loads(qdiag(cause.code, "--json").stdout)
        assert (record["code"], record["slug"], record["title"]) == (cause.code, cause.slug, cause.title)
        assert all(record.values())
        shown = " ".join(text(cause).split())
        for field in ("explanation", "confirmed_by", "remedy"):
            assert " ".join(record[field].split()) in shown

    def test_is_one_line_where_it_is_to_be_quiet(self, cause: Cause) -> None:
        assert qdiag(cause.code, "-q").stdout == f"{cause.code}  {cause.title}\n"


def test_without_a_code_all_are_listed_by_family_in_order() -> None:
    listed = qdiag().stdout
    codes = [line.split()[0] for line in listed.splitlines() if line.strip().startswith("QD")]
    assert codes == sorted(cause.code for cause in CAUSES)
    families = listed.split("\n\n")
    assert len(families) == len({cause.code[:3] for cause in CAUSES})
    assert families[0].splitlines()[0] == "Precision"
    assert families[0].splitlines()[1] == "  QD101  float32 parameters"


def test_without_a_code_all_may_be_told_in_full() -> None:
    said = qdiag("-v").stdout
    assert all(text(cause) in said for cause in CAUSES)


def test_all_of_them_are_one_json_list() -> None:
    assert [record["code"] for record in json.loads(qdiag("--json").stdout)] == sorted(cause.code for cause in CAUSES)


@pytest.mark.parametrize("word", ["QD999", "qd", "float", "", "float32 parameters"])
def test_what_is_no_cause_is_a_usage_error_that_says_where_to_look(word: str) -> None:
    error = qdiag(word).exception
    assert isinstance(error, UsageError)
    assert f"'{word}'" in error.cause
    assert "qdiag explain" in error.cure
