"""Whatever circuit and whatever question: the result is interesting, not larger, 1-minimal, always the same, and safe at any time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from qdiag.errors import CircuitFormatError
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node
from qdiag.model.variants import without_measurements, without_operations
from qdiag.pipeline.stage_prove import keep
from qdiag.proving.minimizing.oracle import Oracle, key_of
from qdiag.proving.minimizing.order import key
from qdiag.proving.minimizing.search import Minimized, Terms, minimize
from qdiag.trace.array_bundle import unpack
from qdiag.trace.circuit_parser import restore
from tests.worlds.small_circuits import WORKSHOP, names
from tests.worlds.strategies import circuits, runnable_circuits

ANY_CIRCUIT = st.one_of(runnable_circuits(wires=4, most=8), circuits())


def arbitrary(seed: int, share: int) -> Callable[[Circuit], bool]:
    """A question without rhyme or reason: some share, in 16ths, of all circuits is interesting."""

    def interesting(candidate: Circuit) -> bool:
        digest = hashlib.sha256(key_of(candidate).encode() + bytes([seed])).digest()
        return digest[0] % 16 < share

    return interesting


def counting(wanted: int) -> Callable[[Circuit], bool]:
    """A question of the usual kind: enough rotations are left."""
    return lambda candidate: sum(name.startswith("R") for name in names(candidate)) >= wanted


QUESTIONS = st.one_of(st.builds(arbitrary, st.integers(0, 255), st.integers(1, 15)), st.builds(counting, st.integers(0, 3)))


def searched(start: Circuit, interesting: Callable[[Circuit], bool], width: int = 1) -> Minimized:
    with Oracle(interesting, width=width) as oracle:
        return minimize(start, oracle, Terms(workshop=WORKSHOP))


def interesting_start(start: Circuit, interesting: Callable[[Circuit], bool]) -> None:
    try:
        assume(interesting(start))
    except CircuitFormatError:
        assume(False)


DICTIONARY = Circuit((), (Node("ExpectationMP", wires=(0,)), Node("VarianceMP", wires=(0,))), returns="dict:a,b")


@given(start=ANY_CIRCUIT, interesting=QUESTIONS)
@example(start=DICTIONARY, interesting=arbitrary(128, 1))
@settings(max_examples=150)
def test_the_result_is_interesting_not_larger_and_one_minimal(start: Circuit, interesting: Callable[[Circuit], bool]) -> None:
    interesting_start(start, interesting)
    found = searched(start, interesting)
    assert found.one_minimal
    assert interesting(found.circuit)
    assert key(found.circuit) <= key(start)
    for position in range(len(found.circuit.operations)):
        assert not interesting(without_operations(found.circuit, [position]))
    if len(found.circuit.measurements) > 1:
        assert not any(interesting(without_measurements(found.circuit, [i])) for i in range(len(found.circuit.measurements)))


@given(start=ANY_CIRCUIT, interesting=QUESTIONS)
@settings(max_examples=40)
def test_the_result_does_not_depend_on_the_run_or_the_workers(start: Circuit, interesting: Callable[[Circuit], bool]) -> None:
    interesting_start(start, interesting)
    runs = [searched(start, interesting, width) for width in (1, 1, 2, 4)]
    assert len({key_of(run.circuit) for run in runs}) == 1
    assert len({(run.calls, run.failures) for run in runs}) == 1


@given(start=runnable_circuits(wires=4, most=8), interesting=QUESTIONS, data=st.data())
@settings(max_examples=100)
def test_interrupted_at_any_call_the_best_so_far_is_safe_and_valid(
    start: Circuit, interesting: Callable[[Circuit], bool], data: st.DataObject
) -> None:
    interesting_start(start, interesting)
    calls = searched(start, interesting).calls
    end = data.draw(st.integers(1, max(1, calls - 1)), label="interrupted at")
    asked = 0

    def interrupted(candidate: Circuit) -> bool:
        nonlocal asked
        asked += 1
        if asked > end:
            raise KeyboardInterrupt
        return interesting(candidate)

    with TemporaryDirectory() as folder:
        path = Path(folder) / "repro.minimal"
        found = minimize(start, Oracle(interrupted), Terms(workshop=WORKSHOP, accepted=lambda circuit: keep(circuit, path)))
        text, _, numbers = path.read_bytes().partition(b"\n")
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    on_disk = restore(text.decode(), unpack(numbers))
    assert found.stopped == ("interrupted" if asked > end else "")
    assert key_of(on_disk) == key_of(found.circuit)
    assert interesting(on_disk)
    assert key(on_disk) <= key(start)


@pytest.mark.parametrize("width", [1, 3])
@given(start=runnable_circuits(most=8), seed=st.integers(0, 255))
@settings(max_examples=30)
def test_candidates_that_raise_do_no_harm(width: int, start: Circuit, seed: int) -> None:
    raises = arbitrary(seed, 5)

    def interesting(candidate: Circuit) -> bool:
        if candidate is not start and raises(candidate):
            raise RuntimeError("cannot be evaluated")
        return True

    found = searched(start, interesting, width)
    assert found.one_minimal
    assert found.circuit is start or not raises(found.circuit)
