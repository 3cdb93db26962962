"""findings.json, schema 1: fields may be added, never renamed. Strict JSON: a number that is none is null, with a word beside it."""

from __future__ import annotations

import json

from qdiag.report.outline import Document


def render(document: Document) -> str:
    """The text of findings.json."""
    return json.dumps(document.record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def line(document: Document) -> str:
    """The same in one line, for a stream on which something else may stand before it."""
    return json.dumps(document.record, ensure_ascii=False, allow_nan=False)
