"""A finding as an issue of PennyLane's bug form: its fields in its order, ready to paste, and the address that fills the form in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional
from urllib.parse import urlencode

from qdiag.report.content.figures import short_line
from qdiag.report.formats import markdown
from qdiag.report.outline import Chapter, Document, Fact

NEW_ISSUE = "https://github.com/PennyLaneAI/pennylane/issues/new"
TEMPLATE = "bug_report.yml"
LONGEST_URL = 8000
"""Bytes that GitHub and browsers take."""

LONGEST_BODY = 60_000
"""Characters; GitHub refuses 65,536."""

LONGEST_TITLE = 160
HEADINGS = {
    "expected": "Expected behavior",
    "actual": "Actual behavior",
    "info": "Additional information",
    "sourcecode": "Source code",
    "tracebacks": "Tracebacks",
    "system": "System information",
}
"""The form's fields in its order, by their ids."""

RENDERED_AS_SHELL = ("sourcecode", "tracebacks", "system")
"""Fields that the form itself puts into a fence: no back-ticks inside."""


@dataclass(frozen=True)
class Issue:
    """An issue: its title, and a text for each of the form's fields."""

    title: str
    fields: tuple[tuple[str, str], ...]

    def field(self, name: str) -> str:
        """The text of one field."""
        return dict(self.fields)[name]


@dataclass(frozen=True)
class Address:
    """The address of a form that is filled in; ``text`` is None where it would be too long."""

    text: Optional[str]
    size: int


def issue(document: Document, number: int = 1) -> Issue:
    """The issue for one finding, cut where it would be too long.

    Parameters
    ----------
    document
        The report.
    number
        Of the finding, from 1.
    """
    chapter = document.chapters[number - 1]
    texts = {
        "expected": _expected_behaviour(chapter),
        "actual": _actual(document, chapter),
        "info": _info(document, chapter),
        "sourcecode": _source_code(chapter),
        "tracebacks": chapter.traceback.text if chapter.traceback else "none: nothing is raised",
        "system": "\n".join(_without_tags(f"{fact.label}: {fact.text}") for fact in document.environment),
    }
    title = short_line(f"{'' if chapter.no_bug else '[BUG] '}{chapter.headline or chapter.sentence.rstrip('.')}", LONGEST_TITLE)
    return fit_issue(Issue(title, tuple((name, texts[name]) for name in HEADINGS)), LONGEST_BODY)


def _without_tags(line: str) -> str:
    """A line for a field that the form fences and a plain issue does not: nothing in it is a tag."""
    return re.sub(r"<(?!(?:user|host|home|path|secret|variable|e-mail)>)", "&lt;", line)


def _expected_behaviour(chapter: Chapter) -> str:
    if chapter.traceback:
        return "The method evaluates this circuit, or refuses it before it runs."
    return "All differentiation methods give the same numbers, to rounding."


def _arbiter(chapter: Chapter) -> str:
    judged = chapter.fact("arbiter")
    return f"Held against a reference in float64 that shares no gradient rule with them: {markdown.plain(judged)}." if judged else ""


def _source_code(chapter: Chapter) -> str:
    """The reproducer with what it prints behind it as comments, so that it still runs."""
    if chapter.reproducer is None:
        return chapter.fact("repro") or "no reproducer was made"
    printed = chapter.reproducer_output.text.strip().splitlines() if chapter.reproducer_output else []
    return "\n".join([chapter.reproducer.text.strip(), *(["", *(f"#> {line}".rstrip() for line in printed)] if printed else [])])


def _actual(document: Document, chapter: Chapter) -> str:
    shown = [fact for fact in chapter.facts if fact.label in ("methods", "says")]
    shown.insert(1, Fact("of", chapter.element))
    parts = [markdown.plain(document.made_up), markdown.plain(chapter.claim or chapter.sentence)]
    parts.append(markdown.facts([fact for fact in shown if fact.text]))
    parts += [markdown.table_text(replace(table, note="")) for table in (chapter.results,) if table]
    warned = chapter.fact("warns")
    parts.append(f"This warning is shown meanwhile: {markdown.plain(warned)}" if warned else "")
    parts.append(_arbiter(chapter))
    return "\n\n".join(part for part in parts if part)


