"""A real scheduler and two worker processes on loopback, with functions that crash, hang and answer: no PennyLane is loaded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'qdiag[cluster]'")

from qdiag.errors import ClusterError  # noqa: E402
from qdiag.evaluation import cluster as cluster_module  # noqa: E402
from qdiag.evaluation.answers import is_own_failure  # noqa: E402
from qdiag.evaluation.cluster import Cluster  # noqa: E402
from qdiag.evaluation.workers import Workers  # noqa: E402
from qdiag.model.evaluation import Evaluation, Request  # noqa: E402
from qdiag.model.method import Method  # noqa: E402
from tests.unit.evaluation.test_workers import circuit, double  # noqa: E402
from tests.worlds.sameness import same  # noqa: E402

pytestmark = pytest.mark.slow


def request(does: str, angle: float = 0.3) -> Request:
    return Request(circuit(angle), Method("a.device", does))


def scripted(asked: Request) -> Evaluation:
    does = asked.method.diff_method
    if does == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if does == "hang":
        time.sleep(60)
    if does == "compute":
        until = time.process_time() + 60
        while time.process_time() < until:
            pass
    if does == "nap":
        time.sleep(0.2)
    (parameter,) = asked.circuit.parameters
    return Evaluation(asked.method, outputs=(parameter.value,))


def fail() -> None:
    raise LookupError("no framework here")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    options: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": None, "processes": True, "silence_logs": 60}
    with distributed.LocalCluster(n_workers=2, **options) as found:
        yield found


@pytest.fixture
def cluster(scheduler: Any) -> Iterator[Cluster]:
    with Cluster(scheduler.scheduler_address, limit=1.5, function=scripted, warm=False) as found:
        yield found


def test_answers_are_those_of_workers_on_this_machine(cluster: Cluster) -> None:
    asked = [request("answer", angle) for angle in (0.1, float("nan"), -0.0)]
    with Workers(1, function=scripted, warm=False) as local:
        expected = [local.submit(one).result(30) for one in asked]
    found = [cluster.submit(one).result(30) for one in asked]
    assert cluster.count == 2
    assert all(same(one, other) for one, other in zip(found, expected))


@pytest.mark.parametrize("does", ["crash", "hang", "compute"])
def test_limits_hold_there_as_here(cluster: Cluster, does: str) -> None:
    with Workers(1, timeout=1.5, function=scripted, warm=False) as local:
        expected = local.submit(request(does)).result(30)
    found = cluster.submit(request(does)).result(30)
    assert expected.failure is not None
    assert found.failure == expected.failure
    assert cluster.submit(request("answer")).result(30).failure is None


def test_the_same_request_is_answered_once(cluster: Cluster) -> None:
    assert cluster.submit(request("answer")).result(30) is cluster.submit(request("answer")).result(30)


def test_a_function_that_is_called_keeps_its_exception_and_whose_fault_it_is(cluster: Cluster) -> None:
    assert cluster.call(double, 4).result(30) == 8
    error = cluster.call(fail).exception(30)
    assert isinstance(error, LookupError)
    assert not is_own_failure(error)


def test_a_cancelled_request_leaves_the_cluster_at_work(cluster: Cluster) -> None:
    naps = [cluster.submit(request("nap", angle)) for angle in range(8)]
    assert naps[-1].cancel()
    assert naps[0].result(30).failure is None
    assert naps[-1].cancelled()


def test_a_worker_that_is_killed_loses_nothing(cluster: Cluster, scheduler: Any) -> None:
    angles = range(30)
    naps = [cluster.submit(request("nap", angle)) for angle in angles]
    naps[0].result(30)
    os.kill(scheduler.workers[0].process.process.pid, signal.SIGKILL)
    found = [nap.result(60) for nap in naps]
    assert [float(one.outputs[0]) for one in found] == list(angles)
    until = time.monotonic() + 30
    while cluster.count < 2 and time.monotonic() < until:
        time.sleep(0.1)
    # the one that was started in its place works for us, too
    assert cluster.count == 2


def test_the_only_worker_that_is_killed_loses_nothing_once_it_is_started_again() -> None:
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=60) as ours,
        Cluster(ours.scheduler_address, function=scripted, warm=False) as cluster,
    ):
        naps = [cluster.submit(request("nap", angle)) for angle in range(5)]
        naps[0].result(30)
        os.kill(ours.workers[0].process.process.pid, signal.SIGKILL)
        assert [float(nap.result(60).outputs[0]) for nap in naps] == list(range(5))


@pytest.fixture
def foreign(scheduler: Any, tmp_path: Path) -> Iterator[str]:
    """A worker whose PennyLane is another one, by its word."""
    record = tmp_path / "pennylane-0.1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: pennylane\nVersion: 0.1.0\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), *sys.path))}
    words = ["-m", "distributed.cli.dask_worker", scheduler.scheduler_address, "--no-nanny", "--nthreads", "1", "--name", "foreign"]
    words += ["--no-dashboard", "--local-directory", str(tmp_path)]
    with distributed.Client(scheduler.scheduler_address, set_as_default=False) as client:
        before = len(client.scheduler_info(n_workers=-1)["workers"])
        worker = subprocess.Popen([sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client.wait_for_workers(before + 1, timeout=60)
        found = client.scheduler_info(n_workers=-1)["workers"]
    yield next(address for address, one in found.items() if one["name"] == "foreign")
    worker.terminate()
    worker.wait(30)


def test_a_worker_with_another_pennylane_is_refused_with_its_versions(scheduler: Any, foreign: str) -> None:
    told: list[str] = []
    with Cluster(scheduler.scheduler_address, function=scripted, warm=False, tell=told.append) as cluster:
        assert cluster.count == 2
        assert all(cluster.submit(request("answer", angle)).result(30).failure is None for angle in range(20))
        done = cluster._client.run(lambda dask_worker: dask_worker.state.executed_count, workers=[foreign])
    (words,) = told
    assert f"the worker {foreign} is refused: it has pennylane 0.1.0 (here " in words
    assert done[foreign] == 0


def test_a_cluster_of_strangers_is_refused(foreign: str, scheduler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "_installed", lambda name: "9")
    monkeypatch.setattr(cluster_module, "installed_versions", lambda: "another stack")
    with pytest.raises(ClusterError, match=r"no worker has the versions that are installed here: .* pennylane .* \(here 9\)"):
        Cluster(scheduler.scheduler_address, function=scripted, warm=False).__enter__()


def test_where_no_scheduler_listens_is_said_at_once() -> None:
    with pytest.raises(ClusterError, match=r"no Dask scheduler at tcp://127.0.0.1:9"):
        Cluster("tcp://127.0.0.1:9").__enter__()


def test_a_cluster_that_goes_away_is_told_of() -> None:
    ours = distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=60)
    with Cluster(ours.scheduler_address, function=scripted, warm=False) as cluster:
        nap = cluster.submit(request("hang"))
        time.sleep(0.5)
        ours.close()
        assert isinstance(nap.exception(60), ClusterError)


def test_a_cluster_that_nobody_works_for_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "LOOK", 0.1)
    monkeypatch.setattr(cluster_module, "DESERTED", 0.3)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=60) as ours,
        Cluster(ours.scheduler_address, function=scripted, warm=False) as cluster,
    ):
        nap = cluster.submit(request("hang"))
        ours.scale(0)
        assert "no worker is left" in str(nap.exception(60))


def test_nothing_is_left_behind(scheduler: Any) -> None:
    def processes() -> int:
        return sum(len(os.listdir(f"/proc/{nanny.pid}/task")) and len(_children(nanny.pid)) for nanny in scheduler.workers.values())

    before = processes()
    with Cluster(scheduler.scheduler_address, function=scripted, warm=False) as cluster:
        cluster.submit(request("answer")).result(30)
        assert processes() > before
    until = time.monotonic() + 10
    while processes() > before and time.monotonic() < until:
        time.sleep(0.1)
    assert processes() == before


def _children(pid: int) -> list[str]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [*found, *(child for one in found for child in _children(int(one)))]
