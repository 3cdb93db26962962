"""What a worker is asked about the space of circuits, and about a device as such: it runs where PennyLane is loaded."""

from __future__ import annotations

from dataclasses import replace

from qdiag.model.call import Environment
from qdiag.model.specimen import Specimen


def specimens(seed: int, module: str = "") -> tuple[Specimen, ...]:
    """All circuits of the space, in the order in which they are asked; with those of a module's operations, where one is named."""
    from qdiag.bridges.space import specimens as bridge

    return bridge.specimens(seed, module)


def wide_specimens(seed: int, module: str) -> tuple[Specimen, ...]:
    """The further circuits of a hunt, among them those of a module's operations."""
    from qdiag.bridges.space import wide as bridge

    return bridge.wide_specimens(seed, module)


def device_named(name: str, module: str) -> str:
    """The device that a name names: itself where it is installed, else the class in the module."""
    from qdiag.bridges.running import devices, named_devices

    if module:
        return named_devices.class_in(module, name)
    devices.require([name])
    return name


def environment(device: str) -> Environment:
    """The stack, as far as it is loaded there, and the packages that a device comes from."""
    from qdiag.bridges import stack

    found = stack.environment()
    packages = dict.fromkeys((*found.packages, *stack.packages_of_device(device)))
    return replace(found, packages=tuple(packages))
