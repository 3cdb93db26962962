"""Which device a live one is."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from qdiag.bridges.live.device_identity import name_of_device, own_device


class Device:
    """Stands for PennyLane's own class, which has a name."""

    name = "default.qubit"


class Derived(Device):
    """The user's, which inherits the name as well."""


class Facade(Device):
    """Stands for what PennyLane wraps old devices in."""

    def __init__(self, target: Any) -> None:
        self.target_device = target


@pytest.fixture
def _pennylane(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("pennylane")
    module.Device, module.devices = Device, SimpleNamespace(LegacyDeviceFacade=Facade)
    module.plugin_devices = {
        "default.qubit": SimpleNamespace(value=f"{__name__}:Device"),
        "not.loaded": SimpleNamespace(value="no.such.module:Device"),
    }
    monkeypatch.setitem(sys.modules, "pennylane", module)


@pytest.mark.usefixtures("_pennylane")
def test_a_device_has_the_name_under_which_its_very_class_is_installed() -> None:
    assert name_of_device(Device()) == "default.qubit"


@pytest.mark.usefixtures("_pennylane")
def test_a_class_that_inherits_from_a_device_is_another_one() -> None:
    assert name_of_device(Derived()) == f"{__name__}:Derived"


@pytest.mark.usefixtures("_pennylane")
def test_the_entry_points_of_old_setuptools_are_read_as_well() -> None:
    entry = SimpleNamespace(module_name=__name__, attrs=("Derived",))
    sys.modules["pennylane"].plugin_devices["mine"] = entry  # type: ignore[attr-defined]
    assert name_of_device(Derived()) == "mine"


@pytest.mark.usefixtures("_pennylane")
def test_what_is_no_device_of_pennylanes_is_called_what_it_calls_itself() -> None:
    assert name_of_device(SimpleNamespace(short_name="a.fake")) == "a.fake"


@pytest.mark.usefixtures("_pennylane")
def test_the_device_that_does_the_work_is_looked_for_inside_its_facades() -> None:
    inner = Device()
    assert own_device(Facade(Facade(inner))) is inner
    assert own_device(inner) is inner
