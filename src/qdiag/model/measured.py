"""What a device's own numbers say of it, whatever it declares: the precision that it works in, and whether it samples."""

from __future__ import annotations

from dataclasses import dataclass

PRECISIONS = ("complex64", "complex128")
"""The precisions that a device may work in."""


@dataclass(frozen=True)
class Measured:
    """What was seen of a device at neighbouring points and at one point several times.

    Parameters
    ----------
    precision
        One of `PRECISIONS`: that in which neighbouring results are granular. "" where it is not known.
    samples
        Of how many samples each of its numbers is an estimate, although no shots were asked for; 0 where it does not sample.
    changing
        Whether results at one and the same point, under one seed, change from one evaluation to the next.
    warning
        What the device warned of meanwhile, or "".
    assumed
        Whether the precision is not measured, but what the user says.
    idle_seed
        Whether devices made with the seed that it was given, and with another one, draw otherwise than a seed promises.
    """

    precision: str = ""
    samples: int = 0
    changing: bool = False
    warning: str = ""
    assumed: bool = False
    idle_seed: bool = False

    @property
    def narrow(self) -> bool:
        """Whether it works in single precision."""
        return self.precision == PRECISIONS[0]


UNKNOWN = Measured()
"""Nothing was measured."""
