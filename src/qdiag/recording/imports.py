"""Waits for the script's own import of PennyLane, torch, optax, Equinox and Catalyst, and puts the hooks in right after it.

The import itself stays as it is: same loader, same spec, same order. What the hooks need is loaded only then.
"""

from __future__ import annotations

import sys

from qdiag.recording import frames

TYPE_CHECKING = False  # as in `frames`
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Callable, Optional

AWAITED = ("torch", "pennylane", "optax", "equinox", "catalyst", *frames.OF_COMPILATION)


class Watch:
    """A finder that finds nothing itself: it lets the others find, and is told when an awaited module is complete.

    Parameters
    ----------
    trace, target, module
        The trace's path, what the script is called, and whether it runs with ``-m``.
    home
        The script's own process: a framework may first be imported in one that it has forked.
    """

    awaited: tuple[str, ...] = AWAITED

    def __init__(self, trace: str, target: str, module: bool, home: int = 0) -> None:
        self.trace = trace
        self.target = target
        self.module = module
        self.home = home
        self.pending = set(self.awaited)

    def begin(self) -> None:
        """Hook what is loaded already, and wait for the rest."""
        self.pending -= set(sys.modules)
        sys.meta_path.insert(0, self)
        for name in self.awaited:
            if name in sys.modules:
                self.put_hooks(sys.modules[name])

    def end(self) -> None:
        """Wait no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Optional[ModuleType] = None) -> Any:
        """The spec that the other finders give; for an awaited module its loader tells us once it is done."""
        if name not in self.pending:
            return None
        self.pending.discard(name)
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                self._await(spec)
                return spec
        self.pending.add(name)
        return None

    def _await(self, spec: Any) -> None:
        loader = spec.loader
        original: Callable[[ModuleType], None] = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            try:
                del loader.exec_module
                original(module)
            except BaseException:
                self.pending.add(spec.name)
                frames.drop_frame()
                raise
            self.put_hooks(module)

        try:
            loader.exec_module = frames.hide_frames(exec_module)
        except AttributeError:
            self.pending.add(spec.name)

    def put_hooks(self, module: ModuleType) -> None:
        """Put the hooks of a module in; whatever fails there is ours alone."""
        if not self.pending:
            self.end()
        try:
            from qdiag.recording import collector

            with collector.pause_collector():
                self.hook(module)
        except Exception as error:
            _say(self.trace, error)

    def hook(self, module: ModuleType) -> None:
        """Put the hooks in, and have them record into the trace."""
        from qdiag.recording import hook_points

        hook_points.install(module, self.trace, self.target, self.module, self.home)


def watch(trace: str, target: str, module: bool, home: int) -> None:
    """Start waiting; what is loaded already is hooked at once."""
    Watch(trace, target, module, home).begin()


def script_failed(error: BaseException) -> None:
    """Record the exception that ends the script, if anything was being recorded."""
    observer = sys.modules.get("qdiag.recording.hook_points")
    if observer is not None:
        try:
            observer.script_failed(error)
        except Exception:
            return


def _say(trace: str, error: Exception) -> None:
    try:
        from pathlib import Path

        from qdiag.recording import words_left

        words_left.mark_stopped(Path(trace), f"{type(error).__name__}: {error}")
    except Exception:
        return
