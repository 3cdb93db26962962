"""The child process: becomes the script, exactly as ``python script.py args`` or ``python -m module args`` would run it.

Until the script itself imports PennyLane or torch nothing is loaded here that a bare interpreter does not have.
"""

from __future__ import annotations

import sys

from qdiag.recording import children, fork_hooks, frames, imports

TYPE_CHECKING = False  # as in `frames`
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def become() -> None:
    """Take the command line that the launcher wrote apart, and run what it names in ``__main__``."""
    import os

    kind, trace, target, *arguments = sys.argv[1:]
    here = sys.argv[0]
    main = sys.modules["__main__"]
    if hasattr(sys, "orig_argv") and here in sys.orig_argv:
        before = sys.orig_argv[: sys.orig_argv.index(here)]
        sys.orig_argv[:] = [*before, *(["-m"] if kind == "module" else []), target, *arguments]
    _forget(main)
    if hasattr(os, "register_at_fork"):
        fork_hooks.hooks_of_forks()
    imports.watch(trace, target, kind == "module", os.getpid())
    children.watch_starts(trace, os.getcwd() if kind == "module" else os.path.dirname(os.path.realpath(target)), os.getpid())
    try:
        if kind == "module":
            _run_module(target, arguments)
        elif kind == "folder":
            _run_folder(target, arguments)
        else:
            _run_script(main, target, arguments)
    except BaseException as error:
        frames.drop_frame()
        imports.script_failed(error)
        raise


frames.hide_frames(become)


def _forget(main: ModuleType) -> None:
    """Leave in ``__main__`` what a bare interpreter has there."""
    from _frozen_importlib import BuiltinImporter

    names = vars(main)
    builtins = names["__builtins__"]
    names.clear()
    names.update(__name__="__main__", __doc__=None, __package__=None, __loader__=BuiltinImporter, __spec__=None)
    if sys.version_info < (3, 14):
        names["__annotations__"] = {}
    names["__builtins__"] = builtins


def _first_path(folder: str) -> None:
    """Put the folder where Python puts the script's, unless a flag said not to."""
    ours = not (sys.flags.isolated or getattr(sys.flags, "safe_path", False))
    if ours:
        sys.path[0] = folder


def _run_script(main: ModuleType, script: str, arguments: list[str]) -> None:
    import os
    from _frozen_importlib_external import SourceFileLoader

    path = os.path.join(os.getcwd(), script)
    _first_path(os.path.dirname(os.path.realpath(path)))
    sys.argv[:] = [script, *arguments]
    vars(main).update(__file__=path, __cached__=None, __loader__=SourceFileLoader("__main__", path))
    if sys.version_info >= (3, 15):
        del vars(main)["__cached__"]
    try:
        with open(path, "rb") as file:
            source = file.read()
        exec(compile(source, path, "exec", dont_inherit=True), vars(main))
    except BaseException:
        frames.drop_frame()
        raise


frames.hide_frames(_run_script)


def _run_module(module: str, arguments: list[str]) -> None:
    import os
    import runpy

    _first_path(os.getcwd())
    sys.argv[:] = ["-m", *arguments]
    _run_as_main(runpy, module, True)


def _run_folder(folder: str, arguments: list[str]) -> None:
    import os
    import runpy

    # absolute, as Python puts it: a process that the script starts elsewhere is to find it too
    here = folder == "." and sys.version_info >= (3, 11)
    sys.path.insert(0, os.getcwd() if here else os.path.join(os.getcwd(), folder))
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[1]
    sys.argv[:] = [folder, *arguments]
    _run_as_main(runpy, "__main__", False)


def _run_as_main(runpy: Any, module: str, alter_argv: bool) -> None:
    try:
        runpy._run_module_as_main(module, alter_argv)
    except BaseException:
        frames.drop_frame()
        raise


for _function in (_run_module, _run_folder, _run_as_main):
    frames.hide_frames(_function)
