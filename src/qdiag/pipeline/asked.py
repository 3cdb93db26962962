"""What a run was asked: methods and tolerance, as they were told when it was recorded, or when it was judged last.

Whoever judges a run again without telling them asks the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Optional

from qdiag.errors import QdiagError
from qdiag.judging.replay.plan import Plan
from qdiag.model.asked import Asked
from qdiag.model.comparison import Tolerance
from qdiag.model.measured import PRECISIONS
from qdiag.model.method import parse
from qdiag.report.content.asked_record import asked_record
from qdiag.trace import schema
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder


def asked_of(plan: Plan) -> Asked:
    """What a plan asks."""
    return Asked(plan.methods, plan.tolerance, plan.assumed)


def fact_of(plan: Plan) -> dict[str, str]:
    """The same as a fact of the trace."""
    return {schema.ASKED: json.dumps(asked_record(asked_of(plan)))}


def asked_before(run: RunFolder) -> Optional[Asked]:
    """What a run was asked when it was judged last, or when it was recorded; None where neither says so."""
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        return _read(json.loads(run.findings.read_text(encoding="utf-8"))["asked"])
    with suppress(QdiagError, ValueError, TypeError, KeyError, RecursionError), Trace.open(run.trace) as trace:
        return _read(json.loads(trace.fact(schema.ASKED)))
    return None


def asked_again(plan: Plan, before: Optional[Asked], *, methods: bool, tolerance: bool, assumed: bool) -> Plan:
    """A plan with what was asked before, where it is not told anew: the methods, the tolerance, the precision of devices."""
    if before is None:
        return plan
    return replace(
        plan,
        methods=plan.methods if methods else before.methods,
        tolerance=plan.tolerance if tolerance else before.tolerance,
        assumed=plan.assumed if assumed else before.assumed,
    )


def _read(stored: Mapping[str, Any]) -> Asked:
    methods, absolute, relative = stored["methods"], stored["atol"], stored["rtol"]
    if not (isinstance(methods, list) and all(isinstance(method, str) for method in methods)):
        raise TypeError("no list of methods")
    for number in (absolute, relative):
        if number is not None and not (isinstance(number, float) and math.isfinite(number) and number >= 0):
            raise TypeError("no tolerance")
    assumed = stored.get("assume_precision", "")
    if assumed not in ("", *PRECISIONS):
        raise TypeError("no precision")
    try:
        return Asked(tuple(map(parse, methods)), Tolerance(absolute, relative), assumed)
    except QdiagError as error:
        raise ValueError(str(error)) from None
