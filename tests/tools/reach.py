"""How far back reproducers reach: on which releases each answers, and why it does not where it does not.

Run it as ``python -m tests.tools.reach FOLDER RELEASE …``: below the folder lie runs (``*/repro*.py``); a release that is no layer
of the cache yet is installed, so that takes the index. It prints, for each release, how many scripts end with a verdict, how many
stop at something that the release has not got, or breaks down on, and how many at something else, each with its words. With
``--json`` each script's end. What a release has not got is no fault of a script: the last figure is of those that could answer.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pennylane as qml

from qdiag.bisecting.asking import SECONDS
from qdiag.bisecting.installers import clean_environment, installer_for
from qdiag.bisecting.layers import Layers, cache_folder, look_at
from qdiag.bridges.releases import run_script
from qdiag.bridges.releases.table import needs_of, other_names
from qdiag.model.class_names import names_of
from tests.tools import reach_there
from tests.tools.reach_there import ABSENT, ANSWERS, ARGUMENTS, BREAKS

Ends = list[dict[str, Any]]


def scripts_below(folder: Path) -> list[Path]:
    """The reproducers of the runs in a folder."""
    return sorted(path.resolve() for path in folder.glob("*/repro*.py"))


def ends_on(python: str, scripts: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """How each script ends on the release that an interpreter has."""
    import os

    command = [python, reach_there.__file__, run_script.__file__, json.dumps(other_names()), str(SECONDS), *map(str, scripts)]
    with subprocess.Popen(command, env=clean_environment(os.environ), stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        yield from (with_kind(json.loads(line)) for line in process.stdout)


def with_kind(end: dict[str, Any]) -> dict[str, Any]:
    """An end; where all arguments that a release takes are taken today, too, the one that it does not know is new, and not renamed."""
    names = names_of(end["called"]) if "called" in end else ()
    today = {name for called in names if hasattr(qml, called) for name in inspect.signature(getattr(qml, called)).parameters}
    return {**end, "kind": ABSENT} if end["kind"] == ARGUMENTS and {*end.get("takes", "?")} <= today else end


def told(release: str, ends: Ends) -> str:
    """A line of figures, and one for each script that stopped."""
    kinds = Counter(end["kind"] for end in ends)
    possible = len(ends) - kinds[ABSENT] - kinds[BREAKS]
    share = f"{100 * kinds[ANSWERS] / possible:.0f} %" if possible else "–"
    others = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()) if kind != ANSWERS)
    head = f"{release:8} {kinds[ANSWERS]} of {len(ends)} answer ({others or 'no other'}): {share} of those that could"
    return "\n".join([head, *sorted(_stopped(end) for end in ends if end["kind"] != ANSWERS)])


def _stopped(end: dict[str, Any]) -> str:
    return f"  {end['kind']:12} {Path(end['script']).parent.name}: {end.get('raised')} [{end.get('place', '')}]"


def main(arguments: Sequence[str]) -> int:
    """Ask the releases."""
    folder, *releases = [one for one in arguments if one != "--json"]
    scripts = scripts_below(Path(folder))
    layers, installer = Layers(cache_folder(), look_at(sys.executable)), installer_for(sys.executable)
    for release in releases:
        needs = needs_of(release)
        layer = layers.find_release("pennylane", release, needs) or layers.make_release("pennylane", release, needs, installer)
        ends = list(ends_on(layer.python, scripts))
        print(json.dumps({"release": release, "ends": ends}) if "--json" in arguments else told(release, ends), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
