"""The callback begins a watch with a fit, hands on what is known when loggers take something, and ends it however the fit ends."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, Optional

import pytest

from qdiag.errors import UsageError


class Logger:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.logged: list[tuple[dict[str, float], int]] = []

    def log_metrics(self, numbers: dict[str, float], step: int) -> None:
        self.logged.append((numbers, step))


class FakeWatch:
    """A watch that knows one number."""

    def __init__(self, **wanted: Any) -> None:
        self.wanted = wanted
        self.closed_after: list[Optional[float]] = []
        self.numbers = {"qdiag/verdict": 0.0}

    def scalars(self) -> dict[str, float]:
        return self.numbers

    def close(self, timeout: Optional[float] = None) -> str:
        self.closed_after.append(timeout)
        return "the recording"


@pytest.fixture
def lightning(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module over a fake Lightning: only its class of callbacks counts."""
    fake = ModuleType("lightning.pytorch.callbacks")
    fake.Callback = type("Callback", (), {})  # type: ignore[attr-defined]
    for name in ("lightning", "lightning.pytorch"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    monkeypatch.delitem(sys.modules, "qdiag.lightning", raising=False)
    module = importlib.import_module("qdiag.lightning")
    monkeypatch.setattr(module, "watch", FakeWatch)
    yield module
    del sys.modules["qdiag.lightning"]


def trainer(step: int, logger: Logger) -> Any:
    return SimpleNamespace(global_step=step, log_every_n_steps=10, loggers=[logger])


def test_what_is_known_goes_to_the_loggers_at_the_steps_at_which_they_take_something(lightning: Any) -> None:
    callback, logger = lightning.WatchCallback(every=7), Logger()
    callback.on_fit_start(None, None)
    for step in range(1, 21):
        callback.on_train_batch_end(trainer(step, logger), None, None, None, step)
    assert logger.logged == [({"qdiag/verdict": 0.0}, 10), ({"qdiag/verdict": 0.0}, 20)]


def test_before_anything_is_known_nothing_is_logged(lightning: Any) -> None:
    callback, logger = lightning.WatchCallback(), Logger()
    callback.on_fit_start(None, None)
    callback._watch.numbers = {}
    callback.on_train_batch_end(trainer(10, logger), None)
    assert logger.logged == []


def test_the_end_of_a_fit_waits_for_the_verdict(lightning: Any) -> None:
    callback = lightning.WatchCallback(every=7)
    callback.on_fit_start(None, None)
    watching = callback._watch
    assert watching.wanted == {"every": 7, "methods": "auto", "out": None}
    callback.on_fit_end(None, None)
    assert (watching.closed_after, callback.recording) == ([None], "the recording")


def test_a_fit_that_fails_is_not_held_up(lightning: Any) -> None:
    callback = lightning.WatchCallback()
    callback.on_fit_start(None, None)
    watching = callback._watch
    callback.on_exception(None, None, ValueError())
    callback.on_fit_end(None, None)
    assert watching.closed_after == [0.0]


def test_without_lightning_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lightning", "pytorch_lightning", "lightning.pytorch.callbacks", "pytorch_lightning.callbacks"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "qdiag.lightning", raising=False)
    with pytest.raises(UsageError) as caught:
        importlib.import_module("qdiag.lightning")
    assert "pip install lightning" in caught.value.cure
