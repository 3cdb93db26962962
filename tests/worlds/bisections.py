"""Bisections made by hand, and releases that answer as told: nothing is installed, and no script runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qdiag.bisecting.asking import Ended
from qdiag.bisecting.installers import Installer, Said
from qdiag.bisecting.layers import Interpreter, Layers
from qdiag.model.bisection import Answer, Asked, Bisection, Span
from qdiag.pipeline.bisect import Wanted, World

RELEASES = ("0.30.0", "0.31.0", "0.32.0", "0.33.0", "0.33.1", "0.34.0", "0.35.0", "0.35.1", "0.36.0", "0.37.0", "0.38.0")
INTERPRETER = Interpreter("python", "3.11.7", "2.13.0", ())
BAD = Ended(1, {"code": 1, "says": ""}, "adjoint    0.0\nbackprop   1.5\ndifference 1.5 tolerated 1e-08\n", 3.0)
GOOD = Ended(0, {"code": 0, "says": ""}, "adjoint    1.5\nbackprop   1.5\ndifference 0.0 tolerated 1e-08\n", 3.0)
UNABLE = Ended(125, {"code": 125, "raised": "AttributeError: no BlockEncode"}, "", 3.0)


class Releases:
    """Answers for each release; keeps what was installed, and what was run.

    Parameters
    ----------
    answers
        How the script ends on a release; BAD where nothing is said.
    refused
        Releases that cannot be installed.
    interrupt
        The release at which Ctrl-C is pressed.
    index
        What the index lists; none where it cannot be asked.
    """

    def __init__(
        self,
        answers: Callable[[str], Ended] = lambda release: BAD,
        refused: Sequence[str] = (),
        interrupt: str = "",
        index: tuple[str, ...] = RELEASES,
    ) -> None:
        self.answers, self.refused, self.interrupt, self.index = answers, refused, interrupt, index
        self.installed: list[str] = []
        self.ran: list[str] = []

    def command(self, words: Sequence[str], environment: Mapping[str, str], seconds: float) -> Said:
        if "venv" in words:
            (Path(words[-1]) / "lib/python3.11/site-packages").mkdir(parents=True)
            return Said(0, "")
        release = next(word.partition("==")[2] for word in reversed(words) if word.startswith("pennylane=="))
        self.installed.append(release)
        return Said(1, "ERROR: No matching distribution found") if release in self.refused else Said(0, "")

    def run(self, python: str, script: Path, limit: float) -> Ended:
        release = Path(python).parents[1].name.split("-")[-2]
        if release == self.interrupt:
            raise KeyboardInterrupt
        self.ran.append(release)
        return self.answers(release)

    @property
    def world(self) -> World:
        return World(
            look_at=lambda python: INTERPRETER,
            installer_for=lambda python: Installer("pip", ("pip",), {}, self.command),
            index=lambda python, package: self.index,
            run_on=self.run,
            layers=lambda root, interpreter: Layers(root, interpreter, self.command),
        )


def wanted(folder: Path, **rest: Any) -> Wanted:
    """A bisection over PennyLane's releases, with a cache of its own."""
    script = folder / "repro.py"
    script.write_text("import sys\nsys.exit(1)\n", encoding="utf-8")
    asked = Wanted(script, "qdiag-runs/train-1/repro.py", "pennylane", "0.38.0", "0.38.0", "python", folder / "cache", 120.0, 6.0)
    return replace(asked, **rest)


def bisection(**rest: Any) -> Bisection:
    """One that found what it looked for, with a release that cannot run the script and one that cannot be installed."""
    asked = (
        Asked("0.38.0", Answer.BAD, "", 1.5708, seconds=3.4),
        Asked("0.30.0", Answer.CANNOT, "AttributeError: no BlockEncode", seconds=2.9, installing=6.1, disk=10**8),
        Asked("0.34.0", Answer.GOOD, "", 4.9e-13, seconds=3.1, remembered=True),
        Asked("0.36.0", Answer.BAD, "", 1.5708, seconds=3.2, installing=12.0, disk=2 * 10**8),
        Asked("0.35.0", Answer.BAD, "", 1.5708, seconds=3.2, installing=5.0, disk=10**7),
        Asked("0.33.0", Answer.NOT_INSTALLED, "No matching distribution found for numpy==1.26.4", installing=1.0),
    )
    made = Bisection(
        "pennylane",
        "qdiag-runs/train-1/repro.py",
        "0.38.0",
        RELEASES,
        asked,
        Span("0.35.0", "0.38.0", "0.34.0", None),
        (("torch", "2.13.0+cpu"),),
        "3.11.7",
        seconds=62.0,
    )
    return replace(made, **rest)


def as_json(page: Any) -> dict[str, Any]:
    """A page's record, as whoever reads the file has it."""
    found: dict[str, Any] = json.loads(json.dumps(page.record, allow_nan=False))
    return found
