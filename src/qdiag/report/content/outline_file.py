"""A document as strict JSON and back, so that a report can be rendered again without judging anything again."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from qdiag.errors import TraceError
from qdiag.report.content.figures import word
from qdiag.report.outline import Document

FORMAT = 1


def save(document: Document) -> str:
    """The text of a document's file."""
    return json.dumps({"format": FORMAT, "document": _plain(document)}, ensure_ascii=False, allow_nan=False) + "\n"


def load(text: str) -> Document:
    """Read a document back.

    Raises
    ------
    TraceError
        If the text is no document, or was written by a newer qdiag.
    """
    try:
        stored = json.loads(text)
        if stored["format"] != FORMAT:
            raise TraceError("the report was written by another version of qdiag", "judge the run again with: qdiag diagnose")
        document: Document = _value_from_json(Document, _as_today(stored["document"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise TraceError("the stored report is damaged", "judge the run again with: qdiag diagnose") from None
    return document


def _as_today(stored: dict[str, Any]) -> dict[str, Any]:
    """A document as it is stored today; earlier ones have the next step in one text, with three blanks before its reason."""
    if "follow_up" not in stored:
        return stored
    command, _, reason = stored["follow_up"].partition("   ")
    return {**stored, "next_step": {"command": [command], "arguments": [], "reason": reason} if command else None}


def _plain(tree: Any) -> Any:
    if is_dataclass(tree):
        return {f.name: _plain(getattr(tree, f.name)) for f in fields(tree)}
    if isinstance(tree, (tuple, list)):
        return [_plain(part) for part in tree]
    if isinstance(tree, dict):
        return {key: _plain(part) for key, part in tree.items()}
    if isinstance(tree, float) and not math.isfinite(tree):
        return word(tree)
    return tree


def _value_from_json(kind: Any, stored: Any) -> Any:
    """A value of the kind that a field's annotation names; what an earlier qdiag did not write yet is as it is by default."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        known = {f.name: _value_from_json(hints[f.name], stored[f.name]) for f in fields(kind) if f.name in stored}
        return kind(**known)  # type: ignore[operator]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Union:
        return None if stored is None else _value_from_json(arguments[0], stored)
    if origin is tuple:
        return tuple(_value_from_json(arguments[0], part) for part in stored)
    return float(stored) if kind is float else stored
