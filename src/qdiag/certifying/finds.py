"""Finds from the certificates of several devices: one for each thing that goes wrong, whatever the device and the method.

What is wrong is first put together device by device, as the faults of a certificate are; then faults become one that are about the same
and are off by the same amount in the same circuit: methods that go the same wrong way end at the same wrong number. What breaks down is
one find where it is the same exception out of the same function of PennyLane's; a lost process is one for each operation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from qdiag.certifying.faults import faults_of, plainness, subject_of
from qdiag.model.certificate import OUTPUT, Cell, Certificate, Fault, Standing
from qdiag.model.findings import Confidence
from qdiag.model.hunt import Find, Hit, Kind
from qdiag.model.node import nodes_of
from qdiag.model.specimen import BARE, Specimen

Key = tuple[str, str, str]
"""What a specimen is known by."""

DIGITS = 6
"""Errors are the same where so many digits of them are."""

READ_BY_ALL = frozenset({"ExpectationMP", "ProbabilityMP", "StateMP", "VarianceMP"})
"""Measurements by which every operation is read: that two circuits share one says nothing of their cause."""

FEW = 3
"""A find is called by no more operations than these."""

_ORDER = list(Kind)


def finds_of(parts: Sequence[Certificate], specimens: Iterable[Specimen]) -> tuple[Find, ...]:
    """The finds that explain all hits: the worst kinds first, and of these the largest.

    Parameters
    ----------
    parts
        What was asked of each device.
    specimens
        The circuits.
    """
    by_key = {one.key: one for one in specimens}
    working = {cell.key[:3] for part in parts for cell in part.cells if cell.standing is Standing.EXACT}
    found = [*_wrong(parts, by_key), *_broken(parts, by_key, working)]
    return tuple(sorted(found, key=lambda find: (_ORDER.index(find.kind), -len(find.hits), find.about)))


# --- what is wrong --------------------------------------------------------------------------------------------------------------------


def is_wrong(cell: Cell) -> bool:
    """Whether a cell is wrong, said to be unsupported or not."""
    return cell.standing is Standing.WRONG


def _wrong(parts: Sequence[Certificate], by_key: Mapping[Key, Specimen]) -> list[Find]:
    faults = [(part.name, fault) for part in parts for fault in faults_of(part.cells, by_key.values(), is_wrong)]
    found = []
    for group in _joined([_marks(fault) for _, fault in faults]):
        about = _widest([faults[k][1] for k in group])
        hits = [Hit(faults[k][0], cell) for k in group for cell in faults[k][1].cells]
        found.append(_find(about, hits, by_key))
    alike = _joined([{(_subject(find), find.kind, frozenset(find.columns))} for find in found])
    return [_together([found[k] for k in group], by_key) for group in alike]


def _subject(find: Find) -> Hashable:
    """The operation that a find is about, in whatever variation; of others what it is about."""
    first = find.first.cell
    return first.core if first.operation != BARE and first.operation in find.about.split(", ") else find.about


def _together(finds: Sequence[Find], by_key: Mapping[Key, Specimen]) -> Find:
    """One find of several, called by the plainest of them."""
    if len(finds) == 1:
        return finds[0]
    whole = _find("", [hit for find in finds for hit in find.hits], by_key)
    own = next(find for find in finds if whole.first in find.hits)
    # that of another circuit may be surer
    sure = next((find for find in (own, *finds) if _is_confirmed(find)), own)
    return replace(whole, about=own.about, finding=sure.finding)


def _is_confirmed(find: Find) -> bool:
    return find.finding is not None and find.finding.diagnosis.confidence is Confidence.CONFIRMED


def _marks(fault: Fault) -> set[Hashable]:
    """What a fault has in common with those that are the same: what it is about, and by how much a circuit is off."""
    return {(fault.about, cell.key[:3], _rounded(cell.error)) for cell in fault.cells}


def _rounded(error: float) -> str:
    return f"{error:.{DIGITS - 1}e}" if math.isfinite(error) else "none"


def _widest(faults: Sequence[Fault]) -> str:
    return max(faults, key=lambda fault: len(fault.cells)).about


def _joined(marks: Sequence[set[Hashable]]) -> list[list[int]]:
    """Positions put together that share a mark, directly or by others, in order."""
    group = list(range(len(marks)))
    holder: dict[Hashable, int] = {}

    def root(k: int) -> int:
        while group[k] != k:
            k = group[k]
        return k

    for k, own in enumerate(marks):
        for mark in own:
            other = root(holder.setdefault(mark, k))
            mine = root(k)
            group[max(other, mine)] = min(other, mine)
    found: dict[int, list[int]] = {}
    for k in range(len(marks)):
        found.setdefault(root(k), []).append(k)
    return list(found.values())


# --- what breaks down -----------------------------------------------------------------------------------------------------------------


def _broken(parts: Sequence[Certificate], by_key: Mapping[Key, Specimen], working: set[Key]) -> list[Find]:
    """What raises, or ends the process, where another method or device gives the right number for the same circuit."""
    groups: dict[Hashable, list[Hit]] = {}
    for part in parts:
        for cell in part.cells:
            if cell.standing in (Standing.RAISED, Standing.LOST) and cell.key[:3] in working:
                groups.setdefault(_breakdown(cell), []).append(Hit(part.name, cell))
    return [_find("", hits, by_key) for hits in groups.values()]


def _breakdown(cell: Cell) -> Hashable:
    """The same for cells that break down at the same place."""
    if cell.standing is Standing.LOST:
        return cell.standing, cell.core
    kind, _, words = cell.words.partition(":")
    if cell.place:
        return kind, cell.place
    # the words are all there is then, but for the numbers and names in them, which are of this circuit alone
    return kind, cell.column, re.sub(r"\d+|'[^']*'", "", words)


# --- one find -------------------------------------------------------------------------------------------------------------------------


def _find(about: str, hits: Sequence[Hit], by_key: Mapping[Key, Specimen]) -> Find:
    """A find, its plainest hit first; what breaks down is about the circuit that is plainest."""

    def plain(hit: Hit) -> tuple[bool, bool, bool, int, int, str]:
        return plainness(hit.cell, about or subject_of(hit.cell), by_key.get(hit.cell.key[:3]))

    ordered = tuple(sorted(hits, key=lambda hit: (*plain(hit), hit.cell.column == OUTPUT)))
    first = ordered[0].cell
    name = about or ", ".join(filter(None, (subject_of(first), first.variation)))
    return Find(name, ordered, by_key.get(first.key[:3]))


def with_causes_joined(finds: Sequence[Find], specimens: Iterable[Specimen]) -> tuple[Find, ...]:
    """The finds once they are diagnosed: those about the same operation, with the same confirmed cause, that share a method are one.

    A confirmed cause that shows without any operation is no operation's: where one such find has it, all that share it and a method are
    that find. What a drawn circuit is about only its diagnosis says: it goes to a find with its cause in the same operation, or in the
    same measurement where that is an uncommon one, be it confirmed or likely.
    """
    by_key = {one.key: one for one in specimens}
    known: dict[Hashable, int] = {}
    for number, find in enumerate(finds):
        if not _is_drawn(find):
            for mark in _blame(find):
                known.setdefault(mark, number)

    bare = _of_no_operation(finds)

    def marks(number: int, find: Find) -> set[Hashable]:
        if _is_drawn(find):
            return {number, *(known.get(mark, mark) for mark in _blame(find))}
        of_none = {bare[mark] for mark in _shown(find) if mark in bare} if find.first.cell.operation != BARE else set()
        return {number, *_causes(find), *of_none}

    groups = _joined([marks(number, find) for number, find in enumerate(finds)])
    return tuple(_of_one_cause([finds[k] for k in group], by_key) for group in groups)


def _of_no_operation(finds: Sequence[Find]) -> dict[Hashable, int]:
    """Which find has a confirmed cause without any operation, for causes that one such find has alone."""
    numbers: dict[Hashable, set[int]] = {}
    for number, find in enumerate(finds):
        if _is_bare(find) and not _sits_in_reading(find):
            for mark in _shown(find):
                numbers.setdefault(mark, set()).add(number)
    return {mark: min(those) for mark, those in numbers.items() if len(those) == 1}


def _sits_in_reading(find: Find) -> bool:
    """Whether the cause of a find without any operation sits in how its circuit is read, and not in what is around any operation."""
    part = find.finding.diagnosis.part if find.finding is not None else ""
    operations = find.specimen.circuit.operations if find.specimen is not None else ()
    return bool(part) and part not in {node.name for top in operations for node in nodes_of(top)}


def _shown(find: Find) -> set[Hashable]:
    """A find's confirmed cause, in each column in which it shows."""
    if not _is_confirmed(find) or find.kind is Kind.RAISED:
        return set()
    assert find.finding is not None, "what is confirmed was diagnosed"
    return {(find.kind, find.finding.diagnosis.code, column) for column in find.columns}


