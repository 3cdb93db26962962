"""``qdiag check``: call what a module holds once, and judge every QNode call that it makes."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

import click

from qdiag.cli import json_arguments, options
from qdiag.cli.asked import options_of
from qdiag.cli.outcome import show_outcome
from qdiag.cli.progress import Voice
from qdiag.errors import QdiagError, UsageError, UserCodeError
from qdiag.evaluation.limits import SECONDS
from qdiag.pipeline import checking
from qdiag.trace import run_folder


@click.command(name="check", epilog="Example:  qdiag check --args values.json models.py:layer")
@click.option(
    "--args",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What to call it with: a JSON list of numbers and arrays, or an object of them by name.",
)
@options.methods
@options.tolerances
@options.assume_precision
@options.shrink
@options.probe
@options.output
@options.verdicts
@options.talk
@click.argument("target", metavar="MODULE:OBJECT")
def command(
    target: str,
    file: Optional[Path],
    methods: str,
    atol: Optional[float],
    rtol: Optional[float],
    assume_precision: Optional[str],
    no_minimize: bool,
    jobs: Optional[int],
    cluster: str,
    probe: bool,
    out: Optional[Path],
    force: bool,
    fail_on: str,
    as_json: bool,
    quiet: int,
    verbose: bool,
) -> int:
    """Call OBJECT of MODULE (package.module:object, or path/to/file.py:object) once, and judge every QNode call that it makes.

    Real numbers that a QNode is called with are differentiated by; a torch module is differentiated by its parameters.
    """
    arguments = json_arguments.Arguments() if file is None else json_arguments.read(file)
    called = _import_object(target)
    given: dict[str, Any] = {"methods": methods, "atol": atol, "rtol": rtol, "no_minimize": no_minimize, "jobs": jobs}
    given |= {"assume_precision": assume_precision, "cluster": cluster}
    chosen = replace(options_of({**_ALL_CALLS, **given}, trusted=True), probe=probe, own_process=False)
    run = run_folder.create(target.rpartition(":")[2], out, force=force)
    voice = Voice(quiet, verbose)
    outcome = _check_with_arguments(called, arguments, target, run=run, options=chosen, voice=voice)
    return show_outcome(outcome, voice, fail_on=fail_on, as_json=as_json)


_ALL_CALLS = {"every": None, "max_calls": None, "budget": None, "quick": False, "limit": SECONDS}


def _check_with_arguments(called: Callable[..., Any], arguments: json_arguments.Arguments, name: str, **given: Any) -> Any:
    from qdiag.bridges.live.argument_values import argument
    from qdiag.bridges.live.call_target import check_arguments

    args = [argument(value, called) for value in arguments.positional]
    kwargs = {key: argument(value, called) for key, value in arguments.named}
    try:
        check_arguments(called, args, kwargs)
    except TypeError as error:
        raise UsageError(f"{name} cannot be called so: {error}", "--args holds a list in order, or an object by name") from None
    try:
        return checking.check(called, args, kwargs, **given)
    except QdiagError:
        raise
    except Exception as error:
        words = f"{type(error).__name__}: {error}".split("\n")[0]
        raise UserCodeError(f"{name} raised {words}", "call it in Python with the same values to see where") from error


# --- the object ----------------------------------------------------------------------------------------------------------


def _import_object(target: str) -> Callable[..., Any]:
    """The object that MODULE:OBJECT names; the working folder is searched first, as ``python -m`` does."""
    written, colon, path = target.rpartition(":")
    if not colon or not written or not path:
        raise UsageError(f"'{target}' does not name an object", "write package.module:object, for example models:layer")
    module = _module_name(written)
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(f"{error.name}.")):
            raise UserCodeError(f"importing {module} raised {error}", "install what it imports") from error
        raise UsageError(f"there is no module {module}", "run qdiag in the folder that holds it, or install it") from None
    except Exception as error:
        raise UserCodeError(f"importing {module} raised {type(error).__name__}: {error}", "see that python can import it") from error
    for name in path.split("."):
        if not hasattr(found, name):
            raise UsageError(f"{module} has no object '{path}'", f"what it has at its top: {_callable_names(found)}")
        found = getattr(found, name)
    if isinstance(found, type) or not callable(found):
        kind = "a class" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise UsageError(f"{target} is {kind}, and cannot be called as it is", "name a QNode, or a module that is made already")
    return found  # type: ignore[no-any-return]


def _module_name(written: str) -> str:
    """The module's name, and where it is searched for."""
    folder, module = os.getcwd(), written
    if written.endswith(".py"):
        folder, module = os.path.dirname(os.path.abspath(written)), Path(written).stem
    sys.path.insert(0, folder)
    return module


def _callable_names(module: Any) -> str:
    """The names that a user may have meant."""
    names = [name for name, value in vars(module).items() if callable(value) and not isinstance(value, type) and name[0] != "_"]
    return ", ".join(names[:10]) or "nothing that can be called"
