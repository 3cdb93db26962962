"""What a certificate says: cells gathered into the tiles of a matrix, faults in sentences, refusals and breakdowns in tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

from qdiag._version import __version__
from qdiag.model.call import Script
from qdiag.model.certificate import OUTPUT, Cell, Certificate, Fault, Standing
from qdiag.model.numerics.rounding import EPS64
from qdiag.model.specimen import BARE
from qdiag.report.certificate_outline import CertificatePage, FaultChapter, Matrix, Tile
from qdiag.report.content.certificate_record import record_of
from qdiag.report.content.drawing import drawing
from qdiag.report.content.figures import count, listing, seconds, units
from qdiag.report.outline import Code, Fact, Table
from qdiag.report.redacting.redaction import redact, secrets_of_this_machine

MARKS = {
    Standing.WRONG: "✗",
    Standing.LOST: "☠",
    Standing.RAISED: "!",
    Standing.LATE: "…",
    Standing.EVERYWHERE: "=",
    Standing.OPEN: "?",
    Standing.EXACT: "✓",
    Standing.REFUSED: "–",
}
"""The mark of each standing, the one first that a tile shows where its cells differ."""

KINDS = {
    Standing.WRONG: "wrong",
    Standing.LOST: "broken",
    Standing.RAISED: "broken",
    Standing.LATE: "broken",
    Standing.EVERYWHERE: "elsewhere",
    Standing.OPEN: "open",
    Standing.EXACT: "right",
    Standing.REFUSED: "refused",
}

LEGEND = (
    "✓ right to the precision that the device has · ✗ silently wrong · = wrong or broken on PennyLane's own device, too: no fault "
    "of this one · ! raises, where it does not say that it refuses · – refused in words · ? not judged · ☠ its process died · "
    "… too slow · a dot: not asked. A tile stands for all circuits of its row; it shows the first of ✗ ☠ ! … = ? ✓ – that one "
    "of them came to. What is wrong only by how it is measured, or in a variation in which everything is, stands with its fault."
)

Key = tuple[str, str, str, str]
"""What a cell is known by."""

MOST_OTHERS = 12
"""So many of a fault's other circuits are named."""


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
        facts.append(Fact("worst", f"{units(worst.ulps)} ulps off of what is right: {_place(worst)} under {worst.column}"))
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
                (name, tuple(_tile([c for c in row if c.column == column], explained, anchors) for column in certificate.columns))
                for name, row in rows.items()
            ]
            yield Matrix(title, (title[:-1].lower(), *certificate.columns), tuple(sorted(tiles, key=_worst_first)))


def _worst_first(row: tuple[str, tuple[Tile, ...]]) -> tuple[int, str]:
    """Rows that are wrong somewhere above those that are right, those that are refused throughout last."""
    kinds = {tile.kind for tile in row[1]}
    order = ("wrong", "broken", "elsewhere", "open", "right", "refused", "blank")
    return min(order.index(kind) for kind in kinds), row[0].lower()


def _explained(faults: Iterable[Fault]) -> frozenset[Key]:
    """Cells of operations that are wrong for no reason of their own: by what is measured, or in a variation in which all are."""
    return frozenset(
        cell.key
        for fault in faults
        for cell in fault.cells
        if cell.operation != BARE and (fault.cells[0].operation == BARE or fault.about == cell.variation)
    )


def _tile(row: Sequence[Cell], explained: frozenset[Key], anchors: Mapping[Key, str]) -> Tile:
    """One row's cells in one column; those that another fault explains do not make it red, unless there are no others."""
    cells = [cell for cell in row if cell.key not in explained] or row
    if not cells:
        return Tile("·", "not asked", "blank")
    shown = next(standing for standing in MARKS if any(cell.standing is standing for cell in cells))
    alike = [cell for cell in cells if cell.standing is shown]
    worst = max(alike, key=lambda cell: (math.isfinite(cell.error), cell.error))
    words = f"{len(alike)} of {len(cells)} {shown.value}"
    if shown is Standing.EXACT and worst.ulps:
        words += f", at most {units(max(cell.ulps for cell in alike))} ulps off"
    elif shown in (Standing.WRONG, Standing.EVERYWHERE) and worst.error:
        words += f", by up to {_size(worst.error)}"
    elif worst.words:
        words += f": {worst.words}"
    if len(cells) < len(row):
        words += f"; {len(row) - len(cells)} wrong by a fault of another kind"
    return Tile(MARKS[shown], words, KINDS[shown], anchors.get(worst.key, ""))


