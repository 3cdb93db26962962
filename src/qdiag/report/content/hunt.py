"""What a hunt says: one matrix over all devices and methods, a chapter for each find, and how far a reader may rely on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

from qdiag._version import __version__
from qdiag.model.call import Script
from qdiag.model.certificate import Cell, Certificate, Standing
from qdiag.model.hunt import Find, Hit, Hunt, Kind
from qdiag.model.specimen import BARE
from qdiag.report.certificate_outline import CertificatePage, FaultChapter, Matrix, Tile
from qdiag.report.content.cells import (
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
from qdiag.report.content.figures import count, listing, seconds
from qdiag.report.content.hunt_record import record_of
from qdiag.report.content.known_faults import KnownFault, matching
from qdiag.report.content.promises import promise_in_words
from qdiag.report.outline import Fact, Table
from qdiag.report.redacting.redaction import redact, secrets_of_this_machine

LEGEND = (
    "✓ right to the precision that the device has · ✗ wrong, and upheld by another word than the reference's · ! raises, where it "
    "does not say that it refuses · – refused in words · ? not judged, or not upheld · ☠ its process died · … too slow · "
    "a dot: not asked. A tile stands for all circuits of its row, and shows the first of ✗ ☠ ! … ? ✓ – that one of them came to. "
    "What is wrong only by how it is measured, or in a variation in which everything is, stands with its find."
)

POLICY = (
    "A tool wrote every sentence and every script on this page, and filed nothing. Before an issue is opened a person must read what "
    "is here, run the script, look for the same in the tracker and in the documentation, and say in the issue that a tool found it."
)

KINDS = {
    Kind.WRONG: "a wrong number",
    Kind.NOT_FINITE: "no number",
    Kind.LOST: "the process is lost",
    Kind.RAISED: "breaks down",
}

IN_SENTENCES = {
    Kind.WRONG: "with a wrong number",
    Kind.NOT_FINITE: "with no number",
    Kind.LOST: "at which a process is lost",
    Kind.RAISED: "at which a method breaks down where another works",
}

HitKey = tuple[str, str, str, str, str]
"""What a hit is known by."""

MOST_COLUMNS = 6
"""So many devices and methods are named in the title of a find."""


def page(hunt: Hunt, *, new: Optional[Sequence[Find]] = None, wrote: str = "") -> CertificatePage:
    """A hunt in words.

    Parameters
    ----------
    hunt
        What was found.
    new
        Finds that an earlier hunt has not; None where it is held against none.
    wrote
        Where its files are.
    """
    names = {id(find) for find in new or ()}
    marks = [id(find) in names for find in hunt.finds]
    hunt = redact(hunt, secrets_of_this_machine(Script("hunt", (), called=True)))
    known = [issues_of(find, hunt) for find in hunt.finds]
    chapters = tuple(_chapter(n, find, known[n], is_new=marks[n]) for n, find in enumerate(hunt.finds))
    told = [find for find, is_new in zip(hunt.finds, marks) if is_new]
    return CertificatePage(
        title="hunt: " + listing([part.name for part in hunt.parts]),
        verdict=verdict_of(hunt),
        sentence=_sentence(hunt),
        facts=tuple(_facts(hunt)),
        matrices=tuple(_matrices(hunt)),
        legend=LEGEND,
        faults=chapters,
        tables=tuple(_tables(hunt)),
        notes=(*_notes(hunt), POLICY),
        environment=_environment(hunt),
        badge="",
        version=__version__,
        record=record_of(hunt, verdict_of(hunt), _sentence(hunt), known, None if new is None else marks),
        wrote=wrote,
        worse=None if new is None else _new(told),
        heading="Finds",
    )


def issues_of(find: Find, hunt: Hunt) -> tuple[KnownFault, ...]:
    """Known faults that a find is an instance of."""
    return () if find.finding is None else matching(find.finding, hunt.parts[0].environment)


def verdict_of(hunt: Hunt) -> str:
    """The word that it comes to."""
    if hunt.offered:
        return "ERROR"
    right = any(cell.standing is Standing.EXACT for part in hunt.parts for cell in part.cells)
    return "AGREE" if right else "INCONCLUSIVE"


def _sentence(hunt: Hunt) -> str:
    judged = sum(cell.standing in (Standing.EXACT, Standing.WRONG) for part in hunt.parts for cell in part.cells)
    if not hunt.finds:
        return f"Nothing is wrong in {count(judged, 'judged cell')}." if judged else "Nothing could be judged."
    kinds = [(kind, [find for find in hunt.finds if find.kind is kind]) for kind in Kind]
    told = [f"{len(finds)} {IN_SENTENCES[kind]}" for kind, finds in kinds if finds]
    return f"{count(len(hunt.finds), 'find')} in {count(judged, 'judged cell')}: {listing(told)}."


def _facts(hunt: Hunt) -> Iterable[Fact]:
    for part in hunt.parts:
        asked = f"{part.asked} of {part.total} circuits in {seconds(part.seconds)} under {listing(part.methods) or 'no method'}"
        yield Fact(part.name, asked)
    yield Fact("seed", str(hunt.parts[0].seed))


def _notes(hunt: Hunt) -> Iterable[str]:
    for part in hunt.parts:
        if part.asked < part.total:
            why = "it was interrupted" if part.interrupted else "the budget was spent"
            yield f"{part.total - part.asked} of {part.total} circuits were not asked of {part.name}: {why}."
    doubted = sum(cell.words.startswith("not upheld") for part in hunt.parts for cell in part.cells if cell.standing is Standing.OPEN)
    if doubted:
        yield f"Wrong by the reference alone, not upheld and so no hit: {count(doubted, 'cell')}."


# --- the matrix -----------------------------------------------------------------------------------------------------------------------


def _matrices(hunt: Hunt) -> Iterable[Matrix]:
    columns = [(part, column) for part in hunt.parts for column in part.columns]
    header = tuple(f"{part.name}/{column}" for part, column in columns)
    anchors = {hit.key: _anchor(number) for number, find in enumerate(hunt.finds) for hit in find.hits}
    explained = _explained(hunt.finds)
    for title, bare, by in (("Operations", False, "operation"), ("Measurements", True, "measurement")):
        rows: dict[str, dict[tuple[str, str], list[Cell]]] = {}
        for part in hunt.parts:
            for cell in part.cells:
                if (cell.operation == BARE) is bare:
                    rows.setdefault(getattr(cell, by), {}).setdefault((part.name, cell.column), []).append(cell)
        if rows:
            tiles = [(name, tuple(_tile(row, part, c, explained, anchors) for part, c in columns)) for name, row in rows.items()]
            yield Matrix(title, (title[:-1].lower(), *header), tuple(sorted(tiles, key=worst_first)))


def _tile(
    row: Mapping[tuple[str, str], list[Cell]],
    part: Certificate,
    column: str,
    explained: frozenset[HitKey],
    anchors: Mapping[HitKey, str],
) -> Tile:
    cells = row.get((part.name, column), [])
    keys = {cell.key: (part.name, *cell.key) for cell in cells}
    own = {key: anchors[whole] for key, whole in keys.items() if whole in anchors}
    return tile_of(cells, frozenset(key for key, whole in keys.items() if whole in explained), own)


def _explained(finds: Iterable[Find]) -> frozenset[HitKey]:
    """Hits at operations that are wrong for no reason of their own: by what is measured, or in a variation in which all are."""
    return frozenset(
        hit.key
        for find in finds
        for hit in find.hits
        if hit.cell.operation != BARE and (find.first.cell.operation == BARE or find.about == hit.cell.variation)
    )


# --- finds ----------------------------------------------------------------------------------------------------------------------------


def _anchor(number: int) -> str:
    return f"find-{number + 1}"


def _chapter(number: int, find: Find, known: Sequence[KnownFault], *, is_new: bool) -> FaultChapter:
    first = find.first.cell
    facts = [Fact("kind", KINDS[find.kind])]
    said = "says" if find.kind in (Kind.RAISED, Kind.LOST) else "wrong"
    facts.append(Fact(said, f"{first.words} ({place_of(first)})"))
    if first.place:
        facts.append(Fact("in", first.place))
    if first.promise is not None:
        facts.append(Fact("promise", promise_in_words(first.promise)))
    if find.kind is Kind.WRONG:
        facts.append(Fact("size", f"{size_in_words(first.error)}; rounding explains {first.bound:.2g}"))
    facts.append(Fact("under", listing(find.columns)))
    told = [f"{fault.reference}: {fault.text}" for fault in known]
    facts.append(Fact("known", "; ".join(told) or "none of the faults that qdiag knows"))
    if is_new:
        facts.append(Fact("new", "an earlier hunt has it not"))
    facts += facts_of(find.finding)
    named = first_of([_hit(hit) for hit in find.hits[1:]])
    drawn, script = drawing_of(find.specimen, find.finding), script_of(find.finding)
    return FaultChapter(_title(find), tuple(facts), drawn, script, named, _anchor(number))


def _title(find: Find) -> str:
    columns = find.columns
    more = f" and {len(columns) - MOST_COLUMNS} more" if len(columns) > MOST_COLUMNS else ""
    return f"{find.about}: {KINDS[find.kind]} under {', '.join(columns[:MOST_COLUMNS])}{more}"


def _hit(hit: Hit) -> str:
    size = f" ({size_in_words(hit.cell.error)})" if hit.kind is Kind.WRONG else ""
    return f"{place_of(hit.cell)} under {hit.column}{size}"


def _new(finds: Sequence[Find]) -> Table:
    rows = tuple((find.about, listing(find.columns), "not there", KINDS[find.kind]) for find in finds)
    return Table("New since the earlier hunt", ("about", "under", "was", "is"), rows, "" if rows else "Nothing is new.")


# --- tables ---------------------------------------------------------------------------------------------------------------------------


def _tables(hunt: Hunt) -> Iterable[Table]:
    hits = {hit.key for find in hunt.finds for hit in find.hits}
    titles = (
        ("Breaks down on all", (Standing.RAISED, Standing.LOST), "No method and no device of PennyLane's gives a number of it."),
        ("Too slow", (Standing.LATE,), ""),
        ("Refused", (Standing.REFUSED,), "In the words of PennyLane or the device."),
        ("Not judged", (Standing.OPEN,), ""),
    )
    for title, standings, note in titles:
        groups: dict[tuple[str, str], dict[str, None]] = {}
        for part in hunt.parts:
            for cell in part.cells:
                if cell.standing in standings and (part.name, *cell.key) not in hits:
                    groups.setdefault((shortened(cell.words), f"{part.name}/{cell.column}"), {})[row_name(cell)] = None
        rows = [(some_names(names), column, words) for (words, column), names in groups.items()]
        if rows:
            yield Table(title, ("of", "method", "words"), tuple(sorted(rows)), note)


def _environment(hunt: Hunt) -> tuple[Fact, ...]:
    stacks = [part.environment for part in hunt.parts]
    packages = dict.fromkeys(package for stack in stacks for package in stack.packages)
    named = [Fact(name, version) for name, version in packages]
    return (*named, Fact("Python", stacks[0].python), Fact("platform", stacks[0].platform))
