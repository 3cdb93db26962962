"""Lock files: all of a lock comes back, and nothing comes of a file that is something else."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from qdiag.errors import CircuitFormatError, TraceError
from qdiag.model.evaluation import Evaluation
from qdiag.model.lock import Lock
from qdiag.trace.lock_file import FORMAT, LARGEST_READ, entry_text, read_lock, write_lock
from tests.worlds.locks import lock, locked
from tests.worlds.sameness import same
from tests.worlds.strategies import circuits


def test_a_lock_comes_back() -> None:
    made = lock(locked(0.3), locked(1.1))
    assert same(read_lock(write_lock(made)), made)


@given(circuits())
def test_any_circuit_comes_back(circuit) -> None:
    one = locked()
    request = replace(one.request, circuit=circuit, cotangents=((None,),))
    made = lock(replace(one, request=request, evaluation=replace(one.evaluation, vjps=((),))))
    assert same(read_lock(write_lock(made)), made)


def test_a_circuit_is_a_line_so_that_a_commit_shows_which_changed() -> None:
    lines = write_lock(lock(locked(0.3), locked(1.1))).splitlines()
    changed = write_lock(lock(locked(0.3), locked(1.2))).splitlines()
    assert [one == other for one, other in zip(lines, changed)].count(False) == 1


def test_times_and_warnings_are_not_kept_so_that_the_same_gives_the_same_file() -> None:
    one = locked()
    warned = replace(one, evaluation=replace(one.evaluation, seconds=7.0, warnings=("it took long",), memory=5))
    assert write_lock(lock(one)) == write_lock(lock(warned))


def test_what_is_no_number_is_refused_when_it_is_written() -> None:
    one = locked()
    with pytest.raises(CircuitFormatError):
        entry_text(replace(one, evaluation=replace(one.evaluation, norms=(float("nan"),))))
    with pytest.raises(CircuitFormatError):
        entry_text(replace(one, evaluation=replace(one.evaluation, outputs=(np.asarray(["a"]),))))


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    record = json.loads(write_lock(lock()))
    change(record)
    return json.dumps(record)


def circuit_of(record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = record["circuits"][0]
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("environment"),
        lambda record: record.update({"circuits": {}}),
        lambda record: record.update({"circuits": [1]}),
        lambda record: record.update({"seed": "0"}),
        lambda record: record.update({"left_out": [["because", 1]]}),
        lambda record: circuit_of(record).update({"directions": 10**12}),
        lambda record: circuit_of(record).update({"directions": -1}),
        lambda record: circuit_of(record).update({"directions": 0}),
        lambda record: circuit_of(record).update({"trusted": True}),
        lambda record: circuit_of(record).update({"numbers": "not base64"}),
        lambda record: circuit_of(record).update({"numbers": base64.b64encode(b"no archive").decode()}),
        lambda record: circuit_of(record).update({"results": base64.b64encode(zlib.compress(b"0" * (1 << 25))).decode()}),
        lambda record: circuit_of(record).update({"circuit": "__import__('os')"}),
        lambda record: circuit_of(record)["circuit"].update({"operations": [["n", "RX", [], ["t", []]]]}),
        lambda record: circuit_of(record)["configuration"].update({"device_wires": [[0]]}),
        lambda record: circuit_of(record)["configuration"].update({"default_dtype": "object"}),
        lambda record: circuit_of(record)["evaluation"].update({"outputs": 99}),
        lambda record: circuit_of(record)["evaluation"].update({"failure": {"type": "E", "message": ""}}),
        lambda record: circuit_of(record)["evaluation"].update({"method": {"device": 1}}),
    ],
)
def test_a_damaged_lock_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(TraceError, match="no lock file"):
        read_lock(changed(change))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "[" * 100_000, '{"qdiag-lock": true}', '{"qdiag-lock": NaN}'])
def test_what_is_something_else_is_refused(text: str) -> None:
    with pytest.raises(TraceError, match="no lock file"):
        read_lock(text)


def test_a_newer_file_says_so() -> None:
    with pytest.raises(TraceError, match="newer qdiag"):
        read_lock(changed(lambda record: record.update({"qdiag-lock": FORMAT + 1})))


def test_a_file_over_the_bounds_is_not_even_parsed() -> None:
    with pytest.raises(TraceError, match="at most"):
        read_lock(" " * (LARGEST_READ + 1))


def test_nothing_in_a_file_is_trusted() -> None:
    one = locked()
    text = write_lock(lock(replace(one, request=replace(one.request, trusted=True))))
    found: Lock = read_lock(text)
    assert [circuit.request.trusted for circuit in found.circuits] == [False]


def test_an_evaluation_that_failed_is_no_result_to_be_locked() -> None:
    one = locked()
    with pytest.raises(TraceError):
        read_lock(write_lock(lock(replace(one, evaluation=Evaluation(one.request.method)))))
