"""Scripts run on one release, each in a fork of an interpreter that has imported it: a program by itself, standard library only.

Started by a layer's interpreter as ``python reach_there.py RUN_SCRIPT NAMES SECONDS SCRIPT ...``. It prints a JSON object a line: the
script, how it ended, and what kind of an end that is. A script runs as a bisection runs it, by the same functions of the same file.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import re
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any, Optional

ANSWERS, ABSENT, BREAKS, MOVED, ARGUMENTS, OWN = "answers", "absent", "breaks down", "moved", "arguments", "own"
"""How a script can end: with a verdict; at a name, device or method that the release has not got; by an exception from within
the release; at a name that it has elsewhere; at an argument that it does not take; by any other exception of its own."""

UNKNOWN_NAME = re.compile(r"has no attribute '?(\w+)'?|cannot import name '(\w+)'")
UNKNOWN_ARGUMENT = re.compile(r"(\w+)(?:\.__init__)?\(\) got an unexpected keyword argument '\w+'")


def kind_of(error: BaseException, script: str) -> str:
    """Which kind of an end an exception is."""
    name = UNKNOWN_NAME.search(str(error))
    if isinstance(error, (AttributeError, ImportError)) and name and "pennylane" in str(error):
        return MOVED if has_elsewhere(name[1] or name[2]) else ABSENT
    if any(words in str(error) for words in ("Device does not exist", "not recognized. Allowed options", "does not exist. Make sure")):
        return ABSENT
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or frames[-1].filename != script:
        return BREAKS
    return ARGUMENTS if UNKNOWN_ARGUMENT.search(str(error)) else OWN


def arguments_of(error: BaseException) -> dict[str, Any]:
    """Of a call that does not fit: what is called, and the arguments that it takes on this release."""
    found = UNKNOWN_ARGUMENT.search(str(error))
    called = getattr(sys.modules["pennylane"], found[1], None) if found else None
    if found is None or called is None:
        return {}
    return {"called": found[1], "takes": sorted(inspect.signature(called).parameters)}


def has_elsewhere(name: str) -> bool:
    """Whether any loaded module of PennyLane has something of its own by that name."""
    modules = [module for key, module in list(sys.modules.items()) if key.partition(".")[0] == "pennylane" and module is not None]
    found = [vars(module).get(name) for module in modules]
    return any(str(getattr(one, "__module__", "")).startswith("pennylane") for one in found if one is not None)


class Watched:
    """`runpy` in the place of the one that a script is run by: it keeps the exception that ended it."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain
        self.error: Optional[BaseException] = None

    def run_path(self, *given: Any, **named: Any) -> Any:
        """Run it."""
        try:
            return self.plain.run_path(*given, **named)
        except BaseException as error:
            self.error = error
            raise


def answer(run_script: Any, script: str) -> dict[str, Any]:
    """Run a script here and say how it ended."""
    sys.path[0], sys.argv[:] = os.path.dirname(script), [script]
    watched = run_script.runpy = Watched(run_script.runpy)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        ended = run_script.run(script)
    raised = ended.get("raised")
    if raised is None or watched.error is None:
        return {**ended, "kind": ANSWERS if ended["code"] in (0, 1) else OWN}
    innermost = traceback.extract_tb(watched.error.__traceback__)[-1]
    place = f"{innermost.filename.rpartition('site-packages/')[2]}:{innermost.lineno} {innermost.line}"
    return {**ended, "kind": kind_of(watched.error, script), "place": place, **arguments_of(watched.error)}


def main() -> None:
    """Run each."""
    file, names, seconds, *scripts = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("run_script", file)
    assert spec is not None
    assert spec.loader is not None
    run_script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run_script)
    import pennylane

    with suppress(ImportError):
        import torch  # noqa: F401
    run_script.prepare(pennylane, **json.loads(names))
    for script in scripts:
        read, write = os.pipe()
        child = os.fork()
        if not child:
            run_script.limit_processor_time(float(seconds))
            os.write(write, json.dumps(answer(run_script, script)).encode()[:60_000])
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as stream:
            told = stream.read()
        os.waitpid(child, 0)
        found = json.loads(told) if told else {"code": None, "kind": BREAKS, "raised": "ended before its end, or too late"}
        print(json.dumps({"script": script, **found}), flush=True)


if __name__ == "__main__":
    main()
