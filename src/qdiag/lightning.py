"""A watch as a callback of Lightning: ``Trainer(callbacks=[qdiag.lightning.WatchCallback(every=100)])``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Optional, Union

from qdiag.api import Methods, Recording
from qdiag.errors import UsageError
from qdiag.watching import Watch, watch

__all__ = ["WatchCallback"]


def _base() -> Any:
    """Lightning's class of callbacks, under whichever of its two names it is installed."""
    for name in ("lightning.pytorch.callbacks", "pytorch_lightning.callbacks"):
        try:
            return import_module(name).Callback
        except ImportError:
            continue
    raise UsageError("Lightning is not installed", "pip install lightning; or use qdiag.watch in a loop of your own")


class WatchCallback(_base()):  # type: ignore[misc] # the base is whichever of two packages is installed
    """Watches every fit, and hands what is known so far to the trainer's loggers.

    Parameters
    ----------
    every
        Every how many optimiser steps QNode calls are recorded and judged.
    methods, out
        As in `qdiag.watch`.

    Attributes
    ----------
    recording
        What was recorded in the last fit, with its report; None before one has ended.
    """

    def __init__(self, every: int = 100, methods: Methods = "auto", out: Union[str, Path, None] = None) -> None:
        super().__init__()
        self.recording: Optional[Recording] = None
        self._every, self._methods, self._out = every, methods, out
        self._watch: Optional[Watch] = None

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin, once a fit: a fit may start others inside, as a search for a learning rate does."""
        if self._watch is None:
            self._watch = watch(every=self._every, methods=self._methods, out=self._out)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *about: Any) -> None:
        """Hand on what is known where the trainer's loggers take something at this step."""
        if self._watch is None or trainer.global_step % max(1, trainer.log_every_n_steps):
            return
        numbers = self._watch.scalars()
        for logger in trainer.loggers if numbers else ():
            logger.log_metrics(numbers, step=trainer.global_step)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """End, and wait for the verdict."""
        self._end(None)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End at once: a training that failed is not to be held up."""
        self._end(0.0)

    def _end(self, timeout: Optional[float]) -> None:
        if self._watch is not None:
            self.recording = self._watch.close(timeout)
            self._watch = None
