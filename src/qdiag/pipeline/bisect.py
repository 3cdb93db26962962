"""The staircase of ``qdiag bisect``: the releases, a layer for each that is asked, the script on it, the span of what is bad."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Callable, Optional

from packaging.version import Version

from qdiag.bisecting.answers import Answers
from qdiag.bisecting.asking import Ended, answer_of, held_against, run_on, shows_other_numbers
from qdiag.bisecting.installers import Installer, index_releases, installer_for
from qdiag.bisecting.layers import CannotInstall, Interpreter, Layer, Layers, look_at, title_of
from qdiag.bisecting.search import Search, most_asked
from qdiag.bridges.releases.table import Needs, known_releases, needs_with
from qdiag.errors import UsageError
from qdiag.model.bisection import Answer, Asked, Bisection, Span
from qdiag.pipeline.run_options import Voice


@dataclass(frozen=True)
class Wanted:
    """What the user asked for.

    Parameters
    ----------
    script
        The script, which exits with 1 where the fault is.
    shown
        How the user knows it.
    package
        Whose releases are asked.
    known
        The release on which the fault is known.
    pennylane
        The release of PennyLane that stays, where those of another package are asked.
    oldest, newest
        Between which releases; "" for all that there are.
    offline
        Whether only what is in the cache is asked.
    again
        Whether answers of earlier bisections are left aside.
    limit
        Processor time of the script on a release.
    python
        The interpreter that the layers are made for.
    cache
        Where layers and answers are kept.
    largest
        Gigabytes that layers may take.
    """

    script: Path
    shown: str
    package: str
    known: str
    pennylane: str
    python: str
    cache: Path
    limit: float
    largest: float
    oldest: str = ""
    newest: str = ""
    offline: bool = False
    again: bool = False


@dataclass(frozen=True)
class World:
    """What a bisection touches outside of itself: interpreters, whoever installs, the index, the script's process."""

    look_at: Callable[[str], Interpreter] = look_at
    installer_for: Callable[[str], Installer] = installer_for
    index: Callable[[str, str], tuple[str, ...]] = index_releases
    run_on: Callable[[str, Path, float], Ended] = run_on
    layers: Callable[[Path, Interpreter], Layers] = Layers


def bisect(wanted: Wanted, voice: Voice, world: World = World()) -> Bisection:
    """Find the releases between which a script shows its fault.

    Raises
    ------
    UsageError
        If the script cannot be read, or there is nothing to ask.
    OutputError
        If the cache cannot be written.
    """
    return _Bisecting(wanted, voice, world).bisect()


