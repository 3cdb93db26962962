"""What `qdiag explain` says of a cause: a page of Markdown for each code, ``pages/QD301.md``, that also reads well by itself.

A page has four sections: what the cause is (under the title), an example, how it is confirmed, what to do. What a report shows of a
cause (its title, its remedy) stands with the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

EXAMPLE, CONFIRMED_BY, WHAT_TO_DO = "Example", "How it is confirmed", "What to do"
"""The headings; what stands before the first is the explanation."""

_FENCES = ("```python", "```")


@dataclass(frozen=True)
class Page:
    """The text of a page.

    Parameters
    ----------
    heading
        Code and title.
    explanation, confirmed_by, what_to_do
        Paragraphs, each in one line.
    example
        Code as it is written; "" where there can be none.
    """

    heading: str
    explanation: str
    example: str
    confirmed_by: str
    what_to_do: str


def page_of(code: str) -> Page:
    """The page of a cause, by its code."""
    return parse((files("qdiag.diagnosis") / "pages" / f"{code}.md").read_text(encoding="utf-8"))


def parse(text: str) -> Page:
    """A page from its Markdown."""
    top, *rest = text.split("\n## ")
    heading, _, explanation = top.partition("\n")
    sections = {name: body for name, _, body in (section.partition("\n") for section in rest)}
    example = [line for line in sections.get(EXAMPLE, "").splitlines() if line not in _FENCES]
    return Page(
        heading=heading.lstrip("# "),
        explanation=_paragraph(explanation),
        example="\n".join(example).strip("\n"),
        confirmed_by=_paragraph(sections.get(CONFIRMED_BY, "")),
        what_to_do=_paragraph(sections.get(WHAT_TO_DO, "")),
    )


def _paragraph(text: str) -> str:
    return " ".join(text.split())
