"""From the options of the command line to those of the pipeline."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from typing import Any

import pytest

from qdiag.cli import completion
from qdiag.cli.asked import options_of
from qdiag.errors import MethodError
from qdiag.model.comparison import Tolerance
from qdiag.model.method import parse

GIVEN: dict[str, Any] = {
    "methods": "auto", "every": None, "max_calls": None, "budget": None, "atol": None, "rtol": None, "jobs": None, "no_minimize": False,
    "quick": False, "limit": 60.0, "cluster": "",
}  # fmt: skip


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The devices that are installed here."""
    names = ["default.qubit", "lightning.qubit"]
    points = [metadata.EntryPoint(name, "somewhere:Device", "pennylane.plugins") for name in names]
    monkeypatch.setattr(completion, "plugins", lambda: points)
    return names


class TestOptions:
    def test_by_default_are_the_plans_own(self) -> None:
        made = options_of(GIVEN, trusted=False)
        assert made.plan.methods == ()
        assert (made.plan.every, made.plan.max_calls, made.plan.budget) == (None, None, None)
        assert made.plan.tolerance == Tolerance(None, None)
        assert (made.jobs, made.minimize, made.trusted, made.own_process) == (None, True, False, True)

    def test_become_the_plan(self, devices: list[str]) -> None:
        given = {
            "methods": "backprop, lightning.qubit/adjoint@float64",
            "every": 7,
            "max_calls": 9,
            "budget": 1.5,
            "atol": 0.1,
            "rtol": 0.2,
        }
        made = options_of({**GIVEN, **given, "jobs": 3, "no_minimize": True}, trusted=True)
        assert made.plan.methods == (parse("backprop"), parse("lightning.qubit/adjoint@float64"))
        assert (made.plan.every, made.plan.max_calls, made.plan.budget, made.plan.trusted) == (7, 9, 1.5, True)
        assert made.plan.tolerance == Tolerance(0.1, 0.2)
        assert (made.jobs, made.minimize, made.trusted) == (3, False, True)

    def test_name_the_devices_that_there_are_where_one_is_missing(self, devices: list[str]) -> None:
        with pytest.raises(MethodError, match=r"no device 'lightning\.gpu' here") as caught:
            options_of({**GIVEN, "methods": "backprop,lightning.gpu/adjoint"}, trusted=True)
        assert caught.value.cure == "installed are default.qubit, lightning.qubit"

    def test_believe_every_device_where_none_can_be_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(completion, "plugins", list)
        assert options_of({**GIVEN, "methods": "my.device/adjoint"}, trusted=True).plan.methods == (parse("my.device/adjoint"),)

    @pytest.mark.parametrize("methods", ["no-such-method", "backprop@float99", "a/b/c", "backprop,adjiont"])
    def test_that_name_no_method_are_refused_with_a_cure(self, devices: list[str], methods: str) -> None:
        with pytest.raises(MethodError) as caught:
            options_of({**GIVEN, "methods": methods}, trusted=True)
        assert caught.value.cure


def test_blanks_and_empty_places_in_a_list_of_methods_do_not_count(devices: list[str]) -> None:
    assert options_of({**GIVEN, "methods": " backprop , ,adjoint,"}, trusted=True).plan.methods == (parse("backprop"), parse("adjoint"))


def test_who_only_records_loads_nothing_that_judges_nor_what_tells_of_it() -> None:
    late = "{'qdiag.pipeline.run', 'qdiag.model.findings', 'qdiag.model.result', 'qdiag.report.outline', 'rich', 'pebble'}"
    loaded = f"import sys, qdiag.cli.trace; print([name for name in sys.modules if name in {late}])"
    assert subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True).stdout == "[]\n"
