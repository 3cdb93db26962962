"""Every entry of the table of known faults shows by its own circuit on the PennyLane at hand, or is gone from it, as the table says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qdiag.report.content.known_faults import KnownFault, known_faults

qml = pytest.importorskip("pennylane")
torch = pytest.importorskip("torch")

from packaging.version import Version  # noqa: E402 - after the guard, which skips where there is no PennyLane
from pennylane import numpy as pnp  # noqa: E402

OLDER = pytest.mark.skipif(Version(qml.__version__) < Version("0.43"), reason="older releases were asked by qdiag bisect")
pytestmark = [pytest.mark.stack, pytest.mark.filterwarnings("ignore"), OLDER]

HERE = Version(qml.__version__)
STEP = 5e-4


class Entry:
    """An entry's circuit under the first of its methods, and under none."""

    def __init__(self, fault: KnownFault) -> None:
        names: dict[str, Any] = {"qml": qml, "torch": torch, "np": pnp if fault.interface == "autograd" else np}
        exec(fault.circuit, names)
        self.fault, self.circuit = fault, names["circuit"]
        self.device, _, self.method = fault.methods[0].partition("/")
        self.point = np.asarray(fault.point, dtype=float)
        made = qml.tape.make_qscript(self.circuit)(self.point)
        # one wire to spare for Hadamard tests; none at all where their order is what matters
        self.wires = None if fault.options else max(made.wires) + 1 + (self.method == "hadamard")
        self.reference = "default.mixed" if self.device == "default.mixed" else "default.qubit"

    def plain(self, point: np.ndarray) -> float:
        """What comes out at untracked numbers, on a device that has every operation."""
        return float(weighed(qml.QNode(self.circuit, qml.device(self.reference, wires=self.wires), diff_method=None)(point)))

    def slopes(self) -> np.ndarray:
        """The gradient by central differences, extrapolated."""
        rows = np.eye(self.point.size).reshape(self.point.size, *self.point.shape)
        return np.array([(4 * self._slope(STEP * row) - self._slope(2 * STEP * row)) / 3 for row in rows]) / STEP

    def _slope(self, step: np.ndarray) -> float:
        return (self.plain(self.point + step) - self.plain(self.point - step)) / (2 * np.abs(step).max() / STEP)

    def qnode(self) -> Any:
        """The circuit under the method."""
        device = qml.device(self.device, wires=self.wires)
        return qml.QNode(self.circuit, device, diff_method=self.method, interface=self.fault.interface, **dict(self.fault.options))

    def found(self) -> tuple[float, Callable[[], np.ndarray]]:
        """What comes out under the method, and its gradient once it is asked for."""
        if self.fault.interface == "autograd":
            x = pnp.array(self.point, requires_grad=True)
            slopes = qml.grad(lambda at: weighed(self.qnode()(at)))
            return float(weighed(self.qnode()(x))), lambda: np.asarray(slopes(x)).reshape(-1)
        x = torch.tensor(self.point, requires_grad=True)
        out = weighed(self.qnode()(x))

        def gradient() -> np.ndarray:
            if out.requires_grad:
                out.backward()
            return np.zeros(self.point.size) if x.grad is None else x.grad.numpy().reshape(-1)

        return float(out.detach()), gradient

    def second(self) -> tuple[float, float]:
        """The sum of second derivatives under the method, and by central differences of the circuit."""
        x = torch.tensor(self.point, requires_grad=True)
        (slopes,) = torch.autograd.grad(weighed(self.qnode()(x)), x, create_graph=True)
        (found,) = torch.autograd.grad(slopes.sum(), x)
        far = np.ones_like(self.point) * 1e-3
        return float(found.sum()), (self.plain(self.point + far) + self.plain(self.point - far) - 2 * self.plain(self.point)) / 1e-6


def weighed(result: Any) -> Any:
    """Any result as one real number: each element weighs differently."""
    parts = result if isinstance(result, (tuple, list)) else [result]
    if isinstance(parts[0], torch.Tensor):
        flat = torch.cat([part.reshape(-1).to(torch.complex128) for part in parts])
        return (torch.arange(1, flat.numel() + 1) * flat).sum().real
    flat = pnp.concatenate([pnp.reshape(part, (-1,)) for part in parts])
    return pnp.real(pnp.sum(np.arange(1, len(flat) + 1) * flat))


def symptom_of(entry: Entry) -> str:
    """How an entry's circuit shows its fault here; "" where all is right."""
    try:
        # a second time: what is remembered of the first may be wrong
        for _ in range(2):
            value, slopes = entry.found()
            if np.isfinite(value) and not np.isclose(value, entry.plain(entry.point), atol=1e-6):
                return "wrong number"
            gradient = slopes()
    except Exception:
        return "raises"
    if not np.isfinite([value, *gradient]).all():
        return "no number"
    if entry.fault.derivative == 2:
        return "" if np.isclose(*entry.second(), atol=1e-4) else "wrong number"
    return "" if np.allclose(gradient, entry.slopes(), atol=1e-5) else "wrong number"


@pytest.mark.parametrize("fault", [fault for fault in known_faults() if not fault.first_fixed], ids=lambda fault: fault.title)
def test_what_is_not_mended_shows_as_it_is_told(fault: KnownFault) -> None:
    if not Version(fault.first_bad) <= HERE <= Version(fault.last_bad):
        pytest.skip("this release was not measured to have it")
    assert symptom_of(Entry(fault)) == fault.symptom


@pytest.mark.parametrize("fault", [fault for fault in known_faults() if fault.first_fixed], ids=lambda fault: fault.title)
def test_what_is_mended_does_not_show_so_any_more(fault: KnownFault) -> None:
    if Version(fault.first_fixed) > HERE:
        pytest.skip("this release has it, or is older than it")
    if any(other.circuit == fault.circuit and other.affects(qml.__version__) for other in known_faults()):
        pytest.skip("it is back")
    entry = Entry(fault)
    try:
        qml.device(entry.device, wires=entry.wires)
    except Exception as error:
        pytest.skip(f"this release has no such device: {error}")
    assert symptom_of(entry) != fault.symptom