def _info(document: Document, chapter: Chapter) -> str:
    labels = ("cause", "in", "because", "promise", *(["remedy"] if chapter.no_bug else []), "minimal", "varied")
    shown = [replace(fact, text=_without_bare_code(fact.text, chapter)) for fact in chapter.facts if fact.label in labels]
    parts = [f"Nothing to file as a bug of PennyLane: {chapter.no_bug}." if chapter.no_bug else "", markdown.facts(shown)]
    parts += [markdown.table_text(table) for table in (chapter.evidence, chapter.raised) if table]
    if chapter.ruled_out:
        parts.append(f"Ruled out by experiment: {markdown.plain(chapter.ruled_out)}.")
    parts.append(markdown.facts(chapter.known))
    if chapter.reproducer:
        note = markdown.plain(chapter.reproducer.note)
        smallest = " It is the smallest circuit that shows it: its numbers are not those of the recorded call."
        numbers = smallest if chapter.minimal else ""
        parts.append(f"The source code ({note}) exits 1 while the difference is there and 0 once it is gone.{numbers}")
    codes = f" Codes in brackets are its own: `qdiag explain {chapter.code}` says what this one means." if chapter.code else ""
    parts.append(f"Found by qdiag {markdown.plain(document.version)}.{codes}")
    return "\n\n".join(part for part in parts if part)


def _without_bare_code(text: str, chapter: Chapter) -> str:
    """The cause by its title first: its code says nothing to people who have no list of them."""
    named = f"{chapter.code} {chapter.cause}"
    return f"{chapter.cause} [{chapter.code}]{text[len(named) :]}" if chapter.cause and text.startswith(named) else text


# --- what is sent ------------------------------------------------------------------------------------------------------


def body(given: Issue) -> str:
    """The issue's text as GitHub would make it from the form."""
    blocks = []
    for name, text in given.fields:
        shown = markdown.code_fence(text, "shell") if name in RENDERED_AS_SHELL else text
        blocks.append(f"### {HEADINGS[name]}\n\n{shown}")
    return "\n\n".join(blocks) + "\n"


def form(given: Issue) -> str:
    """The issue field by field, each under its id, to be pasted into the form."""
    blocks = [f"----- title -----\n{given.title}"]
    blocks += [f"----- {name}: {HEADINGS[name]} -----\n{text}" for name, text in given.fields]
    return "\n\n".join(blocks) + "\n"


def address(given: Issue, page: str = NEW_ISSUE) -> Address:
    """The address of the form with every field filled in, where it stays within what GitHub takes."""
    query = urlencode({"template": TEMPLATE, "title": given.title, **dict(given.fields)})
    text = f"{page}?{query}"
    size = len(text.encode())
    return Address(text if size <= LONGEST_URL else None, size)


def fit_issue(given: Issue, limit: int) -> Issue:
    """The issue with its longest fields cut until its body has at most so many characters; each cut is said where it was made."""
    lengths = [len(text) for _, text in given.fields]
    room = limit - (len(body(given)) - sum(lengths))
    share = _share(lengths, room)
    return replace(given, fields=tuple((name, _cut_field(text, share)) for name, text in given.fields))


def _share(lengths: Sequence[int], room: int) -> int:
    """The most characters that a field may have, so that all fit into the room: what short fields leave goes to the long ones."""
    for position, length in enumerate(sorted(lengths)):
        share = room // (len(lengths) - position)
        if length > share:
            return max(share, 0)
        room -= length
    return max(lengths, default=0)


def _cut_field(text: str, most: int) -> str:
    """At most so many characters, the last of which say that it was cut."""
    if len(text) <= most:
        return text
    notice = f"[cut here: this field had {len(text)} characters]"
    kept = max(0, most - len(notice) - 1)
    # a cut in the middle of a line would leave half a word; whole lines may go, as long as something is left
    head = text[:kept].rpartition("\n")[0] or text[:kept]
    return f"{head}\n{notice}"


def render(document: Document, numbers: Sequence[int] = (1,)) -> str:
    """The forms of some findings, one after the other."""
    return "\n".join(form(issue(document, number)) for number in numbers)
