"""Options that several commands share, under the same names, with the same help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar

import click

from qdiag.cli import completion
from qdiag.errors import UsageError
from qdiag.evaluation.limits import SECONDS
from qdiag.model.measured import PRECISIONS

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]


def together(*decorators: Decorator[Any]) -> Decorator[Any]:
    """Several options as one decorator, in the order in which help lists them."""

    def apply(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


def check_script(script: str, module: bool) -> None:
    """See whether Python would find a script; of a module only Python knows.

    Raises
    ------
    UsageError
        If there is none, or a folder that Python would not run.
    """
    if module:
        return
    if not os.path.exists(script):
        raise UsageError(f"there is no script {script}", "check the path; for a module, pass -m")
    if os.path.isdir(script) and not os.path.exists(os.path.join(script, "__main__.py")):
        raise UsageError(f"{script} is a folder without a __main__.py, which Python does not run", "name the script in it")


output = together(
    click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Write here instead of the next qdiag-runs/NAME-N/."),
    click.option("--force", is_flag=True, help="Replace an earlier run in --out."),
)

probe = click.option(
    "--probe/--no-probe",
    default=True,
    help="Also evaluate each QNode itself, in forked copies of the script's process (Linux).  [default: probe]",
)

methods = click.option(
    "--methods",
    default="auto",
    show_default=True,
    metavar="LIST",
    help="Methods to replay, separated by commas: [device/]diff_method[+jit][@precision]. auto: all deterministic ones that apply.",
    shell_complete=completion.methods,
)

tolerances = together(
    click.option("--atol", type=click.FloatRange(min=0), metavar="X", help="Absolute tolerance instead of the derived bound."),
    click.option("--rtol", type=click.FloatRange(min=0), metavar="X", help="Relative tolerance instead of the derived bound."),
)

assume_precision = click.option(
    "--assume-precision",
    type=click.Choice(PRECISIONS),
    help="The precision that the devices work in, instead of measuring it.",
)



def _checked_cluster(context: click.Context, option: click.Parameter, value: Optional[str]) -> str:
    if value:
        from qdiag.evaluation.executor import check_cluster

        check_cluster(value)
    return value or ""


workers = together(
    click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes.  [default: one a core, as memory allows]"),
    click.option(
        "--cluster",
        metavar="ADDRESS",
        callback=_checked_cluster,
        help="Evaluate by the workers of a Dask cluster instead: tcp://HOST:PORT, or local:N.",
    ),
)

shrink = together(click.option("--no-minimize", is_flag=True, help="Do not shrink the failing circuit."), workers)

replay = together(
    methods,
    tolerances,
    assume_precision,
    click.option("--every", type=click.IntRange(min=1), metavar="N", help="Replay expensive methods at every N-th call."),
    click.option("--max-calls", type=click.IntRange(min=1), metavar="N", help="Replay the first N calls only."),
    click.option(
        "--budget", type=click.FloatRange(min=0), metavar="SECONDS", help="Judge no longer than this; go on with diagnose later."
    ),
    click.option(
        "--limit",
        type=click.FloatRange(min=0, min_open=True),
        default=SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="Processor time for one evaluation.",
    ),
    click.option("--quick", is_flag=True, help="End with the first answer: cheap methods, who is wrong; no cause, no script."),
    shrink,
)

verdicts = together(
    click.option(
        "--fail-on",
        type=click.Choice(["error", "rounding", "any", "never"]),
        default="error",
        show_default=True,
        help="What makes the exit code 1; any: also what is only remarked, such as a wrong method that the script does not use.",
    ),
)

talk = together(
    click.option("--json", "as_json", is_flag=True, help="Print what is in the JSON file, as the last line of stdout."),
    click.option("-q", "--quiet", count=True, help="No progress; twice: no summary either."),
    click.option("-v", "--verbose", is_flag=True, help="Say more: all methods, all evidence."),
)

json_only = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")

trust = click.option("--trust", is_flag=True, help="Execute class definitions that the trace carries. Only for traces of your own.")
