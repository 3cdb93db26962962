"""A finding as an issue of PennyLane's bug form: its fields, its address, and what it may not be sent for."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.report.formats import github
from qdiag.report.outline import Code, Document, Fact
from tests.worlds.results import CASES


def test_the_issue_has_the_forms_fields_in_its_order() -> None:
    issue = github.issue(CASES["shifted"]().document())
    assert [name for name, _ in issue.fields] == ["expected", "actual", "info", "sourcecode", "tracebacks", "system"]


def outside(document: Document) -> Document:
    return replace(document, chapters=(replace(document.chapters[0], no_bug="the fault lies in the script"),))


def test_only_what_pennylane_is_to_blame_for_is_headed_as_a_bug() -> None:
    document = CASES["shifted"]().document()
    assert github.issue(document).title.startswith("[BUG] adjoint on default.qubit: gradient with respect to RX is off by 6.1")
    other = github.issue(outside(document))
    assert other.title.startswith("adjoint on default.qubit")
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


# --- whatever is in the fields -----------------------------------------------------------------------------------------

FIELDS = st.tuples(*(st.text(st.sampled_from("ab \n`é"), max_size=400) for _ in github.HEADINGS))


def issue_of(texts: tuple[str, ...]) -> github.Issue:
    return github.Issue("title", tuple(zip(github.HEADINGS, texts)))


@given(FIELDS, st.integers(900, 3000))
def test_an_issue_that_is_fitted_fits_and_says_what_was_cut(texts: tuple[str, ...], limit: int) -> None:
    given_ = issue_of(texts)
    fitted = github.fit_issue(given_, limit)
    assert len(github.body(fitted)) <= max(limit, len(github.body(issue_of(("",) * len(texts))))) + 64 * len(texts)
    for (_, before), (_, after) in zip(given_.fields, fitted.fields):
        assert after == before or after.endswith(f"[cut here: this field had {len(before)} characters]")
    if len(github.body(given_)) <= limit:
        assert fitted == given_


@given(FIELDS)
def test_an_address_says_what_the_fields_say(texts: tuple[str, ...]) -> None:
    address = github.address(issue_of(texts))
    if address.text is not None:
        query = parse_qs(urlsplit(address.text).query, keep_blank_values=True)
        assert {name: query[name][0] for name in github.HEADINGS} == dict(zip(github.HEADINGS, texts))
        assert address.size <= github.LONGEST_URL


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=8), st.integers(0, 20000))
def test_what_short_fields_leave_goes_to_the_long_ones(lengths: list[int], room: int) -> None:
    share = github._share(lengths, room)
    taken = sum(min(length, share) for length in lengths)
    assert taken <= room or room < 0
    if sum(lengths) > room:
        # no room is wasted beyond what division leaves
        assert room - taken < len(lengths)


@pytest.mark.parametrize("name", [name for name in CASES if name != "healthy"])
def test_the_form_and_the_body_hold_the_same_texts(name: str) -> None:
    issue = github.issue(CASES[name]().document())
    form, body = github.form(issue), github.body(issue)
    assert issue.title in form
    for field, text in issue.fields:
        assert f"----- {field}: {github.HEADINGS[field]} -----" in form
        assert text in form
        assert text.strip() in body


@pytest.mark.parametrize("name", [name for name in CASES if name != "healthy"])
def test_a_title_is_one_short_line(name: str) -> None:
    title = github.issue(CASES[name]().document()).title
    assert len(title) <= github.LONGEST_TITLE
    assert "\n" not in title
    assert not title.endswith(".")


def test_an_exception_is_its_traceback() -> None:
    issue = github.issue(CASES["raising"]().document())
    assert "_expval_param_shift" in issue.field("tracebacks")
    assert "refuses it before it runs" in issue.field("expected")


def test_without_a_reproducer_it_is_said_why() -> None:
    assert github.issue(CASES["shifted"]().document(), 2).field("sourcecode") == "none: the circuit cannot be written as source"


def test_several_findings_are_forms_one_after_the_other() -> None:
    document = CASES["shifted"]().document()
    assert github.render(document, (1, 2)) == github.form(github.issue(document)) + "\n" + github.form(github.issue(document, 2))


def test_the_source_code_has_what_it_prints_behind_it_as_comments() -> None:
    text = github.issue(CASES["moons"]().document()).field("sourcecode")
    code, _, printed = text.partition("\n\n#> ")
    compile(text, "repro.py", "exec")
    assert printed.splitlines() == ["backprop  0.28366217", "#> adjoint   0.28366223", "#> gap       6.0e-08"]
    assert code.endswith("raise SystemExit(int(gradients[0] != gradients[1]))")


def test_numbers_that_are_made_up_are_said_to_be() -> None:
    document = replace(CASES["shifted"]().document(), made_up="Every number in here is made up.")
    assert github.issue(document).field("actual").startswith("Every number in here is made up.\n\n")


def test_no_call_of_the_users_script_and_no_bare_code_is_in_it() -> None:
    body = github.body(github.issue(CASES["shifted"]().document()))
    assert "call 0" not in body
    assert "train.py" not in body
    assert "gradient given to the wrong parameter \\[QD303\\]" in body


def test_what_pennylane_warns_of_is_said() -> None:
    document = CASES["shifted"]().document()
    warned = replace(document.chapters[0], facts=(*document.chapters[0].facts, Fact("warns", "adjoint does not support it")))
    text = github.issue(replace(document, chapters=(warned,))).field("actual")
    assert "This warning is shown meanwhile: adjoint does not support it" in text
