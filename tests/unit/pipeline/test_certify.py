"""From what is asked of a device to its certificate, with a device that is made up."""

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
from qdiag.model.certificate import OUTPUT, Abilities, Cell, Certificate, Standing
from qdiag.model.specimen import Specimen
from qdiag.pipeline.certify import Asked, certify
from qdiag.pipeline.run_options import Silence
from qdiag.trace.run_folder import RunFolder
from tests.worlds.certificates import cell, specimen
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.results import ENVIRONMENT

SPACE = (specimen(), specimen("RX"), specimen("RY"), specimen("RX", variation="adjoint"))


class Device(FakeEvaluator):
    """A device that gives for each specimen what a rule says; it offers parameter-shift."""

    def __init__(self, rule: Callable[[Specimen], Standing] = lambda one: Standing.EXACT) -> None:
        self.rule = rule
        self.asked: list[str] = []

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if function is examine:
            return self._cells(arguments[0])
        plain: dict[Any, Any] = {
            space.device_named: arguments[0] if arguments else "",
            space.specimens: SPACE,
            space.environment: ENVIRONMENT,
            abilities_of: Abilities(),
        }
        return plain[function]

    def _cells(self, task: Task) -> tuple[Cell, ...]:
        one = task.specimen
        self.asked.append(one.operation)
        refused = {"adjoint", "backprop", "hadamard", "device"}
        return tuple(
            cell(one.operation, name, Standing.REFUSED if name in refused else self.rule(one), variation=one.variation)
            for name in (OUTPUT, *task.methods)
        )


def certified(device: Device, folder: Path, **asked: Any) -> Certificate:
    return certify(replace(Asked("my.device", causes=False), **asked), RunFolder(folder), Silence(), device)


def test_every_circuit_of_the_space_is_asked_under_the_methods_that_are_offered(tmp_path: Path) -> None:
    found = certified(Device(), tmp_path)
    assert found.methods == ("parameter-shift",)
    assert (found.asked, found.total, len(found.cells)) == (4, 4, 8)
    assert not found.faults


def test_what_is_wrong_without_a_word_becomes_a_fault(tmp_path: Path) -> None:
    found = certified(Device(lambda one: Standing.WRONG if one.operation == "RX" else Standing.EXACT), tmp_path)
    assert [(fault.about, len(fault.cells)) for fault in found.faults] == [("RX", 4)]


def test_only_what_is_named_is_asked_and_the_ground(tmp_path: Path) -> None:
    found = certified(Device(), tmp_path, only=frozenset({"RY"}))
    assert {one.operation for one in found.cells} == {"no operation", "RY"}


def test_a_name_that_is_not_in_the_space_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Splendid"):
        certified(Device(), tmp_path, only=frozenset({"Splendid"}))


def test_a_device_that_takes_no_circuit_is_refused_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes no circuit"):
        certified(Device(lambda one: Standing.RAISED), tmp_path)


def test_a_run_goes_on_where_an_earlier_one_ended(tmp_path: Path) -> None:
    certified(Device(), tmp_path)
    again = Device()
    found = certified(again, tmp_path)
    assert len(found.cells) == 8
    assert set(again.asked) == {"no operation"}, "only to see what is offered"


def test_ctrl_c_keeps_what_is_known(tmp_path: Path) -> None:
    def rule(one: Specimen) -> Standing:
        if one.operation == "RY":
            raise KeyboardInterrupt
        return Standing.EXACT

    found = certified(Device(rule), tmp_path)
    assert found.interrupted
    assert found.asked < found.total


def test_without_a_budget_everything_is_asked_also_where_causes_are_looked_for(tmp_path: Path) -> None:
    found = certified(Device(), tmp_path, causes=True)
    assert (found.asked, found.total) == (4, 4)


def test_a_budget_that_is_spent_asks_no_more(tmp_path: Path) -> None:
    found = certified(Device(), tmp_path, budget=1e-9)
    assert found.asked == 0
    assert not found.interrupted
