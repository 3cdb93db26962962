"""Give damaged files to every reader: `python -m tests.mutants`; exits 1 where a reader misbehaves.

A mutant is told by the seed and its number alone, so that any can be made again: ``--only`` makes one, which stays in a folder.
"""

from __future__ import annotations

import argparse
import collections
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from tests.mutants import mutate, originals, readers
from tests.mutants.readers import Reader

SECONDS = 10
"""Processor time that a reader may take."""

MEGABYTES = 512
"""Memory that the whole session may take."""


class HangError(BaseException):
    """A reader took too long."""


@dataclass(frozen=True)
class Kind:
    """A kind of file: what it is called, whole ones, what damages one, and who reads it, the dear ones seldom."""

    name: str
    share: int
    damaged: Callable[[random.Random], bytes]
    readers: tuple[Reader, ...]
    dear: tuple[Reader, ...] = ()


@dataclass
class Tally:
    """What came of it."""

    refused: collections.Counter[str] = field(default_factory=collections.Counter)
    taken: collections.Counter[str] = field(default_factory=collections.Counter)
    odd: dict[str, list[str]] = field(default_factory=dict)
    slowest: float = 0.0

    def lines(self, count: int, spent: float) -> list[str]:
        """The result in words."""
        names = sorted({*self.refused, *self.taken})
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform != "darwin" else 1 << 20)
        return [
            *(f"{name}: {self.refused[name]} refused with cause and cure, {self.taken[name]} taken" for name in names),
            *(f"ODD {len(found)} times: {what}\n    {found[0]}" for what, found in sorted(self.odd.items())),
            f"{count} mutants in {spent:.0f} s of processor time, {1000 * spent / max(count, 1):.1f} ms each",
            f"the slowest {self.slowest:.2f} s",
            f"{sum(map(len, self.odd.values()))} odd; {memory} MB of memory at most" + (", TOO MUCH" if memory > MEGABYTES else ""),
        ]


def kinds(folder: Path) -> tuple[Kind, ...]:
    """Every kind of file that qdiag reads."""
    traces, stores = originals.traces(folder), originals.stores(folder)
    edited = [mutate.EditedDatabase(data, folder / f"edited-{number}") for number, data in enumerate(traces)]
    edited_stores = [mutate.EditedDatabase(data, folder / f"edited-store-{number}") for number, data in enumerate(stores[:1])]
    reports, steps, variations, values = (
        originals.stored_reports(),
        originals.steps_files(folder),
        originals.variations(),
        originals.values(),
    )

    def bytewise(whole: list[bytes]) -> Callable[[random.Random], bytes]:
        return lambda rng: rng.choice(mutate.BYTES)(rng.choice(whole), rng)

    def as_json(whole: list[bytes], edit: mutate.Damage) -> Callable[[random.Random], bytes]:
        return lambda rng: edit(rng.choice(whole), rng) if rng.random() < 0.75 else bytewise(whole)(rng)

    others = [*traces, *stores, *reports, *steps, *values, b"", b"\n", b"SQLite format 3\0", b"\xff\xfe{}", b"PK\3\4"]
    shown = (readers.command_line("show", "--json"), readers.command_line("show"))
    reported = tuple(
        readers.command_line("report", *words) for words in ((), ("-v",), ("--github",), ("--url",), ("--format", "markdown"))
    )
    return (
        Kind("trace.qdiag", 25, bytewise(traces), (readers.read_trace,), shown),
        Kind("trace.qdiag", 35, lambda rng: rng.choice(edited).edit(rng), (readers.read_trace,), shown),
        Kind(
            "report.qdiag",
            25,
            as_json(reports, mutate.edit_document),
            (readers.read_report,),
            (readers.read_report_with_plots, *reported),
        ),
        Kind("evaluations.qdiag", 5, bytewise(stores[:1]), (readers.read_evaluations,)),
        Kind("evaluations.qdiag", 5, lambda rng: edited_stores[0].edit(rng), (readers.read_evaluations,)),
        Kind("trace.qdiag.steps", 6, as_json(steps, mutate.edit_line), (readers.read_steps,)),
        Kind("trace.qdiag.variation", 2, as_json(variations, mutate.edit_document), (readers.read_variation,)),
        Kind("values.json", 3, as_json(values, mutate.edit_document), (readers.read_values,)),
        Kind("repro.minimal", 3, as_json(originals.minimal_circuits(folder), mutate.edit_line), (readers.read_minimal,)),
        Kind("scalars.json", 1, as_json(originals.scalars(), mutate.edit_document), (readers.read_scalars,)),
        Kind("findings.json", 3, as_json(originals.findings(), mutate.edit_document), (readers.read_findings,)),
        Kind("trace.qdiag", 1, lambda rng: rng.choice(others), (readers.read_trace, *shown)),
        Kind("report.qdiag", 1, lambda rng: rng.choice(others), (readers.read_report, *reported)),
        Kind("evaluations.qdiag", 1, lambda rng: rng.choice(others), (readers.read_evaluations,)),
    )


