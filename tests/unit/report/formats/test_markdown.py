"""Markdown that GitHub renders, in which no name of the user's becomes markup."""

from __future__ import annotations

from qdiag.report.formats import markdown


def test_markdown_gives_no_name_a_meaning() -> None:
    assert markdown.plain("*a* _b_ `c` <d> [e](f) | #12 @someone snake_case") == (
        "\\*a\\* \\_b\\_ \\`c\\` \\<d\\> \\[e\\](f) \\| #\u200b12 @\u200bsomeone snake_case"
    )


def test_a_fence_is_longer_than_any_inside_it() -> None:
    assert markdown.fenced("```\ninside\n```", "text").startswith("````text\n")