def _of_one_cause(finds: Sequence[Find], by_key: Mapping[Key, Specimen]) -> Find:
    """One find of several, called by what it shows in without any operation; of drawn circuits alone by what is left of them."""
    whole = _together(finds, by_key)
    for find in finds:
        if _is_bare(find) and not _sits_in_reading(find):
            return replace(whole, about=find.about, finding=find.finding if _is_confirmed(find) else whole.finding)
    parts = sorted(_parts(whole) or _left(whole))
    return replace(whole, about=f"{' and '.join(parts)}, in drawn circuits") if parts and all(map(_is_drawn, finds)) else whole


def _is_bare(find: Find) -> bool:
    """Whether a find shows without any operation, in a circuit of the space."""
    return find.first.cell.operation == BARE and not _is_drawn(find)


def _left(find: Find) -> frozenset[str]:
    """The operations of the minimal circuit; none where that is not known, or holds many."""
    minimal = find.finding.minimal if find.finding is not None else None
    names = frozenset(node.name for top in minimal.circuit.operations for node in nodes_of(top)) if minimal and minimal.circuit else ()
    return frozenset(names) if len(names) <= FEW else frozenset()


def _is_drawn(find: Find) -> bool:
    return find.specimen is not None and find.specimen.drawn


def _causes(find: Find) -> set[Hashable]:
    """What a find has in common with others of the same confirmed cause at the same operation."""
    return {(_subject(find), mark) for mark in _shown(find)}


def _blame(find: Find) -> set[Hashable]:
    """What a find of drawn circuits has in common with others of its cause, confirmed or likely."""
    code = find.finding.diagnosis.code if find.finding is not None else ""
    return {(part, find.kind, code, column) for part in _parts(find) for column in find.columns}


def _parts(find: Find) -> frozenset[str]:
    """Where a find's cause sits, as far as it is known: in an operation, or in how the circuit is read, where few are read so."""
    finding = find.finding
    if finding is None or finding.diagnosis.confidence is Confidence.UNKNOWN or find.kind is Kind.RAISED:
        return frozenset()
    minimal = finding.minimal.circuit if finding.minimal is not None else None
    circuit = minimal or finding.divergence.call.circuit
    read = {measurement.name for measurement in circuit.measurements} - READ_BY_ALL
    return frozenset(read or {finding.diagnosis.part} - {""})
