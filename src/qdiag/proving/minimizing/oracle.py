"""Whether a candidate is interesting: asked once for each distinct circuit, counted and timed, some ahead of time in threads.

What "interesting" means is a function handed in (see `difference`). A candidate that cannot be built or evaluated is not
interesting. What is asked ahead only fills the cache, so answers and counts do not depend on how many threads there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Optional

from qdiag.errors import QdiagError
from qdiag.evaluation.answers import tell_own_failure
from qdiag.model.circuit import Circuit
from qdiag.trace.keys import circuit_key

Interesting = Callable[[Circuit], bool]
"""Whether a circuit still shows what is looked for; may raise where the circuit cannot be evaluated."""


def key_of(candidate: Circuit) -> str:
    """The key of all that an evaluation sees of a candidate: notes are for readers.

    Raises
    ------
    CircuitFormatError
        If the candidate holds something that no circuit can hold.
    """
    return circuit_key(replace(candidate, notes=()) if candidate.notes else candidate)


class Oracle:
    """Answers each distinct circuit once.

    Parameters
    ----------
    interesting
        The question; called from several threads at once where ``width`` is more than one.
    width
        How many candidates may be under way together, the one that is waited for among them.

    Attributes
    ----------
    calls
        Answers that the search needed and that were not known before.
    failures
        Those of them whose candidate could not be built or evaluated.
    seconds, failed_seconds
        Time spent waiting for answers, and for those that failed.
    """

    def __init__(self, interesting: Interesting, *, width: int = 1) -> None:
        self.interesting = interesting
        self.width = width
        self.calls = 0
        self.failures = 0
        self.seconds = 0.0
        self.failed_seconds = 0.0
        self._known: dict[str, bool] = {}
        self._ahead: dict[str, Future[Optional[bool]]] = {}
        self._threads = ThreadPoolExecutor(width - 1, thread_name_prefix="qdiag-oracle") if width > 1 else None

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self._forget(set())
        if self._threads is not None:
            self._threads.shutdown(wait=False)

    def known_answer(self, candidate: Circuit) -> Optional[bool]:
        """The answer, where it costs nothing."""
        return self._known.get(key_of(candidate))

    def ask(self, candidate: Circuit) -> bool:
        """Whether the candidate is interesting.

        Raises
        ------
        BrokenExecutor
            If the workers that evaluate are lost for good.
        """
        try:
            key = key_of(candidate)
        except QdiagError:
            return False
        if key in self._known:
            return self._known[key]
        self.calls += 1
        begun = time.perf_counter()
        started = self._ahead.pop(key, None)
        answer = started.result() if started is not None else self._answer(candidate)
        waited = time.perf_counter() - begun
        self.seconds += waited
        if answer is None:
            self.failures += 1
            self.failed_seconds += waited
        self._known[key] = bool(answer)
        return bool(answer)

    def prepare(self, candidates: list[Circuit]) -> None:
        """Start these ahead of time, and give up what was started before and is not among them."""
        if self._threads is None:
            return
        wanted: dict[str, Circuit] = {}
        for candidate in candidates:
            try:
                wanted[key_of(candidate)] = candidate
            except QdiagError:
                continue
        self._forget(set(wanted))
        for key, candidate in wanted.items():
            if key not in self._known and key not in self._ahead and self._free:
                self._ahead[key] = self._threads.submit(self._answer, candidate)

    @property
    def _free(self) -> bool:
        return sum(not future.done() for future in self._ahead.values()) < self.width - 1

    def _forget(self, wanted: set[str]) -> None:
        for key in [key for key, future in self._ahead.items() if key not in wanted and future.cancel()]:
            del self._ahead[key]

    def _answer(self, candidate: Circuit) -> Optional[bool]:
        """The answer, or None where the candidate cannot be built or evaluated."""
        try:
            return bool(self.interesting(candidate))
        except BrokenExecutor:
            raise
        except Exception as error:
            # whatever a framework raises for a circuit that makes no sense to it, the circuit shows nothing
            tell_own_failure(error, "a candidate of the search")
            return None
