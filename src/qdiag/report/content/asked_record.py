"""What a run was asked, as plain values: in findings.json, and in the trace from the recording on."""

from __future__ import annotations

from typing import Any

from qdiag.model.asked import Asked
from qdiag.report.content.figures import number_field
from qdiag.report.content.method_names import full


def asked_record(asked: Asked) -> dict[str, Any]:
    """What a run was asked: the methods, none for all that apply, the user's own tolerance, the precision where it is assumed."""
    tolerance = asked.tolerance
    return {
        "methods": [full(method) for method in asked.methods],
        **number_field("atol", tolerance.absolute),
        **number_field("rtol", tolerance.relative),
        **({"assume_precision": asked.assumed} if asked.assumed else {}),
    }
