"""From what is asked for to the finds, with devices that are made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qdiag.certifying.examine import abilities_of, examine
from qdiag.certifying.task import Task
from qdiag.errors import UsageError
from qdiag.evaluation import space
from qdiag.model.call import Script
from qdiag.model.certificate import OUTPUT, Abilities, Cell, Standing
from qdiag.model.circuit import Circuit
from qdiag.model.hunt import Hunt, Kind
from qdiag.model.specimen import Rank, Specimen
from qdiag.pipeline.hunt import Asked, hunt
from qdiag.pipeline.run_options import Silence
from qdiag.trace import writer
from qdiag.trace.run_folder import RunFolder
from tests.worlds import scripted
from tests.worlds.certificates import cell, specimen
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.results import ENVIRONMENT
from tests.worlds.small_circuits import circuit, gate

SAMPLED = specimen("RX", variation="10,000 shots", rank=Rank.SHOTS)
SPACE = (specimen(), specimen("RX"), specimen("RY"), replace(SAMPLED, circuit=replace(SAMPLED.circuit, shots=(100,))))
INSTALLED = ("default.qubit", "default.mixed")

Rule = Callable[[str, Specimen, str], Standing]


class Devices(FakeEvaluator):
    """Devices that give for each specimen and method what a rule says; they offer backprop and adjoint."""

    def __init__(self, rule: Rule = lambda device, one, column: Standing.EXACT, near: tuple[Specimen, ...] = ()) -> None:
        self.rule, self.near = rule, near
        self.patterns: list[Specimen] = []
        self.asked: list[tuple[str, str]] = []
        self.tasks: list[Task] = []

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if function is examine:
            return self._cells(arguments[0])
        if function is space.mutations:
            self.patterns += arguments[0]
        if function is space.device_named and arguments[0] not in INSTALLED:
            raise UsageError(f"there is no device '{arguments[0]}' here", "")
        plain: dict[Any, Any] = {
            space.device_named: arguments[0] if arguments else "",
            space.wide_specimens: SPACE,
            space.mutations: self.near,
            space.environment: ENVIRONMENT,
            abilities_of: Abilities(),
        }
        return plain[function]

    def _cells(self, task: Task) -> tuple[Cell, ...]:
        one, device = task.specimen, task.device.device
        self.asked.append((device, one.operation))
        self.tasks.append(task)
        refused = {"parameter-shift", "hadamard", "finite-diff", "device"}

        def standing(column: str) -> Standing:
            return Standing.REFUSED if column in refused else self.rule(device, one, column)

        return tuple(cell(one.operation, name, standing(name), variation=one.variation) for name in (OUTPUT, *task.methods))


def dropped(device: str, one: Specimen, column: str) -> Standing:
    return Standing.WRONG if (one.operation, column) == ("RX", "adjoint") else Standing.EXACT


def hunted(workers: Devices, folder: Path, **asked: Any) -> Hunt:
    return hunt(replace(Asked(causes=False), **asked), RunFolder(folder), Silence(), workers)


def test_every_device_that_is_installed_is_asked_for_all_that_is_not_sampled(tmp_path: Path) -> None:
    devices = Devices()
    found = hunted(devices, tmp_path)
    assert [(part.name, part.asked, part.total) for part in found.parts] == [(name, 3, 3) for name in INSTALLED]
    assert found.parts[0].methods == ("backprop", "adjoint")
    assert not found.finds
    assert all(task.upheld and not task.beside for task in devices.tasks)


def test_what_is_wrong_on_both_is_one_find(tmp_path: Path) -> None:
    (found,) = hunted(Devices(dropped), tmp_path).finds
    assert (found.about, found.kind) == ("RX", Kind.WRONG)
    assert found.columns == ("default.qubit/adjoint", "default.mixed/adjoint")


def test_only_what_is_named_is_asked(tmp_path: Path) -> None:
    devices = Devices(dropped)
    found = hunted(devices, tmp_path, devices=("default.mixed",), only=frozenset({"RX"}), methods=("adjoint",))
    assert {device for device, _ in devices.asked} == {"default.mixed"}
    assert [part.methods for part in found.parts] == [("adjoint",)]
    with pytest.raises(UsageError):
        hunted(devices, tmp_path, devices=("no.such.device",))


def test_a_hunt_goes_on_where_an_earlier_one_ended(tmp_path: Path) -> None:
    first = hunted(Devices(dropped), tmp_path)
    again = Devices(dropped)
    assert len(hunted(again, tmp_path).finds) == len(first.finds) == 1
    assert {operation for _, operation in again.asked} == {"no operation"}, "only to see what is offered"


def test_ctrl_c_keeps_what_is_known_and_asks_no_other_device(tmp_path: Path) -> None:
    def rule(device: str, one: Specimen, column: str) -> Standing:
        if one.operation == "RY":
            raise KeyboardInterrupt
        return dropped(device, one, column)

    found = hunted(Devices(rule), tmp_path)
    assert found.interrupted
    assert [part.name for part in found.parts] == ["default.qubit"]


def test_a_budget_is_shared_by_the_devices(tmp_path: Path) -> None:
    found = hunted(Devices(), tmp_path, budget=1e-9)
    assert [part.asked for part in found.parts] == [0, 0]


NEAR = replace(specimen("RX"), rank=Rank.NEAR, variation="near RX, 0: read as var")


def test_circuits_near_a_find_are_asked_of_every_device_and_go_to_it(tmp_path: Path) -> None:
    devices = Devices(dropped, (NEAR,))
    found = hunted(devices, tmp_path, near=1)
    assert [one.operation for one in devices.patterns] == ["RX"]
    assert [(part.asked, part.total) for part in found.parts] == [(4, 4)] * 2
    (find,) = found.finds
    assert len(find.hits) == 4


def test_where_nothing_was_found_nothing_is_near_it(tmp_path: Path) -> None:
    devices = Devices(near=(NEAR,))
    assert [part.asked for part in hunted(devices, tmp_path, near=1).parts] == [3, 3]
    assert not devices.patterns


def recorded(run: RunFolder, *circuits: Circuit) -> Path:
    run.path.mkdir()
    writer.create(run.trace, Script("train.py", exit_code=0))
    with writer.TraceWriter(run.trace) as file:
        for index, ran in enumerate(circuits):
            file.write(scripted.call(index, ran))
    return run.path


ROTATED = circuit(gate("RX", 0.3, trainable=True))


def test_what_a_run_recorded_is_asked_and_is_a_pattern(tmp_path: Path) -> None:
    run = recorded(RunFolder(tmp_path / "train-1"), ROTATED)
    devices = Devices(near=(NEAR,))
    found = hunted(devices, tmp_path, seeds=(run,))
    (seed,) = devices.patterns
    assert (seed.rank, seed.variation) == (Rank.SEED, "call 0 of train-1")
    assert found.parts[0].asked == 3 + 1 + 1


@pytest.mark.parametrize(
    "ran", [circuit(gate("RX", 0.3)), replace(ROTATED, shots=(100,)), circuit(*[gate("RX", 0.3, trainable=True)] * 41)]
)
def test_a_run_without_a_circuit_that_fits_is_said(tmp_path: Path, ran: Circuit) -> None:
    run = recorded(RunFolder(tmp_path / "train-1"), ran)
    with pytest.raises(UsageError, match="can be a pattern"):
        hunted(Devices(), tmp_path, seeds=(run,))
