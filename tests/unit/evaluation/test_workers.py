"""Workers with functions that crash, hang and answer: no PennyLane is loaded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import wait

import numpy as np
import pytest

from qdiag.evaluation.workers import Inline, Workers, most_workers
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter


def circuit(angle: float) -> Circuit:
    rotation = Node("RX", (Parameter(np.array(angle), "torch", True),), Wires((0,)), (0,))
    return Circuit((rotation,), (Node("ExpectationMP", wires=(0,)),))


CIRCUIT = circuit(0.3)


def request(does: str) -> Request:
    return Request(CIRCUIT, Method("a.device", does))


def scripted(asked: Request) -> Evaluation:
    does = asked.method.diff_method
    if does == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if does == "hang":
        time.sleep(60)
    if does == "raise":
        raise RuntimeError("an evaluator that breaks its promise")
    return Evaluation(asked.method, outputs=(np.array(float(os.getpid())),))


def double(number: int) -> int:
    return 2 * number


@pytest.fixture(scope="module")
def workers():
    with Workers(2, timeout=1.5, function=scripted, warm=False) as pool:
        yield pool


def test_an_answer_comes_back(workers):
    evaluation = workers.submit(request("answer")).result(30)
    assert evaluation.failure is None
    assert evaluation.outputs is not None
    assert evaluation.outputs[0] != os.getpid()


@pytest.mark.parametrize(("does", "stage"), [("crash", "worker"), ("hang", "timeout"), ("raise", "worker")])
def test_a_lost_or_hanging_process_is_a_failed_evaluation_and_others_are_unaffected(workers, does, stage):
    futures = [workers.submit(request(name)) for name in ("answer a", does, "answer b", "answer c")]
    wait(futures, 30)
    evaluations = [future.result(0) for future in futures]
    assert [e.failure and e.failure.stage for e in evaluations] == [None, stage, None, None]
    assert evaluations[1].method == request(does).method


def test_the_same_request_is_answered_once(workers):
    first = workers.submit(request("once")).result(30)
    assert workers.submit(request("once")).result(0) is first


def test_a_lost_process_is_asked_again(workers):
    first = workers.submit(request("crash")).result(30)
    assert workers.submit(request("crash")).result(30) is not first


def test_a_cancelled_request_leaves_the_pool_at_work(workers):
    waiting = [workers.submit(request("hang")) for _ in range(4)]
    for future in waiting:
        assert future.cancel()
    assert workers.submit(request("after the cancelled")).result(30).failure is None


def test_any_function_can_be_called(workers):
    assert workers.call(double, 21).result(30) == 42
    with pytest.raises(RuntimeError):
        workers.call(scripted, request("raise")).result(30)


def test_where_the_system_kills_a_process_that_has_nothing_to_do_the_work_goes_on_in_another():
    with Workers(1, function=scripted, warm=False) as pool:
        lost = pool.call(os.getpid).result(30)
        os.kill(lost, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while pool._pool.active and time.monotonic() < deadline:
            time.sleep(0.01)
        assert pool.call(os.getpid).result(30) != lost
        assert pool.submit(request("answer")).result(30).failure is None


def test_inline_has_the_same_face_and_runs_here():
    with Inline(scripted) as inline:
        assert inline.submit(request("answer")).result(0).outputs == (np.array(float(os.getpid())),)
        assert inline.call(double, 4).result(0) == 8
        with pytest.raises(RuntimeError):
            inline.call(scripted, request("raise")).result(0)


def test_inline_forgets_the_oldest_evaluation(monkeypatch):
    monkeypatch.setattr("qdiag.evaluation.memory.REMEMBERED", 2)
    asked = []

    def counting(one: Request) -> Evaluation:
        asked.append(one.method.diff_method)
        return Evaluation(one.method)

    inline = Inline(counting)
    for does in ("a", "b", "a", "c", "a", "b"):
        inline.submit(request(does))
    assert asked == ["a", "b", "c", "b"]


def test_a_failure_of_the_method_is_remembered():
    asked = []

    def refusing(one: Request) -> Evaluation:
        asked.append(one)
        return Evaluation(one.method, failure=Failure("DeviceError", "no", refusal=True))

    inline = Inline(refusing)
    assert inline.submit(request("x")).result(0) is inline.submit(request("x")).result(0)
    assert len(asked) == 1


def test_there_is_at_least_one_worker():
    assert most_workers() >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="the server is used on Linux")
def test_a_server_that_still_loads_holds_nobodys_streams_when_we_have_ended():
    order = "from qdiag.evaluation.workers import load_frameworks; load_frameworks(); print('ended', flush=True)"
    with subprocess.Popen([sys.executable, "-c", order], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout.readline() == "ended\n"
        began = time.monotonic()
        # the end of the stream comes when the last process that holds it has ended: loading PennyLane takes seconds
        assert process.stdout.read() == ""
        assert time.monotonic() - began < 1.0


@pytest.mark.parametrize("step", ["stop", "join"])
def test_nobody_waits_long_for_processes_that_do_not_end(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qdiag.evaluation.workers.PATIENCE", 0.1)
    begun = time.monotonic()
    with Workers(1, warm=False) as pool:
        monkeypatch.setattr(pool._pool, step, lambda: time.sleep(20))
    assert time.monotonic() - begun < 10
