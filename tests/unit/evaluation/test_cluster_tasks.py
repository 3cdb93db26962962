"""A future of ours follows one task after the other, and its answer is that of the last; no cluster is started."""

from __future__ import annotations

from typing import Any, Optional

import pytest

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'qdiag[cluster]'")

from qdiag.errors import ClusterError
from qdiag.evaluation.cluster import Cluster
from qdiag.evaluation.cluster_tasks import TRIES, LostTask, Relay, evaluation_of
from qdiag.model.call import LOST
from qdiag.model.evaluation import Request
from qdiag.model.method import Method
from tests.unit.evaluation.test_workers import circuit

REQUEST = Request(circuit(0.3), Method("a.device", "adjoint"))


class Task:
    """One of Dask's, in whatever state it is said to be."""

    def __init__(self, key: str = "", status: str = "pending") -> None:
        self.key, self.status, self.cancelled = key, status, False

    def cancel(self) -> None:
        self.cancelled = True

    def add_done_callback(self, callback: Any) -> None:
        """Nobody calls it: the tests say what has arrived."""


class Client:
    """A scheduler that takes what is handed in, and gives it to nobody."""

    def __init__(self, closed: bool = False) -> None:
        self.tasks: list[Task] = []
        self.closed = closed
        self.under_way: tuple[str, ...] = ()

    def submit(self, function: Any, *arguments: Any, key: str, **_: Any) -> Task:
        if self.closed:
            raise RuntimeError("the client is closed")
        self.tasks.append(Task(key))
        return self.tasks[-1]

    def processing(self) -> dict[str, tuple[str, ...]]:
        return {"tcp://a": tuple(self.under_way)}

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        return {"workers": {"tcp://a": {"resources": {self.name: 1}}}}

    name = ""


def connected(client: Client) -> Cluster:
    cluster = Cluster("tcp://nowhere:1")
    cluster._client, client.name = client, cluster._name
    return cluster


def plain(answer: Any, error: Optional[BaseException]) -> Any:
    if error is not None:
        raise error
    return answer


def test_the_next_task_takes_the_place_of_the_last() -> None:
    relay, first, second = Relay(plain, len, ((),)), Task(), Task()
    relay.follow(first)
    relay.follow(second)
    assert (first.cancelled, second.cancelled) == (True, False)
    assert relay.tries == 2
    assert relay.cancel()
    assert second.cancelled


def test_a_task_whose_answer_is_lost_is_handed_in_again() -> None:
    client = Client()
    cluster = connected(client)
    answer = cluster.submit(REQUEST)
    client.tasks[0].status = "lost"
    cluster._hand_on(client.tasks[:1])
    assert len(client.tasks) == 2
    assert client.tasks[0].key != client.tasks[1].key
    assert not answer.done()


def test_what_no_worker_has_is_handed_in_again_and_what_one_has_is_left() -> None:
    client = Client()
    cluster = connected(client)
    for angle in (0.1, 0.2):
        cluster.submit(Request(circuit(angle), Method("a.device", "adjoint")))
    client.under_way = (client.tasks[0].key,)
    cluster._look_for_workers()
    assert [task.cancelled for task in client.tasks] == [False, True, False]


def test_whatever_loses_each_worker_is_a_failure_of_the_evaluation() -> None:
    client = Client()
    cluster = connected(client)
    answer = cluster.submit(REQUEST)
    while not answer.done():
        assert len(client.tasks) <= TRIES
        client.tasks[-1].status = "lost"
        cluster._hand_on(client.tasks[-1:])
    failure = answer.result().failure
    assert failure is not None
    assert failure.type == LOST


def test_where_nothing_can_be_handed_in_any_more_it_is_said() -> None:
    client = Client()
    cluster = connected(client)
    answer = cluster.submit(REQUEST)
    client.closed, client.tasks[0].status = True, "lost"
    cluster._hand_on(client.tasks)
    assert isinstance(answer.exception(1), ClusterError)


def test_lost_workers_are_a_failure_and_a_lost_cluster_is_an_error() -> None:
    failure = evaluation_of(None, LostTask(), REQUEST).failure
    assert failure is not None
    assert failure.type == LOST
    with pytest.raises(ClusterError):
        evaluation_of(None, ClusterError("gone", "judge it again"), REQUEST)
