"""A specimen to be examined on a device: what it is asked, under which of its methods, and by which of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from qdiag.model.certificate import OUTPUT, Abilities
from qdiag.model.evaluation import Request
from qdiag.model.measured import PRECISIONS
from qdiag.model.method import PLAIN, SHIFTED, Method
from qdiag.model.numerics.rounding import EPS64
from qdiag.model.specimen import Rank, Specimen
from qdiag.model.variants import with_trainable

SIMPLER = ("lightning.qubit", "default.mixed")
"""Devices of PennyLane's that take more operations apart than ``default.qubit`` does."""

OWN = ("default.qubit", *SIMPLER)
"""PennyLane's own devices."""


@dataclass(frozen=True, eq=False)
class Task:
    """A specimen to be examined.

    Parameters
    ----------
    specimen
        The circuit.
    device
        The device with its options; its differentiation method is replaced.
    methods
        Those that it offers.
    abilities
        Its precision, and whether it samples.
    beside
        PennyLane's own device for the same, or "" where it is that itself.
    trusted
        Whether the device's class may be imported.
    upheld
        Whether what is wrong must be so by another word than the arbiter's, too.
    cotangents
        By which its outputs are weighed in a vector-Jacobian product; empty until their shapes are known.
    """

    specimen: Specimen
    device: Method
    methods: tuple[str, ...]
    abilities: Abilities = field(default_factory=Abilities)
    beside: str = "default.qubit"
    trusted: bool = False
    upheld: bool = False
    cotangents: tuple[np.ndarray, ...] = ()

    def method(self, name: str) -> Method:
        """The device under one of its methods."""
        return replace(self.device, diff_method=PLAIN.diff_method if name == OUTPUT else name)

    @property
    def weighed(self) -> tuple[tuple[np.ndarray, ...], ...]:
        """The cotangents of one vector-Jacobian product, as a request and a verdict take them."""
        return (self.cotangents,) if self.cotangents else ()

    def request(self, name: str, seed: int = 0, *, whole: bool = False) -> Request:
        """What it is asked under one of them: a product alone where it can be, or the whole Jacobian."""
        circuit, wires = self.specimen.circuit, self.specimen.wires
        plain = name == OUTPUT
        # what becomes of results in torch's default dtype is not the device's doing
        return Request(
            circuit,
            self.method(name),
            self.specimen.interface,
            wires,
            cotangents=() if plain else self.weighed,
            jacobian=not plain and (whole or not self.cotangents),
            seed=seed,
            trusted=self.trusted,
            default_dtype="float64",
            # it has been measured: that is not to be done for each circuit
            assumed=PRECISIONS[self.abilities.eps <= EPS64],
            # what a rule makes of a row it shows at the circuit of this row alone
            as_it_stands=self.upheld,
        )


def by_its_own_numbers(task: Task) -> Specimen:
    """The specimen as shift rules are asked of it: what is around an operation is differentiated where nothing else is in it.

    A shift rule goes through one number after the other: what it makes of others does not depend on the operation. Of PennyLane's own
    device everything is asked.
    """
    specimen = task.specimen
    if not task.beside or not specimen.own:
        return specimen
    return replace(specimen, circuit=with_trainable(specimen.circuit, specimen.own))


def methods_of(task: Task) -> tuple[str, ...]:
    """The methods that a specimen is asked under.

    Shift rules are the device's outputs at other angles. They are asked where the rule has to do with what is new in a circuit: an
    operation with numbers of its own, at the first reading of it; not for other wires, another precision, or other measurements once
    more, nor Hadamard tests at other angles and in wraps. Of PennyLane's own device everything is asked, since the rules are
    PennyLane's.
    """
    specimen = task.specimen
    if not specimen.circuit.trainable:
        return ()
    if not task.beside:
        return task.methods
    if specimen.rank in OUTPUTS_AGAIN or not specimen.tracked:
        return tuple(name for name in task.methods if name not in SHIFTED)
    return tuple(name for name in task.methods if specimen.rank not in ANGLES_AGAIN or name not in HADAMARD)


HADAMARD = frozenset({"hadamard"})
"""One circuit for each number, with a wire more: what becomes of that wire shows at the plain operation, read in one way."""

ANGLES_AGAIN = (Rank.WRAPPED, Rank.SINGULAR, Rank.BATCH)
OUTPUTS_AGAIN = (Rank.PROBABILITIES, Rank.WIRES, Rank.PRECISION, Rank.OTHER_MEASUREMENT)


def cotangents_of(outputs: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Seeded weights for each element of each output, none of them near zero."""
    draws = np.random.default_rng(0)

    def weights(shape: tuple[int, ...]) -> np.ndarray:
        return np.asarray(draws.uniform(0.5, 1.0, shape) * draws.choice([-1.0, 1.0], shape))

    arrays = [np.asarray(output) for output in outputs]
    return tuple(weights(a.shape) + 1j * weights(a.shape) if np.iscomplexobj(a) else weights(a.shape) for a in arrays)
