"""What a certificate says: cells gathered into the tiles of a matrix, faults in sentences, refusals and breakdowns in tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

from qdiag._version import __version__
from qdiag.model.call import Script
from qdiag.model.certificate import OUTPUT, Cell, Certificate, Fault, Standing
from qdiag.model.numerics.rounding import EPS64
from qdiag.model.specimen import BARE
from qdiag.report.certificate_outline import CertificatePage, FaultChapter, Matrix
from qdiag.report.content.cells import (
    Key,
    drawing_of,
    facts_of,
    first_of,
    place_of,
    row_name,
    script_of,
    shortened,
    size_in_words,
    some_names,
    tile_of,
    worst_first,
)
from qdiag.report.content.certificate_record import record_of
from qdiag.report.content.figures import count, listing, seconds, units
from qdiag.report.content.promises import promise_in_words
from qdiag.report.outline import Fact, Table
from qdiag.report.redacting.redaction import redact, secrets_of_this_machine

LEGEND = (
    "✓ right to the precision that the device has · ✗ silently wrong · = wrong or broken on PennyLane's own device, too: no fault "
    "of this one · ! raises, where it does not say that it refuses · – refused in words · ? not judged · ☠ its process died · "
    "… too slow · a dot: not asked. A tile stands for all circuits of its row; it shows the first of ✗ ☠ ! … = ? ✓ – that one "
    "of them came to. What is wrong only by how it is measured, or in a variation in which everything is, stands with its fault."
)


def page(certificate: Certificate, *, worse: Optional[Sequence[tuple[Cell, str]]] = None, wrote: str = "") -> CertificatePage:
    """A certificate in words.

    Parameters
    ----------
    certificate
        What was found.
    worse
        Cells that are worse than in an earlier certificate, each with what it was; None where it is held against none.
    wrote
        Where its files are.
    """
    certificate = redact(certificate, secrets_of_this_machine(_arguments(certificate)))
    anchors = {cell.key: _anchor(number) for number, fault in enumerate(certificate.faults) for cell in fault.cells}
    verdict = verdict_of(certificate)
    return CertificatePage(
        title=name_of(certificate),
        verdict=verdict,
        sentence=_sentence(certificate),
        facts=_facts(certificate),
        matrices=tuple(_matrices(certificate, anchors)),
        legend=LEGEND,
        faults=tuple(_chapter(number, fault) for number, fault in enumerate(certificate.faults)),
        tables=tuple(_tables(certificate)),
        notes=certificate_notes(certificate),
        environment=_environment(certificate),
        badge=badge(certificate),
        version=__version__,
        record=record_of(certificate, verdict, _sentence(certificate), badge(certificate)),
        wrote=wrote,
        worse=None if worse is None else _worse(worse),
    )


def _arguments(certificate: Certificate) -> Script:
    """The device's options as arguments: what they give away is hidden as in those of a script."""
    options = certificate.device.device_options
    return Script("certify", tuple(word for name, value in options for word in (f"--{name}", str(value))), called=True)


def verdict_of(certificate: Certificate) -> str:
    """The word that it comes to."""
    if certificate.silent:
        return "ERROR"
    return "AGREE" if any(cell.standing is Standing.EXACT for cell in certificate.cells) else "INCONCLUSIVE"


def name_of(certificate: Certificate) -> str:
    """The device and its options, as a user writes them."""
    options = "".join(f" --option {name}={value}" for name, value in certificate.device.device_options)
    return f"{certificate.name}{options}"


def badge(certificate: Certificate) -> str:
    """One line for a README."""
    silent, judged = len(certificate.faults), _judged(certificate.cells)
    state = f"{count(silent, 'silent fault') if certificate.silent else 'no silent fault'} in {count(judged, 'cell')}"
    return f"{name_of(certificate)}: {state}, {_precision(certificate)} (qdiag {__version__}, seed {certificate.seed})"


def _sentence(certificate: Certificate) -> str:
    judged = _judged(certificate.cells)
    if certificate.silent:
        faults, wrong = count(len(certificate.faults), "silent fault"), len(certificate.silent)
        return f"{faults}: {wrong} of {count(judged, 'judged cell')} are wrong, and nothing says so."
    if not judged:
        return "Nothing could be judged."
    return f"Of {count(judged, 'judged cell')} none is silently wrong."


def _judged(cells: Iterable[Cell]) -> int:
    return sum(cell.standing in (Standing.EXACT, Standing.WRONG) for cell in cells)


def _precision(certificate: Certificate) -> str:
    abilities = certificate.abilities
    if abilities.shots:
        return f"sampled with {abilities.shots} shots"
    return "single precision" if abilities.eps > EPS64 else "double precision"


def _facts(certificate: Certificate) -> tuple[Fact, ...]:
    cells, abilities = certificate.cells, certificate.abilities
    how = "though none were asked for" if abilities.shots else "by its own results"
    facts = [Fact("works in", f"{_precision(certificate)}, {how}")]
    facts += [Fact("says", text.split("\n")[0]) for text in abilities.words[:2]]
    facts.append(Fact("methods", listing(certificate.methods) or "none that differentiates"))
    exact = [cell for cell in cells if cell.standing is Standing.EXACT and cell.asked]
    if exact and not abilities.shots:
        worst = max(exact, key=lambda cell: cell.ulps)
        facts.append(Fact("worst", f"{units(worst.ulps)} ulps off of what is right: {place_of(worst)} under {worst.column}"))
    asked = f"{certificate.asked} of {certificate.total} circuits asked"
    facts.append(Fact("asked", f"{asked} in {seconds(certificate.seconds)}, seed {certificate.seed}"))
    return tuple(facts)