def _size(error: float) -> str:
    return f"{error:.2g}" if math.isfinite(error) else "more than any number"


# --- faults ---------------------------------------------------------------------------------------------------------------------------


def _anchor(number: int) -> str:
    return f"fault-{number + 1}"


def _chapter(number: int, fault: Fault) -> FaultChapter:
    first = fault.cells[0]
    what = "its output" if fault.column == OUTPUT else f"the gradient under {fault.column}"
    facts = [
        Fact("wrong", f"{first.words} ({_place(first)})"),
        Fact("promise", _promise(first)),
        Fact("size", f"{_size(first.error)}; rounding explains {first.bound:.2g}"),
    ]
    finding = fault.finding
    if finding is not None:
        diagnosis = finding.diagnosis
        facts.append(Fact("cause", f"{diagnosis.code} {diagnosis.title}, {diagnosis.confidence.value}"))
        facts.append(Fact("because", diagnosis.because))
        if finding.minimal is not None:
            small = finding.minimal
            facts.append(Fact("minimal", f"{count(small.operations, 'operation')} on {count(small.wires, 'wire')}"))
    else:
        facts.append(Fact("cause", "not looked for"))
    circuit = finding.minimal.circuit if finding is not None and finding.minimal is not None else None
    if circuit is None and fault.specimen is not None:
        circuit = fault.specimen.circuit
    script = None
    if finding is not None and finding.reproducer is not None and finding.reproducer.verified:
        script = Code("A script that shows it", finding.reproducer.source, note="exits 1 while it is there")
    others = fault.cells[1:]
    named = "; ".join(f"{_place(cell)} under {cell.column} ({_size(cell.error)})" for cell in others[:MOST_OTHERS])
    more = f"; and {len(others) - MOST_OTHERS} more" if len(others) > MOST_OTHERS else ""
    drawn = None if circuit is None else drawing(circuit)
    return FaultChapter(f"{fault.about}: {what}", tuple(facts), drawn, script, named + more, _anchor(number))


def _promise(cell: Cell) -> str:
    words = {
        "broken promise": "broken: the device declares it, or PennyLane has a rule for it",
        "silent": "none was given, and nothing was said",
        "documented": "it is said not to be supported",
    }
    return words[cell.promise.value] if cell.promise is not None else ""


def _place(cell: Cell) -> str:
    what = cell.measurement if cell.operation == BARE else f"{cell.operation}, {cell.measurement}"
    return f"{what}, {cell.variation}" if cell.variation else what


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
                words = cell.words or f"off by {_size(cell.error)}"
                groups.setdefault((_shortened(words), cell.column), {})[_row_name(cell)] = None
        rows = [(_names(names), column, words) for (words, column), names in groups.items()]
        if rows:
            yield Table(title, ("of", "method", "words"), tuple(sorted(rows)), note)


def _row_name(cell: Cell) -> str:
    return cell.measurement if cell.operation == BARE else cell.operation


def _names(names: Iterable[str]) -> str:
    known = sorted(names)
    more = f" and {len(known) - MOST_OTHERS} more" if len(known) > MOST_OTHERS else ""
    return ", ".join(known[:MOST_OTHERS]) + more


def _shortened(words: str) -> str:
    """Words without the numbers in them that make each of them another one."""
    return words if len(words) <= 160 else words[:159] + "…"


def _environment(certificate: Certificate) -> tuple[Fact, ...]:
    stack = certificate.environment
    return (
        Fact("device", name_of(certificate)),
        *(Fact(name, version) for name, version in stack.packages),
        Fact("Python", stack.python),
        Fact("platform", stack.platform),
    )


def _worse(worse: Sequence[tuple[Cell, str]]) -> Table:
    rows = tuple((_place(cell), cell.column, before, cell.standing.value) for cell, before in worse)
    return Table("Worse than before", ("circuit", "method", "was", "is"), rows, "" if rows else "No cell is worse.")
