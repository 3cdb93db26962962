"""What a worker is asked about the space of circuits, and about a device as such: it runs where PennyLane is loaded."""

from __future__ import annotations

from dataclasses import replace

from qdiag.model.call import Environment
from qdiag.model.specimen import Specimen, in_order


def specimens(seed: int, module: str = "", names: frozenset[str] = frozenset()) -> tuple[Specimen, ...]:
    """All circuits of the space, in the order in which they are asked.

    Parameters
    ----------
    seed
        Of the angles.
    module
        A module whose operations stand beside PennyLane's, or "".
    names
        Operations and measurements, by class or build: what is about none of them may be left out. Empty for all.
    """
    from qdiag.bridges.space import specimens as bridge

    return bridge.specimens(seed, module, names)


def wide_specimens(seed: int, module: str, names: frozenset[str], random: int) -> tuple[Specimen, ...]:
    """The circuits of a hunt: those of the space, further ones, and so many random ones at the end.

    Parameters
    ----------
    seed, module, names
        As in `specimens`.
    random
        How many.
    """
    from qdiag.bridges.space import wide
    from qdiag.bridges.space.builds import builds
    from qdiag.bridges.space.random_circuits import random_specimens

    plain = (*specimens(seed, module, names), *wide.wide_specimens(seed, module, names))
    return (*in_order(plain), *random_specimens(random, seed, builds(module), names))


def mutations(patterns: tuple[Specimen, ...], each: int, seed: int, module: str) -> tuple[Specimen, ...]:
    """So many circuits near each of some others."""
    from qdiag.bridges.space import mutations as bridge
    from qdiag.bridges.space.builds import builds

    return tuple(bridge.mutations(patterns, each, seed, builds(module)))


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
