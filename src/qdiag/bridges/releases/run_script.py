"""A script run on a release, with a word on how it ended: a program by itself, standard library only, for any Python from 3.9 on.

Started as ``python run_script.py SCRIPT WORD SECONDS NAMES``. A script of today may name what an older release calls otherwise, or
the other way round; the names that are missing are put into PennyLane here, and not into the script: it stays what a maintainer would
want to read. The exit code alone does not tell a verdict from an exception, so how the script ended is written to the file WORD.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import runpy
import sys
from contextlib import suppress
from typing import Any, Optional


def limit_processor_time(seconds: float) -> None:
    """End this process when it has computed for so long; not where there is no such limit."""
    try:
        import resource
    except ImportError:
        return
    whole = max(1, round(seconds))
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (whole, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def imports_pennylane(source: str) -> bool:
    """Whether a script imports PennyLane at its top."""
    with suppress(SyntaxError, ValueError):
        for line in ast.parse(source).body:
            names = [name.name for name in line.names] if isinstance(line, ast.Import) else []
            names += [line.module or ""] if isinstance(line, ast.ImportFrom) else []
            if any(name.partition(".")[0] == "pennylane" for name in names):
                return True
    return False


def add_names(module: Any, same: dict[str, str], renamed: dict[str, str]) -> None:
    """Give a module the names that it lacks, where it has the same under another one.

    What is the ``same`` today takes the place of what had the name before.
    """
    for name, other in {**same, **renamed}.items():
        if hasattr(module, other) and (name in same or not hasattr(module, name)):
            setattr(module, name, getattr(module, other))


def take_options(module: Any) -> None:
    """Let QNodes take the options of today: those of gradients in one dictionary, the shots, and how measurements within are treated.

    Before 0.41 the first are keywords of a QNode; before 0.43 the shots are an option of each call; before 0.37 every measurement
    within a circuit is deferred. Any other treatment raises: it would be taken for an option of a gradient, and not be heard.
    """
    plain, call = module.QNode.__init__, module.QNode.__call__
    taken = {name for name, parameter in inspect.signature(plain).parameters.items() if parameter.kind is not parameter.VAR_KEYWORD}

    def init(self: Any, *given: Any, **options: Any) -> None:
        if "gradient_kwargs" not in taken:
            options.update(options.pop("gradient_kwargs", None) or {})
        if "mcm_method" not in taken and options.pop("mcm_method", None) not in (None, "deferred"):
            raise TypeError("this release can only defer measurements within a circuit")
        self.shots_of_each_call = None if "shots" in taken else options.pop("shots", None)
        plain(self, *given, **options)

    def call_with_shots(self: Any, *given: Any, **named: Any) -> Any:
        shots = getattr(self, "shots_of_each_call", None)
        if shots is not None:
            named.setdefault("shots", shots)
        return call(self, *given, **named)

    if not {"gradient_kwargs", "mcm_method", "shots"} <= taken:
        module.QNode.__init__, module.QNode.__call__ = init, call_with_shots


def prepare(module: Any, same: dict[str, str], renamed: dict[str, str]) -> None:
    """Let a release take a script of today."""
    add_names(module, same, renamed)
    take_options(module)


def run(script: str) -> dict[str, Any]:
    """Run a script to its end: its exit code, the sentence it ends with, and whether an exception ended it."""
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as stop:
        return word_of(stop)
    except BaseException as error:
        told = {"raised": f"{type(error).__name__}: {error}"[:500]}
        trace: Optional[Any] = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != script:
            trace = trace.tb_next
        try:
            # a script may have its own way to end by an exception
            sys.excepthook(type(error), error.with_traceback(trace), trace)
        except SystemExit as stop:
            return {**word_of(stop), **told}
        return {"code": 1, "says": "", **told}
    return {"code": 0, "says": ""}


def word_of(stop: SystemExit) -> dict[str, Any]:
    """The exit code by which an interpreter ends, and the sentence where it is one."""
    if stop.code is None or isinstance(stop.code, int):
        return {"code": int(stop.code or 0), "says": ""}
    print(stop.code, file=sys.stderr)
    return {"code": 1, "says": str(stop.code)[:2000]}


if __name__ == "__main__":
    path, place, seconds, aliases = sys.argv[1:]
    limit_processor_time(float(seconds))
    # as `python script.py` has it
    sys.path[0] = os.path.dirname(path)
    sys.argv[:] = [path]
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    if imports_pennylane(text):
        # what cannot be imported the script says for itself
        with suppress(Exception):
            import pennylane

            prepare(pennylane, **json.loads(aliases))
    ended = run(path)
    with open(place, "w", encoding="utf-8") as file:
        json.dump(ended, file)
    sys.exit(ended["code"])
