"""From the options of the command line to those of the pipeline. Loads nothing that judges: who only records waits for none of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qdiag.cli import completion
from qdiag.errors import MethodError
from qdiag.judging.replay.plan import Plan
from qdiag.model.comparison import Tolerance
from qdiag.model.method import Method, parse_list
from qdiag.pipeline.run_options import Options


def options_of(given: Mapping[str, Any], *, trusted: bool) -> Options:
    """The pipeline's options from those of the command line."""
    methods = () if given["methods"] == "auto" else _require_devices(parse_list(given["methods"]))
    plan = Plan(
        methods=methods,
        every=given["every"],
        max_calls=given["max_calls"],
        budget=given["budget"],
        tolerance=Tolerance(given["atol"], given["rtol"]),
        trusted=trusted,
        assumed=given.get("assume_precision") or "",
    )
    return Options(
        plan,
        given["jobs"],
        not given["no_minimize"],
        trusted=trusted,
        own_process=True,
        quick=given["quick"],
        limit=given["limit"],
        cluster=given["cluster"],
    )


def _require_devices(methods: tuple[Method, ...]) -> tuple[Method, ...]:
    """The methods, if this environment has their devices: asked of the plugins' entry points, without loading PennyLane."""
    known = sorted({point.name for point in completion.plugins()})
    for method in methods:
        if method.device and known and method.device not in known:
            raise MethodError(f"there is no device '{method.device}' here", "installed are " + ", ".join(known))
    return methods
