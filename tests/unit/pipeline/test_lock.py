"""From a run to its lock: each circuit once, numbers of nobody's, as many as fit; and what is left out is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qdiag.model.call import Call, Failure, Script
from qdiag.model.lock import LeftOut, Lock, Missing
from qdiag.model.option import Held, Kind, Option
from qdiag.pipeline.lock import Wanted, lock, obstacle
from qdiag.pipeline.run_options import Silence
from qdiag.report.redacting.redaction import Secrets
from qdiag.trace.call_text import text_of
from qdiag.trace.lock_file import LARGEST, write_lock
from qdiag.trace.reader import Trace
from qdiag.trace.writer import TraceWriter, create
from tests.worlds.locks import Stack, raising
from tests.worlds.methods import ADJOINT
from tests.worlds.results import ENVIRONMENT
from tests.worlds.scripted import answer, call, circuit, moved

NONE = Secrets()


def made(folder: Path, calls: Sequence[Call], wanted: Wanted | None = None, stack: Stack | None = None) -> Lock:
    path = folder / "trace.qdiag"
    create(path, Script("train.py", ("--secret",)))
    with TraceWriter(path) as writer:
        writer.meta("environment", text_of(ENVIRONMENT))
        for one in calls:
            writer.write(one)
    with Trace.open(path) as trace:
        return lock(trace, wanted or Wanted(), stack or Stack(), Silence(), NONE)


def test_each_circuit_is_locked_once_under_each_method(tmp_path: Path) -> None:
    calls = [call(0, circuit(0.3)), call(1, circuit(0.7)), call(2, circuit(0.3), ADJOINT), call(3, circuit(0.3, gates=2))]
    found = made(tmp_path, calls)
    assert [(len(one.request.circuit.operations), one.request.method.diff_method) for one in found.circuits] == [
        (1, "backprop"),
        (1, "adjoint"),
        (2, "backprop"),
    ]
    assert found.left_out == ()


def test_another_qnode_of_the_same_function_is_no_other_circuit(tmp_path: Path) -> None:
    first = call(0, circuit(0.3))
    again = replace(call(1, circuit(0.4)), configuration=replace(first.configuration, number=1))
    assert len(made(tmp_path, [first, again]).circuits) == 1


def test_numbers_are_made_up_unless_the_own_ones_are_asked_for(tmp_path: Path) -> None:
    def angle(seed: int | None) -> float:
        folder = tmp_path / str(seed)
        folder.mkdir()
        return float(made(folder, [call(0, circuit(0.123456))], Wanted(seed)).circuits[0].request.circuit.parameters[0].value)

    assert angle(None) == 0.123456
    assert len({angle(0), angle(1), 0.123456}) == 3


def test_what_a_circuit_gives_is_kept_with_a_product_along_a_direction(tmp_path: Path) -> None:
    one = made(tmp_path, [call(0, circuit(0.3))]).circuits[0]
    right = answer(one.request)
    assert one.evaluation.outputs == right.outputs
    assert len(one.request.cotangents) == len(one.evaluation.vjps) == 1
    assert abs(float(one.request.cotangents[0][0])) > 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "option",
    [
        ("token", "correct-horse-7f3a9"),
        ("credentials", Held(Kind.DICT, ("api_key", "correct-horse-7f3a9"))),
        ("backend", Held(Kind.LIST, (Held(Kind.DICT, ("password", "hunter2")),))),
        ("dataset", "/home/somebody/data.h5"),
    ],
)
def test_a_circuit_whose_device_needs_what_looks_like_a_secret_is_left_out(option: tuple[str, Option], tmp_path: Path) -> None:
    """A lock is made to be committed: what stands in it, everybody reads."""
    fine = call(0, circuit(0.3))
    told = replace(fine, configuration=replace(fine.configuration, device_options=(option,)))
    found = made(tmp_path, [told])
    assert found.left_out == (LeftOut(Missing.SECRET, 1),)
    assert "hunter2" not in write_lock(found)


@pytest.mark.parametrize(
    "option", [("c_dtype", "complex64"), ("backend", "aer_simulator_statevector"), ("fock_level", 8), ("seed", 4242)]
)
def test_any_other_option_is_kept(option: tuple[str, Option]) -> None:
    fine = call(0, circuit(0.3))
    assert obstacle(replace(fine, configuration=replace(fine.configuration, device_options=(option,))), NONE) is None


def test_neither_arguments_nor_settings_of_the_machine_are_kept(tmp_path: Path) -> None:
    text = write_lock(made(tmp_path, [call(0, circuit(0.3))]))
    assert "--secret" not in text
    assert "platform" not in text or '"platform": ""' in text


def test_what_cannot_be_evaluated_again_is_left_out_and_told() -> None:
    fine = call(0, circuit(0.3))
    assert obstacle(fine, NONE) is None
    assert obstacle(replace(fine, failure=Failure("E", "")), NONE) is Missing.RAISED
    assert obstacle(replace(fine, outputs=None), NONE) is Missing.RAISED
    assert obstacle(call(0, circuit(float("nan"))), NONE) is Missing.NOT_FINITE
    foreign = replace(fine.configuration, device="plugin:Device")
    assert obstacle(replace(fine, configuration=foreign), NONE) is Missing.OWN_CLASSES
    own = replace(fine.circuit.operations[0], definition="class RY: ...")
    assert obstacle(replace(fine, circuit=replace(fine.circuit, operations=(own,))), NONE) is Missing.OWN_CLASSES
    unknown = replace(fine.circuit.operations[0], opaque="its class is not known")
    assert obstacle(replace(fine, circuit=replace(fine.circuit, operations=(unknown,))), NONE) is Missing.OPAQUE
    drawn = replace(fine.configuration, resolved="spsa")
    assert obstacle(replace(fine, configuration=drawn), NONE) is Missing.RANDOM


def test_what_fails_or_changes_from_one_time_to_the_next_is_left_out(tmp_path: Path) -> None:
    def changing(request):
        return moved(answer(request), gradient=0.1 * request.repetition)

    calls = [call(0, circuit(0.3)), call(1, circuit(0.3), ADJOINT)]
    found = made(tmp_path, calls, stack=Stack(backprop=raising, adjoint=changing))
    assert found.circuits == ()
    assert set(found.left_out) == {LeftOut(Missing.FAILS, 1), LeftOut(Missing.CHANGING, 1)}


def test_it_never_takes_more_room_than_it_may_and_says_what_did_not_fit(tmp_path: Path) -> None:
    calls = [call(n, circuit(0.3, gates=n + 1)) for n in range(30)]
    found = made(tmp_path, calls, Wanted(largest=8_000))
    size = len(write_lock(found).encode())
    assert size <= 8_000
    assert found.left_out == (LeftOut(Missing.TOO_LARGE, 30 - len(found.circuits)),)
    assert 0 < len(found.circuits) < 30


def test_thirty_circuits_of_thirty_gates_fit_into_a_file(tmp_path: Path) -> None:
    found = made(tmp_path, [call(n, circuit(0.3, gates=n + 1)) for n in range(30)])
    assert (len(found.circuits), found.left_out) == (30, ())
    assert len(write_lock(found)) < LARGEST / 2


def test_a_circuit_that_only_evaluates_is_locked_by_its_outputs(tmp_path: Path) -> None:
    one = made(tmp_path, [replace(call(0, circuit(0.3)), backwards=())]).circuits[0]
    assert (one.request.circuit.trainable, one.request.cotangents) == ((), ())
    assert np.asarray(one.evaluation.outputs).shape == (1,)


def test_where_made_up_numbers_are_refused_others_are_drawn(tmp_path: Path) -> None:
    """A channel takes no probability above one."""
    seen = []

    def picky(request):
        angle = float(request.circuit.parameters[0].value)
        seen.append(angle)
        return answer(request) if len(set(seen)) > 3 else raising(request)

    found = made(tmp_path, [call(0, circuit(0.3))], stack=Stack(backprop=picky))
    assert len(found.circuits) == 1
    assert float(found.circuits[0].request.circuit.parameters[0].value) == seen[-1]
    assert found.left_out == ()