class _Bisecting:
    def __init__(self, wanted: Wanted, voice: Voice, world: World) -> None:
        self._wanted, self._voice, self._world = wanted, voice, world
        self._started = time.monotonic()
        try:
            source = wanted.script.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {wanted.script}: {error}", "name a run, or a script that qdiag wrote") from None
        self._interpreter = world.look_at(wanted.python)
        self._layers = world.layers(wanted.cache, self._interpreter)
        self._answers = Answers(wanted.cache, source)
        self._installer: Optional[Installer] = None
        self._asked: list[Asked] = []
        self._known: Optional[Asked] = None
        self._most = 0

    def bisect(self) -> Bisection:
        """All of it; what was asked before Ctrl-C is kept."""
        wanted = self._wanted
        releases = self._releases()
        there = frozenset(release for release in releases if self._at_hand(release))
        missing = tuple(release for release in releases if release not in there) if wanted.offline else ()
        left = tuple(release for release in releases if release not in missing)
        if wanted.known in missing:
            raise UsageError(
                f"{wanted.package} {wanted.known}, on which the fault is known, is not in the cache, and nothing may be downloaded",
                f"there are {', '.join(left) or 'none'}; once without --offline installs what is missing",
            )
        begun = Bisection(
            wanted.package, wanted.shown, wanted.known, releases, held=self._held(), python=self._interpreter.python, missing=missing
        )
        self._most = most_asked(len(left))
        span: Optional[Span] = None
        interrupted = False
        try:
            with self._voice.progress(f"asking releases of {wanted.package}") as report:
                report(0, self._most)
                search = Search(left, partial(self._answer, report), there)
                span = search.span(wanted.known)
        except KeyboardInterrupt:
            interrupted = True
        self._layers.shrink(wanted.largest)
        return replace(
            begun,
            asked=tuple(self._asked),
            span=span,
            others=self._others(),
            seconds=time.monotonic() - self._started,
            interrupted=interrupted,
        )

    def _others(self) -> tuple[str, ...]:
        """Releases that are bad, and not by the numbers that are known."""
        known = self._known
        bad = sorted((one for one in self._asked if one.answer is Answer.BAD), key=lambda one: Version(one.release))
        return tuple(one.release for one in bad if known is not None and shows_other_numbers(one, known))

    # --- which releases -------------------------------------------------------------------------------------------------------

    def _releases(self) -> tuple[str, ...]:
        """The releases to search between, the oldest first."""
        wanted = self._wanted
        listed = known_releases(wanted.package)
        found = () if wanted.offline else self._world.index(wanted.python, wanted.package)
        oldest = Version(listed[0])
        # what the index has not cannot be had; where it cannot be asked, what is known of it serves
        versions = {Version(text) for text in found or listed if Version(text) >= oldest}
        versions |= {Version(text) for text in (wanted.known, wanted.oldest, wanted.newest) if text}
        lower, upper = (Version(text) if text else None for text in (wanted.oldest, wanted.newest))
        kept = [v for v in sorted(versions) if (lower is None or v >= lower) and (upper is None or v <= upper)]
        if Version(wanted.known) not in kept:
            raise UsageError(f"{wanted.known}, on which the fault is known, is not between the releases", "name others")
        return tuple(map(str, kept))

    def _held(self) -> tuple[tuple[str, str], ...]:
        """What is the same in all layers."""
        held = [] if self._wanted.package == "pennylane" else [("pennylane", self._wanted.pennylane)]
        held += [] if self._wanted.package == "torch" or not self._interpreter.torch else [("torch", self._interpreter.torch)]
        return tuple(held)

    # --- one release ----------------------------------------------------------------------------------------------------------

    def _needs(self, release: str) -> Needs:
        return needs_with(self._wanted.package, release, self._wanted.pennylane)

    def _at_hand(self, release: str) -> bool:
        return self._layers.find_release(self._wanted.package, release, self._needs(release)) is not None

    def _answer(self, report: Callable[[int, int], None], release: str) -> Answer:
        """Ask a release; what it says is kept at once."""
        found = self._ask(release)
        if self._known is None:
            self._known = found
        else:
            found = held_against(found, self._known)
        self._asked.append(found)
        report(len(self._asked), max(self._most, len(self._asked)))
        return found.answer

    def _ask(self, release: str) -> Asked:
        wanted, needs = self._wanted, self._needs(release)
        if not needs.fits(self._interpreter.python):
            return Asked(release, Answer.NOT_INSTALLED, f"it needs Python {needs.python}, and this is {self._interpreter.python}")
        key = f"{title_of(wanted.package, release)}-{self._interpreter.key(needs.requires)}"
        earlier = None if wanted.again else self._answers.known(key)
        if earlier is not None:
            return earlier
        layer, installing = self._layers.find_release(wanted.package, release, needs), None
        if layer is None:
            begun = time.monotonic()
            try:
                layer = self._make(release, needs)
            except CannotInstall as error:
                return Asked(release, Answer.NOT_INSTALLED, str(error), installing=time.monotonic() - begun)
            installing = time.monotonic() - begun
        self._voice.now(f"running the script on {release}")
        found = answer_of(release, self._world.run_on(layer.python, wanted.script, wanted.limit), wanted.limit)
        self._answers.keep(key, found)
        return replace(found, installing=installing, disk=layer.size)

    def _make(self, release: str, needs: Needs) -> Layer:
        self._voice.now(f"installing {self._wanted.package} {release}")
        if self._installer is None:
            self._installer = self._world.installer_for(self._wanted.python)
        return self._layers.make_release(self._wanted.package, release, needs, self._installer)
