"""What a script has to show: both sides in order, the quantity, the tolerance, and the words for them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.model.call import Configuration
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence
from qdiag.model.method import Method
from qdiag.model.operator_families import WHOLE_STATES
from qdiag.proving.reproducer.material import AS_A_PERSON, NOTHING_ELSE, Material, Wording

SMALLEST = 1e-16
"""A tolerance is no smaller: no two numbers of about one differ by less in double precision."""

WITHOUT_A_GAP = 1e-9
"""The tolerance where one side gives no number, so that nothing is measured that it could lie below: double precision's rounding stays
far below it."""

UNSAFE = re.compile(r"[^\w./@+\[\] \-]")
"""What must not stand in a method's name inside a script: a trace from elsewhere may hold anything."""


@dataclass(frozen=True, eq=False)
class Task:
    """One script to be written, and what follows from it.

    Parameters
    ----------
    divergence
        What the script shows.
    material
        What it is made of.
    wording
        How it is written.
    """

    divergence: Divergence
    material: Material = NOTHING_ELSE
    wording: Wording = AS_A_PERSON

    @property
    def circuit(self) -> Circuit:
        """The circuit to show it on."""
        return self.material.circuit_of(self.divergence)

    @property
    def reference(self) -> Optional[Evaluation]:
        """The arbiter's evaluation of that circuit."""
        return self.material.reference

    @property
    def configuration(self) -> Configuration:
        """How the user's call was evaluated."""
        return self.divergence.call.configuration

    @property
    def comparison(self) -> Comparison:
        """The pair and how far it is apart."""
        return self.divergence.comparison

    @property
    def where(self) -> Signature:
        """What kind of difference it is."""
        return self.divergence.signature

    @property
    def interface(self) -> str:
        """The interface that tracks the circuit's parameters; torch also where it only could, since its results then carry a graph."""
        containers = {p.container for p in self.circuit.parameters if p.trainable}
        carried = any(p.marked and p.container == "torch" for p in self.circuit.parameters)
        return next((name for name in ("torch", "jax", "autograd") if name in containers), "torch" if carried else "numpy")

    @property
    def default_dtype(self) -> str:
        """Torch's default dtype in the script, or JAX's: ``float64`` where a number of either side has 64 bits, as it is replayed."""
        recorded = self.configuration.default_dtype or "float32"
        if self.interface != "jax":
            return recorded
        wide = any(p.dtype in ("float64", "complex128") for p in self.circuit.parameters if p.container == "jax")
        return "float64" if wide or any(side.precision == "float64" for side in self.sides) else recorded

    @property
    def complex_results(self) -> bool:
        """Whether a result came out complex that is no state."""
        states = any(node.name in WHOLE_STATES for node in self.circuit.measurements)
        seen = (self.divergence.call.outputs or ()) + ((self.reference and self.reference.outputs) or ())
        return not states and any(np.iscomplexobj(output) for output in seen)

    @property
    def quantity(self) -> str:
        """``output``, ``jacobian`` or ``hessian``: what is worked out for both sides."""
        element = self.comparison.element
        gradient = bool(self.circuit.trainable) and not (element is not None and element.of_output)
        if self.where in (Signature.OUTPUT, Signature.SHAPE, Signature.DTYPE):
            return "output"
        if self.where is Signature.SECOND_DERIVATIVE:
            return "hessian"
        return "jacobian" if gradient else "output"

    @property
    def sides(self) -> tuple[Method, Method]:
        """Both sides; what is wrong, or raises, stands first.

        Each is on a device, the arbiter's too: a script works its numbers out by differences on the call's own.
        """
        device = self.configuration.device
        first, second = (replace(method, device=method.device or device) for method in self.comparison.methods)
        culprits = [method for method, _ in self.divergence.raised] if self.where is Signature.RAISE else list(self.divergence.wrong)
        own, other = self.comparison.methods
        turned = second.diff_method not in ("none", "arbiter") and own not in culprits and other in culprits
        if first.diff_method in ("none", "arbiter") or turned:
            return second, first
        return first, second

    @property
    def tolerance(self) -> float:
        """What a script forgives: between what rounding explains and the gap, the rounder the better (a power of ten, one digit)."""
        if self.material.tolerance is not None:
            return self.material.tolerance
        rounding = self.comparison.verdict is Verdict.ROUNDING
        floor = self.comparison.float64_bound if rounding else self.comparison.bound
        gap = self.comparison.max_abs
        floor = max(floor, SMALLEST)
        if not math.isfinite(gap) or gap <= 0:
            return float(10.0 ** math.ceil(math.log10(max(floor, WITHOUT_A_GAP))))
        middle = math.sqrt(floor * gap)
        if middle <= floor:
            return float(floor)
        # close to each other they may have no power of ten between them: one below would call rounding a difference
        rounder = (float(10.0 ** math.floor(math.log10(middle))), float(f"{middle:.0e}"))
        return next((tolerated for tolerated in rounder if floor <= tolerated < gap), middle)

    # --- parts

    @property
    def header(self) -> tuple[str, ...]:
        """What the script shows, and when it exits with 1."""
        first, second = (self.label(side, full=True) for side in self.sides)
        what = {"output": "outputs", "jacobian": "gradients", "hessian": "second derivatives"}[self.quantity]
        if self.where is Signature.RAISE:
            return (f"{first} raises {self.exception} on this circuit.", "Exits 1 while it does, 0 once it returns numbers.")
        if self.where in (Signature.SHAPE, Signature.DTYPE):
            return (f"The outputs of {first} and {second} differ in {self.where}.", "Exits 1 while they do, 0 once they agree.")
        verb = "differ by no more than rounding, and yet differ" if self.comparison.verdict is Verdict.ROUNDING else "differ"
        wrong = f" Wrong: {', '.join(map(str, self.divergence.wrong))}." if self.divergence.wrong else ""
        return (
            f"The {what} of {first} and {second} {verb}.{wrong}",
            f"Exits 1 while they are more than {self.tolerance:.2g} apart, 0 once they agree.",
        )

    def label(self, side: Method, full: bool = False) -> str:
        """How the output calls a side: without the device where both have the same, unless in ``full``."""
        if side.diff_method == "arbiter":
            return "a numerical reference" if full else "reference"
        if side.diff_method == "none":
            return "untracked numbers"
        same = not full and len({(m.device, m.device_precision) for m in self.sides if m.diff_method not in ("none", "arbiter")}) == 1
        return UNSAFE.sub("?", str(replace(side, device="", device_precision="") if same else side))

    @property
    def exception(self) -> str:
        """The class name of what the first side raises."""
        known = dict(self.divergence.raised)
        known.update({method: failure for method, failure in zip(self.comparison.methods, self.comparison.failures) if failure})
        raised = known.get(self.sides[0], self.divergence.call.failure)
        return raised.type if raised is not None else "Exception"
