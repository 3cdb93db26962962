"""hunt.json, schema 1: fields may be added, never renamed. Strict: a number that is none is null."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Optional

from qdiag._version import __version__
from qdiag.model.certificate import Certificate
from qdiag.model.hunt import Find, Hunt, Kind
from qdiag.model.numerics.rounding import EPS64
from qdiag.report.content.certificate_record import finding_record
from qdiag.report.content.known_faults import KnownFault


def record_of(
    hunt: Hunt, verdict: str, sentence: str, known: Sequence[Sequence[KnownFault]], new: Optional[Sequence[bool]]
) -> dict[str, Any]:
    """A hunt for machines; ``new`` says of each find whether an earlier hunt has it not."""
    first = hunt.parts[0]
    packages = dict(package for part in hunt.parts for package in part.environment.packages)
    return {
        "schema": 1,
        "qdiag": __version__,
        "environment": {"python": first.environment.python, "platform": first.environment.platform, "packages": packages},
        "verdict": verdict.lower(),
        "sentence": sentence,
        "seed": first.seed,
        "seconds": round(hunt.seconds, 1),
        "interrupted": hunt.interrupted,
        "devices": [_device(part) for part in hunt.parts],
        "finds": [_find(find, known[n], None if new is None else new[n]) for n, find in enumerate(hunt.finds)],
    }


def _device(part: Certificate) -> dict[str, Any]:
    return {
        "name": part.name,
        "methods": list(part.methods),
        "asked": part.asked,
        "total": part.total,
        "seconds": round(part.seconds, 1),
        "single": part.abilities.eps > EPS64,
        "counts": dict(Counter(cell.standing.value for cell in part.cells)),
    }


def _find(find: Find, known: Sequence[KnownFault], new: Optional[bool]) -> dict[str, Any]:
    first = find.first.cell
    return {
        "about": find.about,
        "kind": find.kind.value,
        "columns": list(find.columns),
        "promise": first.promise.value if first.promise else None,
        "words": first.words,
        "place": first.place,
        "error": first.error if find.kind is Kind.WRONG and math.isfinite(first.error) else None,
        "bound": first.bound,
        "known": [fault.reference for fault in known],
        "new": new,
        **finding_record(find.finding),
        "hits": [list(hit.key) for hit in find.hits],
    }
