"""What measurements that are wrong have in common, and none that is right has: that is to blame for all of them.

A device that reads Hadamard in another basis has its expectation value wrong, its variance, its probabilities, and each product and
pair that it stands in. Traits are the kind of a measurement, the classes inside its observable, one of these under one of those, and
coefficients that are tracked. Those that explain most come first, until nothing is left that two measurements share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qdiag.model.node import Node, nodes_of, parameters_of
from qdiag.model.operator_families import as_written
from qdiag.model.specimen import Specimen

SHARED = 2
"""A trait is to blame where so many measurements are wrong that have it."""

Trait = tuple[str, str]
"""The kind of a measurement and a class inside its observable, each of which may be "": any."""

TRACKED = "tracked coefficients"


def traits_of(specimen: Specimen) -> frozenset[Trait]:
    """All traits of the measurements of a circuit."""
    return frozenset(trait for node in specimen.circuit.measurements for trait in _traits(node))


def _traits(measurement: Node) -> Iterable[Trait]:
    inside = [node.name for node in nodes_of(measurement) if node is not measurement]
    if any(number.trainable for number in parameters_of(measurement)):
        inside.append(TRACKED)
    yield measurement.name, ""
    for name in inside:
        yield "", name
        yield measurement.name, name


def in_words(trait: Trait) -> str:
    """A trait as users name it."""
    kind, name = trait
    if not name:
        return f"every {as_written(kind)}"
    return f"{as_written(kind)} of {name}" if kind else f"{name} in an observable"


def shared_traits(wrong: Mapping[str, frozenset[Trait]], right: Iterable[frozenset[Trait]]) -> dict[str, str]:
    """What each of the measurements that are wrong is put down to; those that share nothing are left out.

    Parameters
    ----------
    wrong, right
        The traits of measurements that are wrong, by name, and of those that are right.
    """
    innocent = frozenset().union(*right)
    left = {name: traits - innocent for name, traits in wrong.items()}
    found: dict[str, str] = {}
    while left:
        holders: dict[Trait, list[str]] = {}
        for name, traits in left.items():
            for trait in traits:
                holders.setdefault(trait, []).append(name)
        # of traits that the same ones have, the wider says more: a class whatever is asked of it, before one under one kind
        trait = max(sorted(holders), key=lambda one: (len(holders[one]), one.count("")), default=("", ""))
        if len(holders.get(trait, ())) < SHARED:
            break
        for name in holders[trait]:
            found[name] = in_words(trait)
            del left[name]
    return found
