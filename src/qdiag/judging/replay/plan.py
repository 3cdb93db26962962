"""Which calls are replayed under which methods: all calls under cheap ones, a sample under those that cost more with each parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Optional

from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Tolerance
from qdiag.model.method import Method
from qdiag.model.node import Node, nodes_of, parameters_of
from qdiag.model.numerics.rounding import EPS64, working_eps

SHORT = 64
"""Traces of up to so many calls are replayed under every method at every call, as far as there is time for dear ones."""


@dataclass(frozen=True)
class Plan:
    """What the user asked of a replay.

    Parameters
    ----------
    methods
        The methods to replay beside the user's own; empty for all that the circuit's device supports.
    every
        Expensive methods at every n-th call, instead of the sample.
    max_calls
        Replay only so many calls, the first ones.
    budget
        Start no further call after so many seconds of replaying.
    tolerance
        The user's own.
    seed
        For devices that sample, and for perturbations.
    trusted
        Whether class definitions inside circuits may be executed.
    assumed
        The precision that devices are taken to work in, where the user says it; "" to measure it.
    in_flight
        How many calls are under way at the same time.
    """

    methods: tuple[Method, ...] = ()
    every: Optional[int] = None
    max_calls: Optional[int] = None
    budget: Optional[float] = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    seed: int = 0
    trusted: bool = False
    assumed: str = ""
    in_flight: int = 8

    def length(self, recorded: int) -> int:
        """How many of the recorded calls are replayed at most."""
        return recorded if self.max_calls is None else min(recorded, self.max_calls)


def shadows(own: Method, wanted: Iterable[Method], circuit: Circuit) -> tuple[Method, ...]:
    """The methods that are held against the user's own: each once, the device and its options filled in, without the own one.

    A finite difference in single precision is noise divided by a small number, so as a shadow it gets its parameters in float64
    and a device in complex128.
    """
    found: dict[Method, None] = {}
    for method in wanted:
        placed = method.beside(own)
        if placed == own or (not placed.precision and _same_route(placed, own)):
            continue
        if placed.diff_method == "finite-diff" and not placed.precision and working_eps(circuit, [placed]) > EPS64:
            placed = replace(placed, precision="float64", device_precision="")
        found[placed] = None
    return tuple(found)


def _same_route(one: Method, other: Method) -> bool:
    ways = [(method.device, method.diff_method, method.placement, method.compiled) for method in (one, other)]
    return ways[0] == ways[1] and one.device_precision in ("", other.device_precision)


def sampled_calls(length: int, first_of_structure: Iterable[int], flagged: Iterable[int], every: Optional[int]) -> tuple[int, ...]:
    """The calls at which expensive methods are replayed.

    Parameters
    ----------
    length
        How many calls there are.
    first_of_structure
        The first call of each distinct structure.
    flagged
        Calls at which cheap methods differ: these and their neighbours are looked at.
    every
        Every n-th call instead.
    """
    if every is not None:
        return tuple(range(0, length, max(1, every)))
    if length <= SHORT:
        return tuple(range(length))
    powers = (1 << k for k in range(length.bit_length()))
    around = (index + offset for index in flagged for offset in (-1, 0, 1))
    return tuple(sorted({i for group in ((0,), powers, first_of_structure, around) for i in group if 0 <= i < length}))


Kind = tuple[str, str, str]
"""An operation or a measurement, one that it holds, and what numbers the former has: what a method's rules go by."""


def kinds_in(circuit: Circuit) -> frozenset[Kind]:
    """The kinds of operations and measurements in a circuit."""
    tops = (*circuit.operations, *circuit.measurements)
    return frozenset((top.name, node.name, _numbers_of(top)) for top in tops for node in nodes_of(top))


def _numbers_of(node: Node) -> str:
    """The kinds of a node's numbers: their dtype, their axes, and whether they are tracked."""
    return " ".join(sorted({f"{p.value.dtype}{p.value.ndim}{'*' * p.trainable}" for p in parameters_of(node)}))


def of_new_kinds(calls: Iterable[int], kinds: Callable[[int], tuple[Method, frozenset[Kind]]]) -> tuple[int, ...]:
    """Those calls that have something which no call before them had under the same method.

    Parameters
    ----------
    calls
        The first calls of structures, in order.
    kinds
        Gives the method and the kinds of a call.
    """
    met: dict[Method, set[Kind]] = {}
    found = []
    for call in calls:
        method, held = kinds(call)
        known = met.setdefault(method, set())
        # a circuit may hold nothing at all: the first of a method counts all the same
        if not known or held - known:
            found.append(call)
            known |= held
    return tuple(found)


def spread_over(calls: Sequence[int]) -> tuple[int, ...]:
    """Calls in an order of which each beginning is spread over the run: the first, the last, the middle, and so on by halves."""
    bits = max(1, (len(calls) - 1).bit_length())
    places = sorted(range(len(calls)), key=lambda place: int(format(place, f"0{bits}b")[::-1], 2))
    return tuple(dict.fromkeys(calls[place] for place in (*places[:1], len(calls) - 1, *places))) if calls else ()


def preference(own: Method, other: Method) -> tuple[bool, bool, bool, bool, bool, int, bool, tuple[str, ...]]:
    """Sort key: how well suited a method is as the partner in a comparison, best first.

    The same method compiled, or not compiled, before all others: then nothing else differs. Exact before approximate, cheap before
    expensive, the same device before another, backprop before adjoint before the rest.
    """
    rank = {"backprop": 0, "adjoint": 1}.get(other.diff_method, 2)
    approximate = other.diff_method == "finite-diff"
    of_compiling = replace(other, compiled="") == replace(own, compiled="")
    place = other.device != own.device, rank, bool(other.precision), other.order
    return (not of_compiling, other.stochastic, approximate, other.per_parameter, *place)


def best_partner(own: Method, others: Sequence[Method]) -> Method:
    """The best suited of several partners."""
    return min(others, key=lambda other: preference(own, other))
