"""How many samples a device makes a result of where nobody asks for any."""

from __future__ import annotations

import warnings

from qdiag.bridges.running import devices
from qdiag.model.circuit import Circuit, Label
from qdiag.model.method import Method


def shots_of_device(method: Method, wires: tuple[Label, ...], circuit: Circuit, *, trusted: bool = False) -> int:
    """The number of shots that a device has by itself; 0 where it has none, or does not say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        device = devices.fresh(method, wires, circuit, trusted=trusted)
    shots = getattr(getattr(device, "shots", None), "total_shots", None)
    inner = getattr(device, "target_device", device)
    found = shots or getattr(inner, "shots", None)
    return int(found) if isinstance(found, int) and not isinstance(found, bool) else 0
