"""certificate.json, schema 1: fields may be added, never renamed. Strict: a number that is none is null."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Optional

from qdiag._version import __version__
from qdiag.model.certificate import Certificate, Fault
from qdiag.model.findings import Finding
from qdiag.model.numerics.rounding import EPS64
from qdiag.trace import cells_file


def record_of(certificate: Certificate, verdict: str, sentence: str, badge: str) -> dict[str, Any]:
    """A certificate for machines."""
    abilities, stack = certificate.abilities, certificate.environment
    return {
        "schema": 1,
        "qdiag": __version__,
        "device": certificate.name,
        "options": {name: _plain(value) for name, value in certificate.device.device_options},
        "environment": {"python": stack.python, "platform": stack.platform, "packages": dict(stack.packages)},
        "precision": {"eps": abilities.eps, "single": abilities.eps > EPS64, "shots": abilities.shots},
        "methods": list(certificate.methods),
        "verdict": verdict.lower(),
        "sentence": sentence,
        "asked": certificate.asked,
        "total": certificate.total,
        "seed": certificate.seed,
        "seconds": round(certificate.seconds, 1),
        "interrupted": certificate.interrupted,
        "counts": dict(Counter(cell.standing.value for cell in certificate.cells)),
        "faults": [_fault(fault) for fault in certificate.faults],
        "badge": {"schemaVersion": 1, "label": "qdiag", "message": badge, "color": "red" if certificate.silent else "brightgreen"},
        "cells": [cells_file.record_of(cell) for cell in certificate.cells],
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def _fault(fault: Fault) -> dict[str, Any]:
    first = fault.cells[0]
    return {
        "about": fault.about,
        "column": fault.column,
        "cells": len(fault.cells),
        "error": first.error if math.isfinite(first.error) else None,
        "bound": first.bound,
        "promise": first.promise.value if first.promise else None,
        "representative": dict(zip(("operation", "measurement", "variation", "column"), first.key)),
        **finding_record(fault.finding),
    }


def finding_record(finding: Optional[Finding]) -> dict[str, Any]:
    """The cause of what is wrong, and the smallest circuit and the script that show it, as far as they are known."""
    record: dict[str, Any] = {"cause": None, "minimal": None, "reproducer": None}
    if finding is None:
        return record
    record["cause"] = {
        "code": finding.diagnosis.code,
        "slug": finding.diagnosis.slug,
        "confidence": finding.diagnosis.confidence.value,
        "because": finding.diagnosis.because,
    }
    if finding.minimal is not None:
        record["minimal"] = {"operations": finding.minimal.operations, "wires": finding.minimal.wires}
    if finding.reproducer is not None:
        record["reproducer"] = {"path": finding.reproducer.path, "verified": finding.reproducer.verified}
    return record
