"""Python processes that the script starts are recorded, too, and so is a Python that takes the script's place.

Whoever starts one in a recorded process puts two variables into its environment: the folder of a ``sitecustomize`` of ours in front
of ``PYTHONPATH``, and what to record into. The new process takes both out again before anything of the user's runs, and waits for its
own import of PennyLane or torch. The script's environment stays what it is, and so does that of programs that are no Python.

Like all that is loaded before the script's own imports, this uses nothing that a bare interpreter does not have.
"""

from __future__ import annotations

import os
import sys

from qdiag.recording import frames, imports

TYPE_CHECKING = False  # as in `frames`
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType
    from typing import Any, Callable, Optional

VARIABLE = "QDIAG_RECORDED_BY"
"""Holds the trace, the script's folder, its process, and what ``PYTHONPATH`` was (or a sign that it was not)."""

_PATH = "PYTHONPATH"
_SEPARATOR = "\x1f"
_UNSET = "\x1e"
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "started")


class Parent:
    """What a recorded process hands on to those that it starts."""

    __slots__ = ("folder", "home", "trace")

    def __init__(self, trace: str, folder: str, home: int) -> None:
        self.trace = trace
        self.folder = folder
        self.home = home

    def text(self, path: Optional[str]) -> str:
        """As a variable's value, with what ``PYTHONPATH`` is."""
        return _SEPARATOR.join((self.trace, self.folder, str(self.home), _UNSET if path is None else path))


_parent: Optional[Parent] = None


def watch_starts(trace: str, folder: str, home: int) -> None:
    """From here on, Python processes that this one starts record beside the trace.

    Parameters
    ----------
    trace, folder
        The trace's path and the script's folder.
    home
        The script's own process.
    """
    global _parent
    _parent = Parent(trace, folder, home)
    for name, words, given in _STARTERS:
        _replace(os, name, words, given)
    _Subprocess(trace, "", False, home).begin()


def leave() -> None:
    """What this process starts from here on is not recorded."""
    global _parent
    _parent = None
    for finder in list(sys.meta_path):
        if isinstance(finder, (_Subprocess, _Frameworks)):
            finder.end()


class _Subprocess(imports.Watch):
    """Waits for the module by which most processes are started; ``multiprocessing`` goes by what lies below it."""

    awaited: tuple[str, ...] = ("subprocess",)

    def hook(self, module: Any) -> None:
        """Replace the function by which processes are started."""
        below: Any = sys.modules.get("_posixsubprocess")
        if below is not None:
            ours = _replace(below, "fork_exec", _words_of_fork_exec, 5)
            if hasattr(module, "_fork_exec"):
                module._fork_exec = ours


# --- in a process that was started ------------------------------------------------------------------------------------


def take_over(folder: str) -> None:
    """Put the environment back as it was meant, and record as the process does that has started this one.

    Parameters
    ----------
    folder
        That of our ``sitecustomize``, as it stands in ``sys.path``.
    """
    words = os.environ.pop(VARIABLE, "")
    while folder in sys.path:
        sys.path.remove(folder)
    sys.path_importer_cache.pop(folder, None)
    if not words:
        return
    trace, scripts, home, path = words.split(_SEPARATOR)
    if path == _UNSET:
        os.environ.pop(_PATH, None)
    else:
        os.environ[_PATH] = path
    watch_starts(trace, scripts, int(home))
    _Frameworks(trace, scripts, False, int(home)).begin()


class _Frameworks(imports.Watch):
    """Puts the hooks in once a framework is there; ``target`` is the folder of the script that began it all."""

    def hook(self, module: ModuleType) -> None:
        """Record beside the trace; in the trace itself, where the script has only started anew."""
        from qdiag.recording import current, hook_points

        if os.getpid() == self.home and module.__name__ == "pennylane":
            import atexit

            atexit.register(_tell_failure)
        hook_points.record_into(module, current.Wanted(self.trace, self.target, home=self.home))


def _tell_failure() -> None:
    error = getattr(sys, "last_value", None)
    if error is not None:
        imports.script_failed(error)


# --- where processes are started --------------------------------------------------------------------------------------


def _replace(owner: Any, name: str, words_of: Callable[..., Sequence[Any]], given: Optional[int]) -> Any:
    """Put a function of ours over one that starts processes.

    Parameters
    ----------
    owner, name
        Where it is.
    words_of
        Takes its arguments, and gives the words of the command, the program first.
    given
        The position of the environment among its arguments; None where it is this process's.
    """
    original = getattr(owner, name, None)
    if original is None or getattr(original, "_recorded_by_qdiag", False):
        return original

    def start(*args: Any, **kwargs: Any) -> Any:
        lent = None
        try:
            if _parent is not None and _reaches(_parent, words_of(*args, **kwargs)):
                if name.startswith("exec"):
                    _flush()
                if given is None or len(args) <= given or args[given] is None:
                    lent = _lend(_parent)
                else:
                    args = (*args[:given], _with_variables(args[given], _parent), *args[given + 1 :])
        except Exception as error:
            _note_beside(_parent.trace if _parent is not None else "", f"{name}: {error}"[:100])
        try:
            return original(*args, **kwargs)
        except BaseException:
            frames.drop_frame()
            raise
        finally:
            if lent is not None:
                _take_back(lent)

    start.__name__, start.__qualname__, start.__doc__ = name, name, original.__doc__
    start.__module__ = original.__module__
    start._recorded_by_qdiag = True  # type: ignore[attr-defined]
    if original in os.supports_fd:
        os.supports_fd.add(start)
    setattr(owner, name, frames.hide_frames(start))
    return start


