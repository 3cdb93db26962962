"""The file of a twin run's steps: appended as the script runs, read as far as it is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.errors import TraceError
from qdiag.trace import twin_steps
from qdiag.trace.array_bundle import pack
from qdiag.trace.twin_steps import MOST_VALUES, Steps, StepsWriter, Stream, kept_slice, path_for, read


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.qdiag.steps"


def step(writer: StepsWriter, number: int, *kinks: tuple[str, list[bool]]) -> None:
    arrays = [np.full(3, float(number)), np.full(3, 0.1 * number), *(np.packbits(bits) for _, bits in kinks)]
    writer.write("step", {"optimizer": 0, "kinks": [name for name, _ in kinks]}, arrays)


def whole(path: Path) -> StepsWriter:
    writer = StepsWriter(path)
    writer.write("optimizer", {"name": "Adam"})
    writer.write("optimizer", {"name": "SGD"})
    writer.write("start", {"sizes": [2, 1]}, [np.array([1.0, 2.0, 3.0], "float32")])
    writer.write("streams", {"streams": [["torch", "abc", True], ["numpy", "def", False]]})
    writer.write("loss", {"text": "L1Loss"})
    writer.write("note", {"text": "no such optimiser"})
    step(writer, 1, ("ReLU 0", [True, False, True]))
    step(writer, 2)
    return writer


def test_every_record_comes_back_in_its_place(path: Path) -> None:
    whole(path)
    found = read(path)
    assert found.optimizers == ("Adam", "SGD")
    assert found.sizes == (2, 1)
    assert found.start is not None
    assert (found.start.dtype.name, found.start.tolist()) == ("float32", [1.0, 2.0, 3.0])
    assert found.streams == (Stream("torch", "abc", True), Stream("numpy", "def", False))
    assert found.losses == ("L1Loss",)
    assert found.notes == ("no such optimiser",)
    assert [one.parameters[0] for one in found.steps] == [1.0, 2.0]
    assert [one.gradients[0] for one in found.steps] == pytest.approx([0.1, 0.2])
    ((name, bits),) = found.steps[0].kinks
    assert (name, np.unpackbits(bits)[:3].tolist()) == ("ReLU 0", [1, 0, 1])
    assert found.steps[1].kinks == ()


def test_a_file_that_is_not_there_holds_nothing(path: Path) -> None:
    found = read(path)
    assert (found.steps, found.start, found.optimizers, found.notes) == (Steps().steps, None, (), ())


def test_the_file_lies_beside_its_trace() -> None:
    assert path_for(Path("runs/train-1/trace.qdiag")) == Path("runs/train-1/trace.qdiag.steps")


def test_each_record_is_on_the_disk_once_it_is_written(path: Path) -> None:
    """A script may be killed at any time."""
    writer = StepsWriter(path)
    for number in range(3):
        step(writer, number)
        assert len(read(path).steps) == number + 1


def test_a_second_writer_goes_on_where_the_first_one_stopped(path: Path) -> None:
    step(StepsWriter(path), 1)
    step(StepsWriter(path), 2)
    assert [one.parameters[0] for one in read(path).steps] == [1.0, 2.0]


@given(st.integers(0, 700))
def test_whatever_is_cut_off_the_end_costs_only_what_it_belongs_to(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "steps"
    whole(path)
    data = path.read_bytes()
    path.write_bytes(data[: max(0, len(data) - cut)])
    found = read(path)
    assert [one.parameters[0] for one in found.steps] == [1.0, 2.0][: len(found.steps)]
    if found.steps:
        assert found.optimizers == ("Adam", "SGD")


@pytest.mark.parametrize(
    "odd",
    [
        b"nonsense\n",
        b"\xff\xfe\n",
        b"{}\n",
        b'{"kind": "loss", "text": "x"}\n',
        b'{"kind": "loss", "text": "x", "bytes": "9"}\n',
        b"[]\n",
        b"7\n",
        b"null\n",
        b'"text"\n',
    ],
)
def test_what_nobody_wrote_is_told_from_what_a_kill_cut_short(path: Path, odd: bytes) -> None:
    whole(path)
    with path.open("ab") as file:
        file.write(odd)
    step(StepsWriter(path), 3)
    with pytest.raises(TraceError, match="damaged"):
        read(path)


@pytest.mark.parametrize(
    ("fields", "arrays"),
    [
        ({"optimizer": 0, "kinks": []}, 0),
        ({"optimizer": "Adam", "kinks": []}, 2),
        ({"optimizer": 0, "kinks": 3}, 2),
        ({"optimizer": 0, "kinks": ["ReLU"]}, 2),
        ({"kinks": []}, 2),
    ],
)
def test_a_step_that_is_none_is_damage(path: Path, fields: dict[str, Any], arrays: int) -> None:
    StepsWriter(path).write("step", fields, [np.zeros(2)] * arrays)
    with pytest.raises(TraceError, match="damaged"):
        read(path)


def test_a_record_that_claims_more_than_the_file_holds_is_passed_over(path: Path) -> None:
    whole(path)
    with path.open("ab") as file:
        file.write(b'{"kind": "step", "bytes": 1000000000000}\n')
    assert len(read(path).steps) == 2


def test_numbers_that_look_like_ends_of_lines_are_numbers(path: Path) -> None:
    writer = StepsWriter(path)
    newlines = np.frombuffer(b"\n" * 24, "float64")
    writer.write("step", {"optimizer": 0, "kinks": []}, [newlines, newlines])
    step(writer, 2)
    found = read(path)
    assert found.steps[0].parameters.tobytes() == b"\n" * 24
    assert len(found.steps) == 2


def test_a_file_does_not_grow_beyond_its_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(pack([np.zeros(3), np.zeros(3)]))
    monkeypatch.setattr(twin_steps, "MOST_BYTES", 3 * size)
    writer = StepsWriter(path)
    for number in range(10):
        step(writer, number)
    assert [one.parameters[0] for one in read(path).steps] == [0.0, 1.0, 2.0]


def test_a_small_record_still_fits_where_a_large_one_did_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin_steps, "MOST_BYTES", 100)
    writer = StepsWriter(path)
    writer.write("start", {"sizes": [100]}, [np.zeros(100)])
    writer.write("note", {"text": "too large"})
    found = read(path)
    assert (found.start, found.notes) == (None, ("too large",))


@given(st.integers(0, 10 * MOST_VALUES))
def test_of_many_numbers_every_nth_is_kept_and_of_few_all(count: int) -> None:
    kept = range(count)[kept_slice(count)]
    assert len(kept) <= MOST_VALUES
    assert len(kept) == count or len(kept) > MOST_VALUES // 2
    assert not kept or kept[0] == 0


def test_fields_of_a_record_are_plain_json(path: Path) -> None:
    writer = StepsWriter(path)
    writer.write("note", {"text": 'a "quoted"\nline'})
    head: Any = json.loads(path.read_bytes().split(b"\n")[0])
    assert head["text"] == 'a "quoted"\nline'
    assert read(path).notes == ('a "quoted"\nline',)
