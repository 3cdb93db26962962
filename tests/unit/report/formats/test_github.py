"""A finding as an issue of PennyLane's bug form: its fields, its address, and what it may not be sent for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.report.content.outline import Code, Document
from qdiag.report.formats import github
from tests.worlds.results import CASES


def test_the_issue_has_the_forms_fields_in_its_order() -> None:
    issue = github.issue(CASES["shifted"]().document())
    assert [name for name, _ in issue.fields] == ["expected", "actual", "info", "sourcecode", "tracebacks", "system"]


def outside(document: Document) -> Document:
    return replace(document, chapters=(replace(document.chapters[0], no_bug="the fault lies in the script"),))


def test_only_what_pennylane_is_to_blame_for_is_headed_as_a_bug() -> None:
    document = CASES["shifted"]().document()
    assert github.issue(document).title.startswith("[BUG] adjoint is wrong")
    other = github.issue(outside(document))
    assert other.title.startswith("adjoint is wrong")
    assert other.field("info").startswith("Nothing to file as a bug of PennyLane: the fault lies in the script.")
    assert "**remedy**" in other.field("info")


def test_the_fields_that_the_form_renders_as_shell_hold_no_fence() -> None:
    issue = github.issue(CASES["shifted"]().document())
    assert not any("```" in issue.field(name) for name in ("sourcecode", "tracebacks", "system"))


def test_the_address_fills_the_form_and_stays_short() -> None:
    address = github.address(github.issue(CASES["shifted"]().document()))
    assert address.text is not None
    assert address.text.startswith("https://github.com/PennyLaneAI/pennylane/issues/new?template=bug_report.yml&title=")
    assert len(address.text.encode()) == address.size <= github.LONGEST_URL


def huge(document: Document, field: str, size: int) -> Document:
    code = Code("x", "\n".join(["a line that is rather long"] * (size // 26)))
    return replace(document, chapters=(replace(document.chapters[0], **{field: code}), *document.chapters[1:]))  # type: ignore[arg-type]


def test_an_address_that_would_be_too_long_is_not_given() -> None:
    address = github.address(github.issue(huge(CASES["shifted"]().document(), "reproducer", 9000)))
    assert address.text is None
    assert address.size > github.LONGEST_URL


@pytest.mark.parametrize("field", ["reproducer", "traceback"])
@pytest.mark.parametrize("size", [59_000, 61_000, 200_000])
def test_a_body_never_exceeds_what_github_takes_and_says_what_was_cut(field: str, size: int) -> None:
    body = github.body(github.issue(huge(CASES["shifted"]().document(), field, size)))
    assert len(body) <= github.LONGEST_BODY
    assert ("[cut here: this field had" in body) == (size > 56_000)


def test_a_long_source_is_cut_before_any_short_field_is_and_two_long_fields_share_what_room_there_is() -> None:
    document = CASES["shifted"]().document()
    whole = github.issue(document)
    cut = github.issue(huge(document, "reproducer", 200_000))
    for name in ("expected", "actual", "system", "tracebacks"):
        assert cut.field(name) == whole.field(name)
    assert "[cut here" not in cut.field("info")
    both = github.issue(huge(huge(document, "reproducer", 200_000), "traceback", 90_000))
    assert len(github.body(both)) <= github.LONGEST_BODY
    assert min(len(both.field("sourcecode")), len(both.field("tracebacks"))) > 20_000
    assert both.field("actual") == whole.field("actual")
