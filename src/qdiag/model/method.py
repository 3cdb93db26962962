"""A method: one way to evaluate a circuit, and how it is written.

``[device[complex64]/]diff_method[+jit][@precision][@cuda]`` on the command line; canonical, with the device, in files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from qdiag.errors import MethodError
from qdiag.model.option import Held, Option, names_in, why_not_rebuilt

DIFF_METHODS = ("backprop", "adjoint", "parameter-shift", "finite-diff", "hadamard", "spsa", "device", "best", "none")
"""PennyLane's own names; `none` evaluates the outputs only."""

DETERMINISTIC = ("backprop", "adjoint", "parameter-shift", "hadamard", "finite-diff")
"""Those that give the same numbers each time, cheap ones first; `device`, `best` and `none` stand for others."""

STOCHASTIC = frozenset({"spsa"})
"""Methods whose result is random by construction: never part of ``auto``, never a reference."""

PER_PARAMETER = frozenset({"parameter-shift", "finite-diff", "hadamard", "spsa"})
"""Methods whose cost grows with the number of parameters: replayed at sampled calls only."""

SHIFTED = frozenset({"parameter-shift", "hadamard"})
"""Methods that apply shift rules, and without a word take finite differences where an operation has none."""

BY_DEVICE = frozenset({"adjoint"})
"""Methods that a device applies itself, to one circuit after the other: it takes a batch apart into its rows."""

JIT, QJIT = "jit", "qjit"
"""JAX's compiler, and Catalyst."""

COMPILED_BY = {JIT: "jax.jit", QJIT: "qml.qjit"}
"""What may compile a circuit and its derivatives: as it is written after a method, and in Python."""

COMPILERS = tuple(COMPILED_BY)

_WRITTEN = re.compile(
    r"(?:(?P<device>[\w.\-:]+)(?:\[(?P<width>complex64|complex128)\])?/)?(?P<diff>[a-z\-]+)"
    r"(?:\+(?P<compiled>q?jit))?(?:@(?P<precision>float32|float64))?(?:@(?P<placement>cuda))?"
)


@dataclass(frozen=True)
class Method:
    """One way to evaluate a circuit.

    Parameters
    ----------
    device
        PennyLane's name of the device; ``module:Class`` where its class has none; "" for the device of the call.
    diff_method
        One of `DIFF_METHODS`.
    precision
        ``float32`` or ``float64`` to convert the parameters before, or "" to leave them as the user had them.
    device_precision
        ``complex64`` or ``complex128`` for the device's own state, or "" for the device's default.
    device_options
        Further keyword arguments of the device, sorted by name.
    gradient_options
        PennyLane's ``gradient_kwargs``, sorted by name.
    placement
        ``cuda`` where the parameters lie in the memory of a GPU, or "" for the CPU's.
    compiled
        ``jit`` where ``jax.jit`` compiles the circuit and its derivatives, or "" where JAX runs them step by step.
    """

    device: str
    diff_method: str
    precision: str = ""
    device_precision: str = ""
    device_options: tuple[tuple[str, Option], ...] = ()
    gradient_options: tuple[tuple[str, Option], ...] = ()
    placement: str = ""
    compiled: str = ""

    def __str__(self) -> str:
        width = f"[{self.device_precision}]" if self.device_precision else ""
        device = f"{self.device}{width}/" if self.device else ""
        compiled = f"+{self.compiled}" if self.compiled else ""
        return f"{device}{self.diff_method}{compiled}" + "".join(f"@{given}" for given in (self.precision, self.placement) if given)

    @property
    def stochastic(self) -> bool:
        """Whether two evaluations may differ although nothing changed."""
        return self.diff_method in STOCHASTIC

    @property
    def per_parameter(self) -> bool:
        """Whether its cost grows with the number of parameters."""
        return self.diff_method in PER_PARAMETER

    @property
    def told_of_each_parameter(self) -> bool:
        """Whether an option of its gradient goes through the parameters in their order, as ``shifts`` does."""
        return any(isinstance(value, Held) for _, value in self.gradient_options)

    @property
    def by_device(self) -> bool:
        """Whether a device applies it: it may give products at less cost than the interface, which may form a whole Jacobian first."""
        return self.diff_method in BY_DEVICE

    @property
    def bare(self) -> Method:
        """The same method without options of the device or the gradient: equal for methods that are written alike."""
        return replace(self, device_options=(), gradient_options=())

    @property
    def is_of_a_class(self) -> bool:
        """Whether its device is said by its class, ``module:Class``, since it is installed under no name."""
        return ":" in self.device

    @property
    def imports(self) -> tuple[str, ...]:
        """What has to be imported by name to make its device: its class, where it has no name of PennyLane's, and options' values."""
        own = (self.device,) if self.is_of_a_class else ()
        return (*own, *(name for _, value in self.device_options for name in names_in(value)))

    @property
    def why_not_rebuilt(self) -> str:
        """Why nobody can make its device again from what is known of it, in words; "" where nothing known is in the way."""
        place, _, kind = self.device.partition(":")
        return f"its class {kind} is the script's own" if kind and place == "__main__" else why_not_rebuilt(self.device_options)

    @property
    def order(self) -> tuple[str, ...]:
        """What methods are sorted by where nothing tells which one is better."""
        return self.device, self.device_precision, self.diff_method, self.precision, self.placement, self.compiled

    def on(self, device: str) -> Method:
        """The same method, with the device filled in where none was written; the arbiter has none."""
        return self if self.device or self == ARBITER else replace(self, device=device)

    def beside(self, own: Method) -> Method:
        """The same method as it stands beside a call's own: on that one's device, with its options, unless it names another device."""
        placed = self.on(own.device)
        return replace(placed, device_options=own.device_options) if placed.device == own.device else placed


ARBITER = Method("", "arbiter")
"""The name under which the reference stands beside methods."""

PLAIN = Method("", "none")
"""The side of a comparison that is the same call on untracked numbers, on the call's device."""


def once_each(methods: Iterable[Method]) -> tuple[Method, ...]:
    """Of methods that are written alike only the first: several QNodes may give the same method other options."""
    found: dict[Method, Method] = {}
    for method in methods:
        found.setdefault(method.bare, method)
    return tuple(found.values())


def parse(written: str) -> Method:
    """Read a method as users write it.

    Raises
    ------
    MethodError
        If it is not written as ``[device/]diff_method[+jit][@precision][@cuda]``, or the differentiation method is none of PennyLane's.
    """
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        raise MethodError(
            f"cannot read the method '{written}'",
            "write [device/]diff_method[+jit][@precision][@cuda], for example backprop, lightning.qubit/adjoint or backprop@float64",
        )
    if match["diff"] not in DIFF_METHODS:
        raise MethodError(f"unknown differentiation method '{match['diff']}'", "known are " + ", ".join(DIFF_METHODS))
    width, placement, compiled = match["width"] or "", match["placement"] or "", match["compiled"] or ""
    return Method(match["device"] or "", match["diff"], match["precision"] or "", width, placement=placement, compiled=compiled)


def parse_list(written: str) -> tuple[Method, ...]:
    """Read a comma-separated list of methods, each once, in the order written."""
    return tuple(dict.fromkeys(parse(part) for part in written.split(",") if part.strip()))
