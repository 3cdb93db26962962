"""Values that are read while JAX traces, and change while what was compiled goes on with what they were.

Where a call is traced, the names are kept that the quantum function and the functions around it read, and copies of their plain values.
Each run that XLA makes in the script's own thread compares: the script stands at the call then, so another value at a run is one that
the call should have had. If there is any, the circuit is traced anew at the end in a copy of the process, with the old value and with
the later one. Only what comes out otherwise is told: a name that no number of the circuit depends on says nothing.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, Optional

from qdiag.bridges.codec import jax_numbers
from qdiag.model.baked_value import BakedValue
from qdiag.model.call import SourceLine
from qdiag.model.training import is_sampled
from qdiag.recording import confinement, fork_obstacles, forking, plain_values, probe_files, read_names, source_places, turns
from qdiag.trace import call_text

MOST_TRACES = 64
"""So many traced calls are watched in a run: each costs a look through what there is for the functions that it went through."""

SECONDS = 20
"""Processor time that the copy may take."""

PATIENCE = 30.0
"""Seconds for which it is waited for."""

OWN_RUNS = 2
"""From so many runs on, a value that a function sets itself should have been set again."""

APART = 1e-6
"""Outputs no further apart than this are as good as the same: what the script loses by the old value is nothing that it would see."""


class Reading:
    """A name, what it was when it was traced, and what it was later."""

    def __init__(self, name: read_names.Name, before: Any, level: int) -> None:
        self.name, self.before, self.level = name, before, level
        self.cheap = plain_values.is_cheap(before)
        self.later: Any = before
        self.call: Optional[int] = None
        self.stale = 0

    def look(self, call: int) -> None:
        """Compare at a run, which is the call at an index: the last other value counts, and the first call that it was missed at."""
        try:
            now = self.name.home.get()
            if not plain_values.looks_same(self.before, now):
                self.later = plain_values.copy_of(now)
                self.call = call if self.call is None else self.call
                self.stale += 1
        except (LookupError, ValueError, plain_values.NotPlainError):
            return

    @property
    def changed(self) -> bool:
        """Whether it has been another one at a run."""
        return self.call is not None and not plain_values.is_same(self.before, self.later)


class Level:
    """A function that was under way while a call was traced, and what it was given; the quantum function is the innermost."""

    def __init__(self, function: Any, shapes: Any) -> None:
        self.function = weakref.WeakMethod(function) if isinstance(function, types.MethodType) else weakref.ref(function)
        self.shapes = shapes


class Site:
    """A call as it was traced: its functions, the names that they read, the constants of its circuit."""

    def __init__(self, qnode: Any, levels: Sequence[Level], readings: list[Reading], fixed: Any) -> None:
        self.qnode = weakref.ref(qnode)
        self.levels, self.readings, self.fixed = levels, readings, fixed
        self.thread = threading.get_ident()
        self.runs, self.last = 0, 0
        self._held: list[Any] = []

    def hold(self) -> None:
        """Keep alive what is asked at the end; until there is something to be asked, nothing lives longer for being watched."""
        if self.suspects() and not self._held:
            owners = [reading.name.home.owner() for reading in self.readings]
            self._held = [self.qnode(), *owners, *(level.function() for level in self.levels)]

    def run(self, call: Optional[int]) -> None:
        """What was compiled has run once more, as the call at an index."""
        if threading.get_ident() != self.thread or call is None:
            # in a thread of XLA's the script may have gone on already
            return
        self.runs, self.last = self.runs + 1, call
        for reading in self.readings:
            if reading.cheap or is_sampled(self.runs):
                reading.look(call)
        self.hold()

    def suspects(self) -> list[Reading]:
        """The names to be asked for."""
        return [one for one in self.readings if one.call is not None or (one.name.own and self.runs >= OWN_RUNS)]


class BakedValues:
    """Watches the traced calls of one process.

    Parameters
    ----------
    path
        The trace.
    places
        Knows which code is the script's.
    tell
        Takes what was found.
    unseen
        Takes why nothing was found out, as a sentence.
    silence
        Turns the recording of the process off, in the copy.
    """

    def __init__(
        self,
        path: Path,
        places: source_places.Places,
        tell: Callable[[BakedValue], None],
        unseen: Callable[[str], None],
        silence: Callable[[], None],
    ) -> None:
        self._path, self._places, self._tell, self._unseen, self._silence = path, places, tell, unseen, silence
        self._sites: list[Site] = []
        self._traced = 0
        self._home = os.getpid()

    def site_of(self, qnode: Any, args: Sequence[Any], kwargs: dict[str, Any], tape: Any) -> Optional[Site]:
        """A call was traced for a compiler, with these arguments; None where it reads nothing that may change."""
        self._traced += 1
        if self._traced > MOST_TRACES or os.getpid() != self._home:
            return None
        from qdiag.bridges.live import jax_retrace

        given: list[tuple[Any, Any, Any]] = [(qnode.func, {}, jax_retrace.shapes_of(args, kwargs))]
        for function, frame in self._functions_around():
            given.append((function, frame.f_locals, jax_retrace.shapes_of(*_arguments_of(frame))))
        readings: list[Reading] = []
        levels: list[Level] = []
        for function, bound, shapes in given:
            with suppress(TypeError):
                levels.append(Level(function, shapes))
                readings += self._readings(function, bound, len(levels) - 1)
        if not readings:
            return None
        self._sites.append(Site(qnode, levels, readings, jax_retrace.fixed_among(tape.get_parameters(trainable_only=False))))
        return self._sites[-1]

    def _readings(self, function: Any, bound: Any, level: int) -> Iterator[Reading]:
        for name in read_names.names_read(function, bound, self._places.is_of_script):
            with suppress(LookupError, ValueError, plain_values.NotPlainError):
                yield Reading(name, plain_values.copy_of(name.home.get()), level)

    def _functions_around(self) -> list[tuple[Any, types.FrameType]]:
        """The script's functions on the way to the QNode that are traced themselves, from the innermost on."""
        frames: list[types.FrameType] = []
        traced = 0
        frame: Optional[types.FrameType] = sys._getframe(1)
        while frame is not None:
            if _begins_trace(frame):
                traced = len(frames)
            elif self._places.is_of_script(frame.f_code) and frame.f_code.co_name != "<module>":
                frames.append(frame)
            frame = frame.f_back
        frames = frames[:traced]
        holders = gc.get_referrers(*(frame.f_code for frame in frames)) if frames else []
        functions = {id(one.__code__): one for one in holders if isinstance(one, types.FunctionType)}
        return [(functions[id(frame.f_code)], frame) for frame in frames if id(frame.f_code) in functions]

    # --- at the end ----------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """The script is over: find out what the changed values would have made of the circuits."""
        suspected = [site for site in self._sites if site.suspects()]
        self._sites = []
        if not suspected or os.getpid() != self._home:
            return
        obstacle = fork_obstacles.obstacle(False)
        if obstacle:
            names = sorted({reading.name.text for site in suspected for reading in site.suspects()})
            told = f"What is compiled had read {', '.join(names[:4])}, which changed later; what that comes to was not asked"
            self._unseen(f"{told}: {obstacle}.")
            return
        path = self._path.with_name(f"{self._path.name}.baked")
        file = probe_files.make_file(path)
        try:
            made = forking.in_a_copy(functools.partial(self._examine, suspected, file), [file], int(PATIENCE), gives_way=False)
            os.close(file)
            until = time.monotonic() + PATIENCE
            while made and probe_files.is_running(path) and time.monotonic() < until:
                time.sleep(probe_files.LOOKS[0])
            from qdiag.trace import call_parser

            for line in path.read_bytes().decode().split("\n")[:-1]:
                if not line.startswith("#"):
                    self._tell(call_parser.value_from(BakedValue, line))
        finally:
            path.unlink()

    def _examine(self, suspected: Sequence[Site], file: int) -> None:
        """In the copy."""
        self._silence()

        def end(words: str) -> NoReturn:
            turns.say_why(file, words)
            os._exit(0)

        if not confinement.confine(file, SECONDS, end):
            end("the kernel does not confine it")
        for site in suspected:
            for found in self.examined(site):
                forking.write_out(file, (call_text.text_of(found) + "\n").encode())

    def examined(self, site: Site) -> Iterator[BakedValue]:
        """What the suspected names of a call come to: those on which its circuit depends."""
        suspects = [one for one in site.suspects() if one.changed or one.name.own]
        for reading in suspects:
            for level in site.levels[reading.level :]:
                with suppress(Exception):
                    found = self._compared(site, level, reading, suspects)
                    if found is not None:
                        yield found
                    break

    def _compared(self, site: Site, level: Level, reading: Reading, suspects: Sequence[Reading]) -> Optional[BakedValue]:
        from qdiag.bridges.live import jax_retrace

        function, qnode = level.function(), site.qnode()

        def traced_with(**values: Any) -> Any:
            for one in suspects:
                one.name.home.put(_again(values["others"] if one is not reading else values["this"], one))
            return jax_retrace.circuit_anew(qnode, function, level.shapes)

        if reading.name.own:
            # as the first of two calls without the compiler, and the second
            traced_with(others="later", this="before")
            reading.later = plain_values.copy_of(reading.name.home.get())
        old = traced_with(others="later", this="before")
        new, again = (traced_with(others="later", this="later") for _ in range(2))
        numbers = jax_retrace.numbers_apart(old, new)
        gap, repeated = jax_retrace.gap_between(old, new), jax_retrace.gap_between(new, again)
        if not numbers or jax_retrace.numbers_apart(new, again) or (gap is not None and gap <= APART):
            return None
        counts = any(one.name.own for one in suspects)
        same = None if counts else jax_retrace.is_as_compiled(traced_with(others="before", this="before"), site.fixed)
        return BakedValue(
            reading.call if reading.call is not None else site.last,
            reading.name.text,
            reading.name.code.co_name,
            SourceLine(self._places.relative(reading.name.code.co_filename), reading.name.line, reading.name.code.co_name),
            plain_values.words_of(reading.before),
            plain_values.words_of(reading.later),
            reading.stale,
            site.runs,
            reading.name.own,
            numbers[:8],
            gap,
            repeated,
            same,
        )


def _again(which: str, reading: Reading) -> Any:
    return plain_values.copy_of(reading.before if which == "before" else reading.later)


def _begins_trace(frame: types.FrameType) -> bool:
    """Whether JAX begins in this frame to trace a function for a compiler, or for one of its loops."""
    name = frame.f_code.co_name
    return name.startswith("trace_to_jaxpr") and jax_numbers.is_of_jax_module(frame.f_globals.get("__name__", ""))


def _arguments_of(frame: types.FrameType) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a function under way was called with, as far as its names still stand for that."""
    code, values = frame.f_code, frame.f_locals
    names, only_named = code.co_varnames[: code.co_argcount], code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
    rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount :]
    positional = tuple(values[name] for name in names)
    has_rest, has_named = bool(code.co_flags & 4), bool(code.co_flags & 8)
    if has_rest:
        positional += tuple(values[rest[0]])
    named = {name: values[name] for name in only_named}
    if has_named:
        named.update(values[rest[int(has_rest)]])
    return positional, named
