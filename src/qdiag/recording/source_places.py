"""Where in the user's code a call comes from: the first frame that is no framework's, best of all inside the script's folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any, Optional

from qdiag.bridges.live import qnode_attributes
from qdiag.model.call import SourceLine
from qdiag.recording import frames

_FRAMEWORKS = ("pennylane", "pennylane_lightning", "torch", "autograd", "jax", "catalyst", "qdiag")
_FRAMEWORK, _ELSEWHERE, _INSIDE, _TOP = range(4)
_COMMANDS = os.path.join("qdiag", "cli", "")


class Places:
    """Finds the user's line for a frame, in a file or a notebook's cell; what it finds out about a code object it remembers.

    Parameters
    ----------
    folder
        The script's folder.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._kinds: dict[int, tuple[CodeType, int, str]] = {}
        self._paths: dict[str, str] = {}
        self._lines: dict[tuple[int, int], SourceLine] = {}
        self._frameworks: tuple[str, ...] = ()
        self.learn_frameworks()

    def learn_frameworks(self) -> None:
        """Look again where the frameworks live: one may have been imported since."""
        homes = (getattr(sys.modules.get(name), "__file__", None) for name in _FRAMEWORKS)
        self._frameworks = tuple(os.path.dirname(home) + os.sep for home in homes if home)
        self._kinds.clear()
        self._lines.clear()

    def caller(self, frame: Optional[FrameType]) -> tuple[SourceLine, str]:
        """The line that leads to a frame's callee, and the layer that made the call ("" for none)."""
        layer = ""
        outside: Optional[FrameType] = None
        if frame is not None:
            layer = self._code_facts(frame.f_code)[2]
        while frame is not None:
            kind = self._code_facts(frame.f_code)[1]
            if kind == _INSIDE:
                return self._line(frame), layer
            if kind == _TOP:
                break
            if kind == _ELSEWHERE and outside is None:
                outside = frame
            frame = frame.f_back
        return (SourceLine("", 0) if outside is None else self._line(outside)), layer

    def is_of_script(self, code: CodeType) -> bool:
        """Whether code is the script's own, or that of a module in its folder."""
        return self._code_facts(code)[1] == _INSIDE

    def library(self, frame: Optional[FrameType]) -> str:
        """The file of a framework's that the user called, where that led to a frame's callee; "" where the user called it."""
        outermost = ""
        while frame is not None and self._code_facts(frame.f_code)[1] == _FRAMEWORK:
            if frame.f_code.co_filename.startswith(self._frameworks):
                outermost = os.path.basename(frame.f_code.co_filename)
            frame = frame.f_back
        return outermost

    def user_line(self, entries: Iterable[tuple[str, int, str]]) -> SourceLine:
        """The user's line among files, lines and functions of a stack, the innermost first."""
        outside: Optional[SourceLine] = None
        for path, line, function in entries:
            kind = self._kind(path)
            if kind == _INSIDE:
                return SourceLine(self.relative(path), line, function)
            if kind == _ELSEWHERE and outside is None:
                outside = SourceLine(self.relative(path), line, function)
        return outside or SourceLine("", 0)

    def definition(self, code: Optional[CodeType]) -> SourceLine:
        """Where a function is defined."""
        return SourceLine("", 0) if code is None else SourceLine(self.relative(code.co_filename), code.co_firstlineno, code.co_name)

    def relative(self, path: str) -> str:
        """A path as reports show it: a cell's number, or below the script's folder, the working folder, or a folder of ``sys.path``."""
        known = self._paths.get(path)
        if known is None:
            known = self._paths[path] = _cell(path) or self._relative(path)
        return known

    def _relative(self, path: str) -> str:
        if not os.path.isabs(path):
            return path
        for folder in (self.folder, os.getcwd(), *sys.path):
            if folder and path.startswith(os.path.join(os.path.abspath(folder), "")):
                return os.path.relpath(path, folder)
        return os.path.basename(path)

    def _line(self, frame: FrameType) -> SourceLine:
        code = frame.f_code
        key = (id(code), frame.f_lineno)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = SourceLine(self.relative(code.co_filename), frame.f_lineno, code.co_name)
        return line

    def _code_facts(self, code: CodeType) -> tuple[CodeType, int, str]:
        known = self._kinds.get(id(code))
        if known is None:
            filename = code.co_filename
            known = self._kinds[id(code)] = (code, self._kind(filename), qnode_attributes.layer_called(filename, code.co_name))
        return known

    def _kind(self, filename: str) -> int:
        if filename.startswith(self._frameworks) and _COMMANDS in filename:
            # a command of ours made the call, and what lies above it is none of the user's
            return _TOP
        if filename == frames.MACHINERY or filename.startswith(("<frozen", *self._frameworks)):
            return _FRAMEWORK
        inside = filename.startswith(os.path.join(self.folder, "")) and "site-packages" not in filename
        return _INSIDE if inside or _cell(filename) else _ELSEWHERE


def _cell(filename: str) -> str:
    """What IPython calls the cell that it compiled under this name: ``In[5]``; "" where it is none."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    named = getattr(getattr(shell, "compile", None), "format_code_name", lambda name: None)(filename)
    return str(named[1]) if named else ""
