"""What to make of a question to PennyLane that ends in an exception: that PennyLane cannot say is an answer, that we cannot is a fault.

What PennyLane cannot tell about a circuit is no reason to give up on the circuit. But an exception raised in our own frames is a
mistake of ours: work goes on with what is left, and a warning in the log (`LOGGER`) says that it was so.
"""

from __future__ import annotations

import logging
import os
import re
import sysconfig
import traceback
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TypeVar

from qdiag.errors import QdiagError

LOGGER = logging.getLogger("qdiag")
"""Where mistakes of our own are told; a run makes notes of them."""

Answer = TypeVar("Answer")

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_BRIDGES = os.path.join(_OURS, "bridges") + os.sep
_STANDARD_LIBRARY = sysconfig.get_paths()["stdlib"] + os.sep
_FUTURES = os.path.join("concurrent", "futures", "_base.py")
_SERVANTS = re.compile(r"[/\\]site-packages[/\\](numpy|scipy|pebble)[/\\]")
"""Packages that both sides call: what they raise is the fault of whoever called them."""

_FRAME = re.compile(r'^ *File "(.+?)", line \d+', re.MULTILINE)


def answer_of(future: Future[Answer], otherwise: Answer, asked: str) -> Answer:
    """The answer, or what stands in for one where there is none.

    Parameters
    ----------
    future
        The question, as `Evaluator.call` returns it.
    otherwise
        What counts where PennyLane cannot say.
    asked
        What was asked, in words: it completes "qdiag itself failed on …".
    """
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error
    tell_own_failure(error, asked)
    return otherwise


def tell_own_failure(error: BaseException, asked: str) -> None:
    """Log an exception where it is a mistake of ours; what PennyLane, torch or the user's code raise goes without a word."""
    if is_own_failure(error):
        LOGGER.warning("qdiag itself failed on %s (%s: %s)", asked, type(error).__name__, error)


def is_own_failure(error: BaseException) -> bool:
    """Whether our own code made a mistake: it stands innermost, and it did not refuse in words of its own.

    What torch and its like raise in C leaves no frame of theirs: an exception in a bridge counts as theirs, but for a name of
    ours that is not there. One that comes out of a future and has no other frames is that of a worker lost or out of its time.
    """
    if isinstance(error, (QdiagError, MemoryError)):
        return False
    for path in reversed(_files(error)):
        if path.endswith(_FUTURES):
            return False
        if path.startswith(_BRIDGES):
            return isinstance(error, NameError)
        if path.startswith(_OURS):
            return True
        standard = path.startswith(_STANDARD_LIBRARY) and "site-packages" not in path
        if not standard and not path.startswith("<frozen ") and not _SERVANTS.search(path):
            return False
    return False


def _files(error: BaseException) -> Sequence[str]:
    """The files of an exception's frames, the innermost last: those of the worker that it comes from, as text, else its own."""
    told = getattr(error, "traceback", None)
    if isinstance(told, str):
        return _FRAME.findall(told)
    return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
