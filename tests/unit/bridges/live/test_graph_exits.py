"""What a script calls by which numbers can leave the graph, as the interpreter tells it."""

from __future__ import annotations

import cProfile
import gc
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")
pytest.importorskip("torch.utils.checkpoint")

from qdiag.bridges.live.graph_exits import MOST_SECONDS, ExitWatch  # noqa: E402
from tests.worlds.older_stacks import needs_asarray, needs_forced_numpy  # noqa: E402

listening = pytest.mark.skipif(sys.version_info >= (3, 12), reason="a script's own profiler would be refused there")

WEIGHT = torch.tensor([0.3, 0.4], dtype=torch.float64, requires_grad=True)
DATA = torch.tensor([0.5, 0.6], dtype=torch.float64)


class Double(torch.autograd.Function):  # type: ignore[misc, name-defined, unused-ignore]
    """A function with a backward of its own."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return 2 * x

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        return given


def clean(work: Callable[[], Any]) -> bool:
    watch = ExitWatch()
    watch.resume()
    try:
        work()
    finally:
        heard = watch.end()
    return heard


def _profiler() -> Any:
    return sys.getprofile()


def batches(data: Any) -> Callable[[], Any]:
    return lambda: list(torch.utils.data.DataLoader(data, batch_size=2))


@pytest.mark.filterwarnings("ignore:Converting a tensor")
@pytest.mark.parametrize(
    "work",
    [
        lambda: WEIGHT.tolist(),
        lambda: [float(value) for value in WEIGHT.tolist()],
        lambda: torch.tensor(list(WEIGHT)),
        pytest.param(lambda: WEIGHT.numpy(force=True), marks=needs_forced_numpy),
        lambda: torch.as_tensor([0.1]),
        pytest.param(lambda: torch.asarray([0.1]), marks=needs_asarray),
        lambda: Double.apply(WEIGHT),
        lambda: (torch.tensor([0.1]), batches([0.1, 0.2, 0.3])()),
    ],
)
def test_what_can_drop_the_graph_is_met(work: Callable[[], Any]) -> None:
    assert not clean(work)


@listening
@pytest.mark.parametrize(
    "work",
    [
        lambda: (torch.sin(WEIGHT) * DATA).sum(),
        lambda: np.asarray([0.1, 0.2]),
        lambda: WEIGHT.sum().item(),
        batches(torch.utils.data.TensorDataset(DATA)),
        batches([0.1, 0.2, 0.3]),
        pytest.param(lambda: torch.utils.checkpoint.checkpoint(torch.sin, WEIGHT, use_reentrant=True), marks=needs_asarray),
        lambda: None,
    ],
)
def test_all_else_is_not(work: Callable[[], Any]) -> None:
    assert clean(work)


@listening
def test_numbers_are_the_same_while_it_listens() -> None:
    plain, given = torch.nn.functional.softmax(torch.outer(WEIGHT, DATA), 1), []
    assert clean(lambda: given.append(torch.nn.functional.softmax(torch.outer(WEIGHT, DATA), 1)))
    assert torch.equal(plain, given[0])


@listening
def test_what_is_called_during_a_pause_is_not_heard() -> None:
    watch = ExitWatch()
    watch.resume()
    watch.pause()
    WEIGHT.tolist()
    watch.resume()
    assert watch.end()


def test_where_nobody_listens_at_the_end_nothing_is_proven() -> None:
    watch = ExitWatch()
    assert not watch.end()
    watch = ExitWatch()
    watch.resume(), watch.pause()
    assert not watch.end()
    watch.resume()
    assert not watch.listens
    assert sys.getprofile() is None


@listening
def test_it_listens_no_longer_than_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = ExitWatch()
    watch.resume(), watch.pause()
    now = time.perf_counter()
    monkeypatch.setattr(time, "perf_counter", lambda: now + MOST_SECONDS)
    watch.resume()
    assert not watch.listens
    assert not watch.end()


@listening
def test_what_its_owner_has_met_counts() -> None:
    watch = ExitWatch()
    watch.resume()
    watch.met = True
    assert not watch.end()


@listening
def test_a_profiler_of_the_scripts_own_is_left_alone() -> None:
    mine = cProfile.Profile()
    mine.enable()
    try:
        watch = ExitWatch()
        watch.resume()
        assert not watch.end()
        assert _profiler() is mine
    finally:
        mine.disable()


@listening
def test_one_that_begins_meanwhile_takes_the_place_and_keeps_it() -> None:
    mine = cProfile.Profile()
    watch = ExitWatch()
    watch.resume()
    mine.enable()
    try:
        assert not watch.end()
        del watch
        gc.collect()
        assert _profiler() is mine
    finally:
        mine.disable()
    assert sys.getprofile() is None


@listening
def test_it_listens_to_one_thread() -> None:
    watch = ExitWatch()
    watch.resume()
    ended: list[bool] = []
    other = threading.Thread(target=lambda: ended.append(watch.end()))
    other.start(), other.join()
    assert ended == [False]
    watch.pause()
    assert sys.getprofile() is None
