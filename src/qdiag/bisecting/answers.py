"""Answers of earlier bisections, one small file for each script: a line for each layer that was asked. So nothing is asked twice.

Only what a layer answered is kept. A time-out may be the machine's, and what cannot be installed today may be there tomorrow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

from qdiag.bisecting.asking import TIMED_OUT
from qdiag.model.bisection import Answer, Asked

MOST = 10_000
"""Lines that are read of a file."""


class Answers:
    """The answers of one script.

    Parameters
    ----------
    root
        The cache folder.
    source
        The script's text.
    """

    def __init__(self, root: Path, source: str) -> None:
        self._file = root / "answers" / f"{hashlib.sha256(source.encode()).hexdigest()[:16]}.jsonl"
        self._known: dict[str, Asked] = {}
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()[:MOST]
        except OSError:
            lines = []
        for line in lines:
            self._take(line)

    def known(self, layer: str) -> Optional[Asked]:
        """What a layer answered before."""
        return self._known.get(layer)

    def keep(self, layer: str, asked: Asked) -> None:
        """Keep an answer; where the cache cannot be written it is asked again another time."""
        if asked.answer is Answer.NOT_INSTALLED or asked.words.startswith(TIMED_OUT):
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps({"layer": layer, **record_of(asked)}) + "\n")
        except OSError:
            return

    def _take(self, line: str) -> None:
        try:
            record = json.loads(line)
            self._known[str(record["layer"])] = asked_from(record)
        except (ValueError, KeyError, TypeError, AttributeError):
            # the last line of a bisection that was killed
            return


def record_of(asked: Asked) -> dict[str, Any]:
    """An answer for a file; a difference that is no number is left out."""
    difference = asked.difference if asked.difference is not None and asked.difference == asked.difference else None
    return {
        "release": asked.release,
        "answer": asked.answer.value,
        "words": asked.words,
        "difference": difference if difference not in (float("inf"), float("-inf")) else None,
        "rows": [[label, list(map(_strict, numbers))] for label, numbers in asked.rows],
        "seconds": round(asked.seconds, 2),
    }


def _strict(number: float) -> Optional[float]:
    return number if abs(number) < float("inf") else None


def asked_from(record: Mapping[str, Any]) -> Asked:
    """The answer back.

    Raises
    ------
    KeyError, ValueError, TypeError
        If it is none.
    """
    rows = tuple((str(label), tuple(float("nan") if n is None else float(n) for n in numbers)) for label, numbers in record["rows"])
    difference = None if record["difference"] is None else float(record["difference"])
    found = Asked(str(record["release"]), Answer(record["answer"]), str(record["words"]), difference, rows, float(record["seconds"]))
    return replace(found, remembered=True)
