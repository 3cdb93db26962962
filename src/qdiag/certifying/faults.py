"""Faults from cells: what one thing explains is one fault, and its plainest circuit stands for it.

Explained in this order: a measurement that is wrong without any operation explains what is wrong wherever it reads, and what several
of these have in common explains them; an operation that is wrong alone explains all of its variations, what is made of it, and drawn
circuits that hold it; what is wrong near a circuit, and in the same column as that, is that circuit's; what is wrong in one variation
alone, whatever the operation, is the variation's. Where already the output is wrong, the methods are wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from qdiag.certifying.traits import shared_traits, traits_of
from qdiag.model.certificate import OUTPUT, Cell, Fault, Standing
from qdiag.model.comparison import Signature
from qdiag.model.node import nodes_of
from qdiag.model.specimen import BARE, Specimen

SEVERAL = 2
"""A variation is to blame where it is wrong at so many operations or measurements that are right without it."""


def is_silent(cell: Cell) -> bool:
    """Whether a cell is silently wrong."""
    return cell.silent


def faults_of(
    cells: Sequence[Cell], specimens: Iterable[Specimen], counts: Callable[[Cell], bool] = is_silent
) -> tuple[Fault, ...]:
    """The faults that explain all cells that count as wrong, those with the most cells first.

    Parameters
    ----------
    cells, specimens
        All that were asked, and their circuits.
    counts
        Whether a cell is wrong: silently so, if nothing else is asked for.
    """
    wrong = [cell for cell in cells if counts(cell)]
    by_key = {specimen.key: specimen for specimen in specimens}
    groups: dict[tuple[str, str], list[Cell]] = {}
    known = _Explanations(wrong, _Kin(by_key.values()), _Measured(cells, wrong, by_key))
    for cell in wrong:
        groups.setdefault(known.of(cell), []).append(cell)
    faults = []
    for (about, column), group in groups.items():
        ordered = tuple(sorted(group, key=lambda cell: plainness(cell, about, by_key.get(cell.key[:3]))))
        faults.append(Fault(about, column, ordered, by_key.get(ordered[0].key[:3])))
    return tuple(sorted(faults, key=lambda fault: (-len(fault.cells), fault.about, fault.column)))


class _Measured:
    """Measurements that are wrong without any operation, by column, and what they have in common."""

    def __init__(self, cells: Sequence[Cell], wrong: Sequence[Cell], by_key: Mapping[tuple[str, str, str], Specimen]) -> None:
        right = [cell for cell in cells if cell.standing is Standing.EXACT and _is_bare(cell, by_key)]
        bare = [cell for cell in wrong if _is_bare(cell, by_key)]
        self._shared: dict[tuple[str, str], str] = {}
        for column in {_column(cell) for cell in bare}:
            held = {c.measurement: traits_of(by_key[c.key[:3]]) for c in bare if _column(c) == column}
            innocent = [traits_of(by_key[c.key[:3]]) for c in right if c.column == column]
            self._shared |= {(name, column): about for name, about in shared_traits(held, innocent).items()}

    def shared(self, measurement: str, column: str) -> str:
        """What it has in common with others that are wrong, or ""."""
        return self._shared.get((measurement, column), "")


def _is_bare(cell: Cell, by_key: Mapping[tuple[str, str, str], Specimen]) -> bool:
    return cell.operation == BARE and cell.key[:3] in by_key


class _Kin:
    """Which operations stand inside which, and beside which."""

    def __init__(self, specimens: Iterable[Specimen]) -> None:
        known = tuple(specimens)
        self._made_of = {one.operation: one.made_of for one in known if not one.beside}
        self._core = {one.operation: one.core for one in known}
        self._beside = {one.key: one.beside for one in known if one.beside}
        self._held = {one.key: _names_in(one) for one in known if one.drawn}
        self._near = {one.key: one.near for one in known if one.near}

    def beside(self, cell: Cell) -> str:
        """The operation that stands before the one that a cell asks about, or ""."""
        return self._beside.get(cell.key[:3], "")

    def near(self, cell: Cell) -> tuple[str, ...]:
        """The key of the circuit that this one is near, or nothing."""
        return self._near.get(cell.key[:3], ())

    def held(self, cell: Cell, wrong: Iterable[str]) -> Iterator[str]:
        """Those of some wrong operations that a drawn circuit holds."""
        names = self._held.get(cell.key[:3], frozenset())
        return (one for one in wrong if self._core.get(one) in names)

    def root(self, operation: str, wrong: Sequence[str]) -> str:
        """The wrong one inside of an operation that holds no other such; the first build of its class, where there is none."""
        first = {self._core.get(one, one): one for one in reversed(wrong)}
        start = first.get(self._core.get(operation, operation), operation)
        roots = [one for one in self._inside(start, first) if not self._inside(one, first)]
        return min(roots, default=start)

    def _inside(self, operation: str, first: Mapping[str, str]) -> set[str]:
        return {first[core] for core in self._made_of.get(operation, ()) if core in first} - {operation}


def _names_in(specimen: Specimen) -> frozenset[str]:
    return frozenset(node.name for top in specimen.circuit.operations for node in nodes_of(top))


class _Explanations:
    """What each of the wrong cells is put down to."""

    def __init__(self, wrong: Sequence[Cell], kin: _Kin, measured: _Measured) -> None:
        self._kin = kin
        self._measured = measured
        self._measurements = {(c.measurement, _column(c)) for c in wrong if c.operation == BARE and not c.variation}
        self._outputs = {c.key[:3] for c in wrong if _column(c) == OUTPUT}
        self._wrong: dict[tuple[tuple[str, ...], str], Cell] = {(c.key[:3], _column(c)): c for c in wrong}
        self._operations: dict[str, dict[str, None]] = {}
        for cell in wrong:
            if cell.operation != BARE and not cell.variation and not self._is_of_measurement(cell):
                self._operations.setdefault(_column(cell), {})[cell.operation] = None
        self._variations: dict[tuple[str, str], dict[str, None]] = {}
        for cell in wrong:
            if cell.variation and not self._is_wrong_without(cell):
                self._variations.setdefault((cell.variation, _column(cell)), {})[subject_of(cell)] = None

    def _is_of_measurement(self, cell: Cell) -> bool:
        return any((cell.measurement, column) in self._measurements for column in {_column(cell), OUTPUT})

    def _is_wrong_without(self, cell: Cell) -> bool:
        return any(cell.operation in self._operations.get(column, ()) for column in {_column(cell), OUTPUT})

    def of(self, cell: Cell) -> tuple[str, str]:
        """What a cell is put down to, and the column in which that shows."""
        column = OUTPUT if cell.key[:3] in self._outputs else _column(cell)
        for known in {column: None, OUTPUT: None}:
            shared = self._measured.shared(cell.measurement, known)
            if shared:
                return shared, known
            if (cell.measurement, known) in self._measurements:
                return cell.measurement, known
        for known in {OUTPUT: None, column: None}:
            alone = self._operations.get(known, {})
            for operation in (cell.operation, self._kin.beside(cell), *self._kin.held(cell, alone)):
                if operation in alone:
                    return self._kin.root(operation, tuple(alone)), known
        pattern = self._wrong.get((self._kin.near(cell), column))
        return self.of(pattern) if pattern is not None else (self._of_variation(cell, column), column)

    def _of_variation(self, cell: Cell, column: str) -> str:
        """What is wrong in a variation alone is the variation's, where operations that share nothing else are wrong in it."""
        alike = tuple(self._variations.get((cell.variation, column), {}))
        roots = {self._kin.root(one, alike) for one in alike}
        if len(roots) >= SEVERAL:
            return cell.variation
        name = self._kin.root(subject_of(cell), alike)
        return f"{name}, {cell.variation}" if cell.variation else name


def subject_of(cell: Cell) -> str:
    """What a cell asks about: its operation, or its measurement where there is none."""
    return cell.measurement if cell.operation == BARE else cell.operation


def _column(cell: Cell) -> str:
    """The column of a cell; that of outputs where it is the output that a method has wrong."""
    return OUTPUT if cell.where is Signature.OUTPUT else cell.column


def plainness(cell: Cell, about: str, specimen: Specimen | None) -> tuple[bool, bool, bool, int, int, str]:
    """The plainest first: what it is about, not drawn, without a variation, by few operations on few wires."""
    of_another = about.partition(", ")[0] not in (cell.operation, cell.measurement, cell.variation)
    if specimen is None:
        return (of_another, True, True, 99, 99, cell.operation)
    circuit = specimen.circuit
    parts = len(circuit.operations) + sum(len(nodes_of(measurement)) for measurement in circuit.measurements)
    return (of_another, specimen.drawn, bool(cell.variation), len(circuit.wires), parts, cell.operation)