def judged_kinds(folder: Path) -> tuple[Kind, ...]:
    """Traces that are edited and given to the judge."""
    edited = [mutate.EditedDatabase(data, folder / f"edited-{number}") for number, data in enumerate(originals.traces(folder))]
    return (Kind("trace.qdiag", 1, lambda rng: rng.choice(edited).edit(rng), (readers.judge,)),)


class Session:
    """One session of mutants in a folder."""

    def __init__(self, folder: Path, seed: int, made: Callable[[Path], tuple[Kind, ...]] = kinds) -> None:
        self.folder, self.seed, self.tally = folder, seed, Tally()
        self._kinds = made(folder)
        self._run = folder / "run"
        self._whole = originals.traces(folder)[0]

    def mutant(self, number: int) -> None:
        """Make one mutant, and give it to its readers."""
        rng = random.Random(f"{self.seed}:{number}")
        kind = rng.choices(self._kinds, [kind.share for kind in self._kinds])[0]
        shutil.rmtree(self._run, ignore_errors=True)
        self._run.mkdir()
        if kind.name != "trace.qdiag":
            (self._run / "trace.qdiag").write_bytes(self._whole)
        (self._run / kind.name).write_bytes(kind.damaged(rng))
        chosen = [rng.choice(kind.readers)]
        if kind.dear and rng.random() < 0.03:
            chosen.append(rng.choice(kind.dear))
        for read in chosen:
            self._try(kind.name, read, number)

    def _try(self, name: str, read: Reader, number: int) -> None:
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS if read is not readers.judge else 12 * SECONDS)
        try:
            refused = readers.examine(read, self._run)
            (self.tally.refused if refused else self.tally.taken)[name] += 1
        except (Exception, HangError) as error:
            found = self.tally.odd.setdefault(_told(error), [])
            found.append(f"--seed {self.seed} --only {number}: {str(error)[:300]}")
            if len(found) == 1:
                # a session is long
                print(_told(error), found[0], file=sys.stderr, flush=True)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        self.tally.slowest = max(self.tally.slowest, time.process_time() - start)


def _told(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/qdiag/" in frame.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "outside"
    return f"{type(error).__name__} at {place}"


def _too_long(*_: Any) -> None:
    raise HangError(f"more than {SECONDS} s of processor time")


def main() -> int:
    """Run a session."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="make this mutant alone, keep it, and let what it does be seen")
    parser.add_argument(
        "--judge", action="store_true", help="replay and judge traces instead; a thousand take as long as all the others"
    )
    given = parser.parse_args()
    signal.signal(signal.SIGPROF, _too_long)
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    session = Session(folder, given.seed, judged_kinds if given.judge else kinds)
    if given.only is not None:
        session.mutant(given.only)
        print(*session.tally.lines(1, 0.0), f"it is in {folder / 'run'}", sep="\n")
        return int(bool(session.tally.odd))
    start = time.process_time()
    for number in range(given.count):
        session.mutant(number)
        if number % 1000 == 999:
            print(f"{number + 1} mutants, {sum(map(len, session.tally.odd.values()))} odd", file=sys.stderr, flush=True)
    print(*session.tally.lines(given.count, time.process_time() - start), sep="\n")
    shutil.rmtree(folder, ignore_errors=True)
    return int(bool(session.tally.odd))


if __name__ == "__main__":
    sys.exit(main())
