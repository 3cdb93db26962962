"""Which device a live one is: the name by which PennyLane makes it, or its class where it has none."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

_WRITABLE = re.compile(r"[\w.\-]+")
"""Names of devices that can be written as part of a method."""


def own_device(device: Any) -> Any:
    """The device that does the work: PennyLane wraps those of the old kind."""
    facade: Any = getattr(getattr(sys.modules.get("pennylane"), "devices", None), "LegacyDeviceFacade", None)
    for _ in range(4):
        if not isinstance(facade, type) or not isinstance(device, facade):
            break
        device = device.target_device  # type: ignore[attr-defined]
    return device


def name_of_device(device: Any) -> str:
    """The name under which its very class is installed; where it has none, its own name, or ``module:Class`` where there is a class.

    A class that inherits from a device has that one's name in newer PennyLane, and is another device all the same.
    """
    said = str(getattr(device, "short_name", None) or getattr(device, "name", None) or type(device).__name__)
    names = list(_names_of(type(device)))
    if names:
        return said if said in names else names[0]
    if not isinstance(device, _bases()):
        # no device of PennyLane's: nothing is known but what it says
        return said
    place = f"{type(device).__module__}:{type(device).__qualname__.replace('<locals>.', '')}"
    return place if _WRITABLE.fullmatch(place.replace(":", "")) else said


def _bases() -> tuple[type, ...]:
    modules = (sys.modules.get("pennylane"), sys.modules.get("pennylane.devices"))
    found = [getattr(module, name, None) for module in modules for name in ("Device", "LegacyDevice", "QubitDevice")]
    return tuple(base for base in found if isinstance(base, type))


def _names_of(kind: type) -> Iterator[str]:
    """The names under which a class is installed. It is loaded, so what is not cannot be it."""
    for name, entry in dict(getattr(sys.modules.get("pennylane"), "plugin_devices", {})).items():
        written = getattr(entry, "value", None)
        if written is None:
            # the entry points of old setuptools
            written = f"{getattr(entry, 'module_name', '')}:{'.'.join(getattr(entry, 'attrs', ()))}"
        module, _, attributes = str(written).partition(":")
        found: Any = sys.modules.get(module.strip())
        for attribute in attributes.split("[")[0].strip().split("."):
            found = getattr(found, attribute, None)
        if found is kind:
            yield str(name)
