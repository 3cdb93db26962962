"""A document as strict JSON and back, so that a report can be rendered again without judging anything again.

The file may be damaged, or a stranger's: every leaf is checked against the type that its field declares, tables and plots against their
own size, and a text that comes back is one that may be shown.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from qdiag.errors import TraceError
from qdiag.report.content.figures import word
from qdiag.report.outline import Chapter, Curve, Document, Drawing, GapPlot, HeatMap, Table
from qdiag.visible import make_visible

FORMAT = 1

LARGEST = 1 << 26
"""Bytes of a file that is read: a report of a million calls has fewer."""

LARGEST_DRAWING = 1 << 16
"""Places that a drawing may have: of a circuit only so many operations are drawn."""

LARGEST_HEAT_MAP = 256
"""Rows, and columns, of a table of differences that is shown."""

_JUDGE = "judge the run again with: qdiag diagnose"


class _Odd(Exception):
    """Something in the file is not as `save` writes it."""


def save(document: Document) -> str:
    """The text of a document's file."""
    return json.dumps({"format": FORMAT, "document": _plain(document)}, ensure_ascii=False, allow_nan=False) + "\n"


def read(path: Path) -> Document:
    """The document of a file.

    Raises
    ------
    TraceError
        If it cannot be read, or holds no document.
    """
    judge = f"{_JUDGE} {shlex.quote(str(path.parent))}"
    try:
        if not path.is_file():
            raise TraceError(f"{path} is no file", judge)
        if path.stat().st_size > LARGEST:
            raise TraceError(f"{path} has more than {LARGEST >> 20} MB, which no report has", judge)
        return load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror}", "check the file's permissions") from None
    except UnicodeDecodeError:
        raise TraceError(f"{path} is damaged", judge) from None
    except TraceError as error:
        raise TraceError(error.cause, judge) from None


def load(text: str) -> Document:
    """Read a document back.

    Raises
    ------
    TraceError
        If the text is no document, or was written by a newer qdiag.
    """
    try:
        stored = json.loads(text, parse_constant=_refuse)
        if not isinstance(stored, dict) or not isinstance(stored["document"], dict):
            raise _Odd
        if stored["format"] != FORMAT:
            raise TraceError("the report was written by another version of qdiag", _JUDGE)
        document: Document = _value_from_json(Document, _as_today(stored["document"]))
    except (_Odd, ValueError, KeyError, TypeError, RecursionError):
        raise TraceError("the stored report is damaged", _JUDGE) from None
    return document


def _refuse(constant: str) -> Any:
    raise _Odd


def _as_today(stored: dict[str, Any]) -> dict[str, Any]:
    """A document as it is stored today; earlier ones have the next step in one text, with three blanks before its reason."""
    if "follow_up" not in stored:
        return stored
    command, _, reason = _value_from_json(str, stored["follow_up"]).partition("   ")
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
        parts = _of(dict, stored)
        known = {f.name: _value_from_json(hints[f.name], parts[f.name]) for f in fields(kind) if f.name in parts}
        value = kind(**known)  # type: ignore[operator]
        if not _FITS.get(kind, lambda _: True)(value):
            raise _Odd
        return value
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Union:
        return None if stored is None else _value_from_json(arguments[0], stored)
    if origin is tuple:
        return tuple(_value_from_json(arguments[0], part) for part in _of(list, stored))
    if origin is dict:
        return _record(_of(dict, stored))
    return _LEAVES[kind](stored)


def _of(kind: type, stored: Any) -> Any:
    if type(stored) is not kind:
        raise _Odd
    return stored


def _number(stored: Any) -> float:
    return float(stored) if stored in ("nan", "inf", "-inf") or type(stored) is int else float(_of(float, stored))


def _whole(stored: Any) -> int:
    if abs(_of(int, stored)) >= 2**53:
        raise _Odd
    return int(stored)


_LEAVES: dict[Any, Callable[[Any], Any]] = {
    str: lambda stored: make_visible(_of(str, stored)),
    bool: lambda stored: _of(bool, stored),
    int: _whole,
    float: _number,
}


def _record(tree: Any) -> Any:
    """What findings.json holds: any JSON."""
    if isinstance(tree, dict):
        return {make_visible(key): _record(part) for key, part in tree.items()}
    if isinstance(tree, list):
        return [_record(part) for part in tree]
    return make_visible(tree) if isinstance(tree, str) else tree


# --- what fits together ----------------------------------------------------------------------------------------------------


def _document_fits(document: Document) -> bool:
    widths = ((document.refused, 2), (document.unanswered, 4))
    findings = document.record.get("findings", [])
    return all(table is None or len(table.header) == width for table, width in widths) and isinstance(findings, list)


def _drawing_fits(drawing: Drawing) -> bool:
    rows, columns = range(len(drawing.wires)), range(LARGEST_DRAWING // max(1, len(drawing.wires)))
    boxes = ((box.column in columns and bool(box.rows), box.rows + box.controls) for box in drawing.boxes)
    return bool(drawing.wires) and all(fits and all(row in rows for row in touched) for fits, touched in boxes)


def _plot_fits(plot: GapPlot) -> bool:
    return 0 <= plot.bound < math.inf and all(0 < height < math.inf for curve in plot.curves for height in curve.heights)


def _heat_map_fits(heat: HeatMap) -> bool:
    sizes = len(heat.rows), len(heat.columns)
    return all(0 < size <= LARGEST_HEAT_MAP for size in sizes) and [len(row) for row in heat.numbers] == [sizes[1]] * sizes[0]


_FITS: dict[Any, Callable[[Any], bool]] = {
    Document: _document_fits,
    Chapter: lambda chapter: chapter.number.isalnum() and (chapter.raised is None or len(chapter.raised.header) == 2),
    Table: lambda table: all(len(row) == len(table.header) for row in table.rows),
    Curve: lambda curve: 0 < len(curve.calls) == len(curve.heights),
    GapPlot: _plot_fits,
    HeatMap: _heat_map_fits,
    Drawing: _drawing_fits,
}
"""Whether the parts of a value belong together."""