def certificate_notes(certificate: Certificate) -> tuple[str, ...]:
    """What the verdict is not about."""
    notes = []
    if certificate.asked < certificate.total:
        why = "it was interrupted" if certificate.interrupted else "the budget was spent"
        notes.append(f"{certificate.total - certificate.asked} of {certificate.total} circuits were not asked: {why}.")
    if certificate.abilities.shots:
        notes.append("Its results are sampled: what is off by more than sampling explains, five times of five, is wrong.")
    elsewhere = sum(cell.standing is Standing.EVERYWHERE for cell in certificate.cells)
    if elsewhere:
        notes.append(f"Wrong or broken on PennyLane's own device, too, and so listed but not counted: {count(elsewhere, 'cell')}.")
    differenced = sum(cell.words.startswith("by finite differences") for cell in certificate.cells if cell.standing is Standing.EXACT)
    if differenced:
        notes.append(f"PennyLane takes finite differences without a word, and is right to these alone: {count(differenced, 'cell')}.")
    return tuple(notes)


# --- the matrix -----------------------------------------------------------------------------------------------------------------------


def _matrices(certificate: Certificate, anchors: Mapping[Key, str]) -> Iterable[Matrix]:
    measured = [cell for cell in certificate.cells if cell.operation == BARE]
    operated = [cell for cell in certificate.cells if cell.operation != BARE]
    explained = _explained(certificate.faults)
    for title, cells, by in (("Operations", operated, "operation"), ("Measurements", measured, "measurement")):
        rows: dict[str, list[Cell]] = {}
        for cell in cells:
            rows.setdefault(getattr(cell, by), []).append(cell)
        if rows:
            tiles = [
                (name, tuple(tile_of([c for c in row if c.column == column], explained, anchors) for column in certificate.columns))
                for name, row in rows.items()
            ]
            yield Matrix(title, (title[:-1].lower(), *certificate.columns), tuple(sorted(tiles, key=worst_first)))


def _explained(faults: Iterable[Fault]) -> frozenset[Key]:
    """Cells of operations that are wrong for no reason of their own: by what is measured, or in a variation in which all are."""
    return frozenset(
        cell.key
        for fault in faults
        for cell in fault.cells
        if cell.operation != BARE and (fault.cells[0].operation == BARE or fault.about == cell.variation)
    )


# --- faults ---------------------------------------------------------------------------------------------------------------------------


def _anchor(number: int) -> str:
    return f"fault-{number + 1}"


def _chapter(number: int, fault: Fault) -> FaultChapter:
    first = fault.cells[0]
    what = "its output" if fault.column == OUTPUT else f"the gradient under {fault.column}"
    facts = [
        Fact("wrong", f"{first.words} ({place_of(first)})"),
        Fact("promise", promise_in_words(first.promise)),
        Fact("size", f"{size_in_words(first.error)}; rounding explains {first.bound:.2g}"),
    ]
    facts += facts_of(fault.finding)
    named = [f"{place_of(cell)} under {cell.column} ({size_in_words(cell.error)})" for cell in fault.cells[1:]]
    drawn = drawing_of(fault.specimen, fault.finding)
    script = script_of(fault.finding)
    return FaultChapter(f"{fault.about}: {what}", tuple(facts), drawn, script, first_of(named), _anchor(number))


# --- tables ---------------------------------------------------------------------------------------------------------------------------


def _tables(certificate: Certificate) -> Iterable[Table]:
    titles = (
        ("Breaks down", (Standing.RAISED, Standing.LOST, Standing.LATE), "Not refused: an exception, a lost process, or no end."),
        ("Wrong or broken everywhere", (Standing.EVERYWHERE,), "PennyLane's own device gives the same."),
        ("Refused", (Standing.REFUSED,), "In the words of PennyLane or the device."),
        ("Not judged", (Standing.OPEN,), ""),
    )
    for title, standings, note in titles:
        groups: dict[tuple[str, str], dict[str, None]] = {}
        for cell in certificate.cells:
            if cell.standing in standings:
                words = cell.words or f"off by {size_in_words(cell.error)}"
                groups.setdefault((shortened(words), cell.column), {})[row_name(cell)] = None
        rows = [(some_names(names), column, words) for (words, column), names in groups.items()]
        if rows:
            yield Table(title, ("of", "method", "words"), tuple(sorted(rows)), note)


def _environment(certificate: Certificate) -> tuple[Fact, ...]:
    stack = certificate.environment
    return (
        Fact("device", name_of(certificate)),
        *(Fact(name, version) for name, version in stack.packages),
        Fact("Python", stack.python),
        Fact("platform", stack.platform),
    )


def _worse(worse: Sequence[tuple[Cell, str]]) -> Table:
    rows = tuple((place_of(cell), cell.column, before, cell.standing.value) for cell, before in worse)
    return Table("Worse than before", ("circuit", "method", "was", "is"), rows, "" if rows else "No cell is worse.")
