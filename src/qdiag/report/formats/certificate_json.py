"""certificate.json, and the file that a badge reads."""

from __future__ import annotations

import json

from qdiag.report.certificate_outline import CertificatePage


def render(page: CertificatePage) -> str:
    """The text of certificate.json."""
    return json.dumps(page.record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def line(page: CertificatePage) -> str:
    """The same in one line."""
    return json.dumps(page.record, ensure_ascii=False, allow_nan=False)


def badge(page: CertificatePage) -> str:
    """What shields.io reads from an address (https://shields.io/badges/endpoint-badge)."""
    return json.dumps(page.record["badge"], ensure_ascii=False) + "\n"
