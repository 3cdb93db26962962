"""A zip that GitHub takes: the issue's text, the reproducer, findings.json, the minimal circuit; the trace only when asked for."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

from qdiag.errors import OutputError
from qdiag.report.content.drawing import text as drawing_text
from qdiag.report.formats import findings_json, github, markdown
from qdiag.report.outline import Document

LARGEST = 25_000_000
"""Bytes that GitHub takes in an attachment."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def contents(document: Document, number: int = 1) -> dict[str, str]:
    """The texts of a bundle by their names; every one comes from the redacted document."""
    files = {"findings.json": findings_json.render(document), "report.md": markdown.render(document)}
    if not document.chapters:
        return files
    chapter = document.chapters[number - 1]
    files["issue.md"] = github.body(github.issue(document, number))
    if chapter.reproducer:
        files["repro.py"] = chapter.reproducer.text
    drawn = chapter.after or chapter.before
    if drawn:
        files["circuit.txt"] = f"{drawn.alt}\n\n{drawing_text(drawn)}\n"
    return files


def write(path: Path, files: Mapping[str, str], trace: Optional[Path] = None) -> None:
    """Write a bundle.

    Parameters
    ----------
    path
        The zip.
    files
        Its texts (see `contents`).
    trace
        The trace, only where the user asked for it: it holds the user's data by nature, and is not redacted.

    Raises
    ------
    OutputError
        If it cannot be written, or is larger than GitHub takes.
    """
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name in sorted(files):
                # fixed times: a bundle of the same finding is the same file, and says nothing of when it was made
                bundle.writestr(zipfile.ZipInfo(name, _EPOCH), files[name], zipfile.ZIP_DEFLATED)
            if trace is not None:
                bundle.write(trace, "trace.qdiag")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}", "choose another file with -o") from None
    if path.stat().st_size > LARGEST:
        raise OutputError(f"{path} is larger than the {LARGEST // 1_000_000} MB that GitHub takes", "leave the trace out")
