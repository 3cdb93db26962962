"""Two stacks for a workflow on GitHub: an annotation for each circuit that changed, and a summary in Markdown."""

from __future__ import annotations

from pathlib import PurePosixPath

from qdiag.report.content.two_stacks import Change, StacksPage
from qdiag.report.formats.markdown import bullets, plain

MOST_ANNOTATIONS = 10
"""GitHub shows no more errors of one step."""


def annotate(page: StacksPage, folder: str = "") -> str:
    """Workflow commands, one a line: nothing in a message can end its line, or begin another command.

    Parameters
    ----------
    page
        What was found.
    folder
        Where the script lies, as seen from the top of the repository: places are relative to it.
    """
    return "".join(f"{_annotation(change, folder)}\n" for change in page.changes[:MOST_ANNOTATIONS])


def _annotation(change: Change, folder: str) -> str:
    path = str(PurePosixPath(folder, change.path)) if change.path else ""
    place = f"file={_property(path)},line={max(1, change.line)}," if path else ""
    facts = "".join(f"\n{fact.label}: {fact.text}" for fact in change.facts)
    return f"::error {place}title={_property(change.title)}::{_message(change.sentence + facts)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def summary(page: StacksPage) -> str:
    """The page in Markdown: the step's summary, and a comment on a pull request."""
    blocks = [f"### {plain(page.title)}", f"**{plain(page.verdict)}** — {plain(page.sentence)}"]
    blocks.append(bullets([f"{fact.label}: {fact.text}" for fact in page.facts]))
    for change in page.changes:
        blocks.append(f"**{plain(change.title)}**")
        blocks.append(bullets([change.sentence, *(f"{fact.label}: {fact.text}" for fact in change.facts)]))
    blocks.append(bullets(page.notes))
    return "\n\n".join(block for block in blocks if block) + "\n"