def _words_of_program(path: Any, args: Sequence[Any], *rest: Any, **options: Any) -> list[Any]:
    return [path, *args[1:]]


def _words_of_fork_exec(args: Sequence[Any], programs: Sequence[Any], *rest: Any) -> list[Any]:
    return [programs[-1], *args[1:]]


def _words_of_system(command: Any) -> list[Any]:
    return ["sh", "-c", command]


_STARTERS: tuple[tuple[str, Callable[..., list[Any]], Optional[int]], ...] = (
    ("execv", _words_of_program, None),
    ("execve", _words_of_program, 2),
    ("posix_spawn", _words_of_program, 2),
    ("posix_spawnp", _words_of_program, 2),
    ("system", _words_of_system, None),
)
"""What ``os`` starts processes by, in the end: the function, its words, and the position of the environment."""


def _flush() -> None:
    """Complete what this program recorded: another one, which goes on with the recording, is about to take its place."""
    current = sys.modules.get("qdiag.recording.current")
    recorder = getattr(current, "recorder", None)
    if recorder is not None:
        recorder.end()


# --- which processes are Python ---------------------------------------------------------------------------------------


def _reaches(parent: Parent, words: Sequence[Any]) -> bool:
    """Whether a command starts a Python that can be recorded; one that cannot be is noted beside the trace."""
    if _is_for_qdiag():
        return False
    program, *rest = [os.fsdecode(word) for word in words]
    python = program if is_python(program) else _interpreter_of(program)
    if not python:
        return any(is_python(part.strip("\"'();&|`")) for word in rest for part in word.split())
    if not ignores_environment((*python.split()[1:], *rest)):
        return True
    _note_beside(parent.trace, " ".join((program, *rest))[:100])
    return False


def _note_beside(trace: str, command: str) -> None:
    from qdiag.recording import words_left

    try:
        os.symlink(command, trace + words_left.UNREACHED)
    except OSError:
        return  # it was said before, or there is no place to say it


def _is_for_qdiag() -> bool:
    """Whether qdiag itself starts the process, which judges in the middle of a recorded program."""
    frame = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("qdiag.") and not name.startswith("qdiag.recording."):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def is_python(word: str) -> bool:
    """Whether a word is the name or path of an interpreter."""
    name = word.rpartition("/")[2]
    return (name.startswith("python") and not name[6:].strip("0123456789.t")) or (bool(word) and word == sys.executable)


def _interpreter_of(program: str) -> str:
    """What the first line of a script names, where that is Python, with its options; else ""."""
    try:
        with open(program, "rb") as file:
            line = file.readline(200)
    except OSError:
        return ""
    if not line.startswith(b"#!"):
        return ""
    words = [word for word in os.fsdecode(line[2:]).split() if not word.endswith("/env")]
    return " ".join(words) if words and is_python(words[0]) else ""


def ignores_environment(options: Iterable[str]) -> bool:
    """Whether an interpreter with these words behind it looks at no ``PYTHONPATH``, or loads no ``sitecustomize``."""
    is_value = False
    for word in options:
        if is_value:
            is_value = False
            continue
        if len(word) < 2 or not word.startswith("-") or word.startswith("--"):
            return False
        for place, letter in enumerate(word[1:], start=2):
            if letter in "EIS":
                return True
            if letter in "cm":
                return False
            if letter in "WX":
                is_value = len(word) == place
                break
    return False


# --- the environment of a process that is started ---------------------------------------------------------------------


def _with_variables(environment: Any, parent: Parent) -> Any:
    """A copy of an environment, as a mapping or a list of pairs, with ours in it."""
    if hasattr(environment, "keys"):
        return _with_variables_by_name(environment, parent)
    pairs = [os.fsencode(pair) for pair in environment]
    path = next((pair[len(_PATH) + 1 :] for pair in pairs if pair.startswith(_PATH.encode() + b"=")), None)
    ours = {name: os.fsencode(value) for name, value in _variables(parent, None if path is None else os.fsdecode(path))}
    kept = [pair if pair.partition(b"=")[0] != _PATH.encode() else _PATH.encode() + b"=" + ours[_PATH] for pair in pairs]
    added = [_PATH] if path is None else []
    return [*kept, *(name.encode() + b"=" + ours[name] for name in (*added, VARIABLE))]


def _with_variables_by_name(environment: Any, parent: Parent) -> dict[Any, Any]:
    given = dict(environment)
    key: Any = next((key for key in given if os.fsdecode(key) == _PATH), _PATH)
    path = given.get(key)
    (_, ours), (name, value) = _variables(parent, None if path is None else os.fsdecode(path))
    return {**given, key: ours, name: value}


def _variables(parent: Parent, path: Optional[str]) -> tuple[tuple[str, str], tuple[str, str]]:
    return (_PATH, f"{_FOLDER}{os.pathsep}{path}" if path else _FOLDER), (VARIABLE, parent.text(path))


def _lend(parent: Parent) -> Optional[str]:
    """Put ours into the environment that a process inherits, below what the script sees of it; returns what to put back."""
    path = os.environ.get(_PATH)
    for name, value in _variables(parent, path):
        _below.putenv(os.fsencode(name), os.fsencode(value))
    return path if path is not None else _UNSET


def _take_back(path: str) -> None:
    if path == _UNSET:
        _below.unsetenv(_PATH.encode())
    else:
        _below.putenv(_PATH.encode(), os.fsencode(path))
    _below.unsetenv(VARIABLE.encode())


_below: Any = sys.modules.get("posix") or os
