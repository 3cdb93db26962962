"""How far a reader travels through the package to follow one value, counted by a program while the code runs.

Six journeys are walked, each on one small example: a QNode call becomes a row of the trace, a row becomes evaluations, a divergence
gets the arbiter's word, then a cause, then a minimal circuit and a script, and is told in four formats. ``sys.setprofile`` sees each
function start, and a journey is what starts between the beginning and the end of its `ENTRIES`.

What is counted
---------------
A function counts where its source lies in the package. Not followed are what a value says of itself (properties, and special methods
but for `walk.FOLLOWED`), what runs because a module is imported for the first time, and every frame of other packages: a hook that
PennyLane calls has for its caller the function of ours that called PennyLane, or none.

A *step* goes from one function to another that it calls. Each step counts once, where it is first taken: loops over gates, candidates
or methods leave no second trace, and what a helper that is called again calls in its turn is read once. The steps in the order in
which they are first taken, each as the file that calls and the file that is called, are the walk; equal files in a row are one stay.
With ``--coarse`` a step goes from file to file instead: of all calls between two files, in one direction, the first one counts.

- ``files``: different files in the walk.
- ``stays``: visits to a file. To go on in the caller after a step elsewhere is a visit, too: its next line has to be found again.
- ``climbs``: moves to a file on a higher floor. Floors are the rows of the import contract, counted from below; rows of a contract
  inside of a folder are fractions of its floor.
- ``rooms``: the climbs to a higher whole floor. Of two trees, only one of which orders the inside of a folder, compare these.
- ``returns``: moves to a file that was visited before, which are the stays less the files.
- ``names``: different names of parameters and local variables, at the beginning and the end of the frames followed, that hold a
  carrier, or a tuple, list, set or dictionary with one in it. A carrier is an instance of a class of the package with declared fields
  (a dataclass, a named tuple, one with ``__slots__``) that came in with the journey's own parameter, as it or as a part of it, or
  was made on the way: the value in all its boxes, and what is worked out from it.

The counts depend on the versions of Python and PennyLane: compare two trees in one environment only. Evaluations take place in this
process; the copy in which the probe of the first journey works writes down its own steps.

Run it as ``python -m tests.tools.journeys``, with ``--figures`` also for what can be counted without running anything.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.tools import house
from tests.tools.rooms import TREE, contracts
from tests.tools.walk import Step, Walk, Walker, stays_of

TITLES = {
    "1": "QNode call → row of the trace",
    "2": "row → evaluations of a call",
    "3a": "divergence → arbiter's word",
    "3b": "divergence → Finding",
    "4": "Finding → minimal, repro.py",
    "5": "Finding → report, 4 formats",
}

ENTRIES: Mapping[str, tuple[str, ...]] = {
    "1": ("qdiag.recording.recorder:Recorder.close()",),
    "2": ("qdiag.judging.replay.replay:Replay.finish()",),
    "3a": ("qdiag.pipeline.stage_context:StageContext.with_arbiters_word(divergence)",),
    "3b": ("qdiag.pipeline.stage_diagnose:diagnose_divergence(divergence)",),
    "4": ("qdiag.pipeline.stage_prove:prove_finding(finding)",),
    "5": ("qdiag.pipeline.reports:report(outcome)", "qdiag.report.formats.terminal:render(document)"),
}
"""Journey → the functions in which it takes place, and the parameter with which the value comes in.

The first journey begins with the user's own call; its last rows are written by `close`.
"""

EXAMPLES = {"healthy": ("1", "2"), "sick": ("3a", "3b", "4", "5")}
"""Example → the journeys that are walked on it, in a process of its own, so that no cache knows anything."""


def healthy() -> Callable[[], None]:
    """One call of a QNode of three gates, forwards and backwards, to be made later: nothing is imported or built in it."""
    import pennylane as qml
    import torch

    def function(weights: Any) -> Any:
        qml.RX(weights[0], wires=0)
        qml.RY(weights[1], wires=1)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.PauliZ(1))

    circuit: Any = qml.QNode(function, qml.device("default.qubit", wires=2), interface="torch", diff_method="backprop")
    weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
    return lambda: circuit(weights).backward()


def sick() -> Callable[[], None]:
    """One call, to be made later, whose adjoint gradient is wrong: the observable has trainable coefficients."""
    import pennylane as qml
    import torch

    def function(weights: Any, coefficients: Any) -> Any:
        qml.RX(weights[0], wires=0)
        qml.RY(weights[1], wires=1)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.dot(coefficients, [qml.PauliZ(0), qml.PauliX(1)]))

    circuit: Any = qml.QNode(function, qml.device("default.qubit", wires=2), interface="torch", diff_method="adjoint")
    weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
    coefficients = torch.tensor([0.7, 0.2], dtype=torch.float64, requires_grad=True)
    return lambda: circuit(weights, coefficients).backward()


@contextmanager
def copies_heard(walk: Walk, folder: Path) -> Iterator[None]:
    """Have forked copies of this process leave their steps in a folder when they end, and add them to a walk."""
    home, leave = os.getpid(), os._exit

    def left(status: int) -> None:
        sys.setprofile(None)
        with suppress(OSError):
            _may_write_files()
            text = json.dumps({"steps": list(walk.steps.values()), "names": sorted(walk.names)})
            (folder / f"{os.getpid()}.json").write_text(text, encoding="utf-8")
        leave(status)

    os._exit = left  # type: ignore[assignment]
    try:
        yield
    finally:
        if os.getpid() == home:
            os._exit = leave
    for path in sorted(folder.glob("*.json")):
        heard = json.loads(path.read_text(encoding="utf-8"))
        walk.names.update(heard["names"])
        for step in itertools.starmap(Step, heard["steps"]):
            walk.steps.setdefault(step.functions, step)


def _may_write_files() -> None:
    """Take back the limit that a copy sets itself."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def walked(example: str) -> dict[str, Any]:
    """Run an example, and give the moves from file to file and the names of its journeys."""
    import qdiag

    walker = Walker(Path(str(qdiag.__file__)).parent, {journey: ENTRIES[journey] for journey in EXAMPLES[example]})
    with tempfile.TemporaryDirectory(prefix="journeys-") as name:
        run, copies = Path(name, "run"), Path(name, "copies")
        copies.mkdir()
        if example == "healthy":
            call = healthy()
            with copies_heard(walker.walks["1"], copies), walker.following(), qdiag.record(run) as recording, walker.walking("1"):
                call()
            with walker.following():
                recording.judge("backprop,adjoint,parameter-shift")
        else:
            call = sick()
            with qdiag.record(run, probe=False) as recording:
                call()
            with walker.following():
                str(recording.judge())
    walks = walker.walks.items()
    unseen = [journey for journey, walk in walks if not walk.steps]
    if unseen:
        raise LookupError(f"nothing was seen of journey {', '.join(unseen)}: set ENTRIES right")
    return {journey: {"moves": [step[1:] for step in walk.steps.values()], "names": sorted(walk.names)} for journey, walk in walks}


def journeys_of(*, coarse: bool) -> dict[str, dict[str, Any]]:
    """Every journey with its counts, each example in a process of its own."""
    found: dict[str, dict[str, Any]] = {}
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    for example in EXAMPLES:
        command = [sys.executable, "-W", "ignore", "-m", "tests.tools.journeys", "--example", example]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=TREE, env=environment)
        for journey, walk in json.loads(done.stdout.splitlines()[-1]).items():
            moves = [tuple(move) for move in walk["moves"]]
            found[journey] = counts(stays_of(dict.fromkeys(moves) if coarse else moves), walk["names"])
    return {journey: found[journey] for journey in TITLES}


def counts(stays: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """The counts of a walk, and the walk itself."""
    files = set(stays)
    heights = [floor(file) for file in stays]
    moves = list(zip(heights, heights[1:]))
    return {
        "files": len(files),
        "stays": len(stays),
        "climbs": sum(after > before for before, after in moves),
        "rooms": sum(int(after) > int(before) for before, after in moves),
        "returns": len(stays) - len(files),
        "names": len(names),
        "walk": stays,
        "held as": names,
    }


def floor(file: str) -> float:
    """The floor of a file, by its path below the package: a whole number for its room, a fraction for its place in there."""
    parts = Path(file).with_suffix("").parts
    found = 0.0
    for container, floors in contracts().items():
        above = container.split(".")[1:]
        inside = parts[len(above)] if list(parts[: len(above)]) == above and len(parts) > len(above) else ""
        height = next((number for number, rooms in enumerate(reversed(floors)) if inside in rooms), None)
        if height is not None:
            found += (height + 1) / (len(floors) + 1) / 100 ** (len(above) - 1) if above else height
        elif not above:
            # the package's own face
            found += len(floors)
    return found


COLUMNS = {"files": 6, "stays": 6, "climbs": 7, "rooms": 6, "returns": 8, "names": 6}
"""Count → how wide its column is."""


def table(journeys: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The journeys in 80 columns; below them what they come to together."""
    yield f"{'journey':<33}" + "".join(f"{column:>{width}}" for column, width in COLUMNS.items())
    for journey, found in journeys.items():
        yield f"{journey:<3}{TITLES[journey]:<30}" + "".join(f"{found[column]:>{width}}" for column, width in COLUMNS.items())
    sums = {column: sum(found[column] for found in journeys.values()) for column in COLUMNS}
    yield f"{'all':<33}" + "".join(f"{sums[column]:>{width}}" for column, width in COLUMNS.items())


def way(found: Mapping[str, Any]) -> Iterator[str]:
    """The stays of a journey, each with its floor."""
    for number, file in enumerate(found["walk"], 1):
        yield f"{number:>4} {floor(file):>6.2f}  {file}"
    yield "held as " + ", ".join(found["held as"])


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--figures", action="store_true", help="also count what needs no run")
    parser.add_argument("--coarse", action="store_true", help="count the first call between two files alone")
    parser.add_argument("--json", action="store_true", help="print all of it, with the walks and the lists, as JSON")
    parser.add_argument("--walk", choices=TITLES, help="print the stays of one journey")
    parser.add_argument("--example", choices=EXAMPLES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.example:
        warnings.simplefilter("ignore")
        print(json.dumps(walked(given.example)))
        return
    journeys = journeys_of(coarse=given.coarse)
    figures = house.figures() if given.figures else {}
    if given.json:
        print(json.dumps({"journeys": journeys, "figures": figures}, indent=1))
    elif given.walk:
        print("\n".join(way(journeys[given.walk])))
    else:
        print("\n".join([*table(journeys), *([""] if figures else []), *house.lines_of(figures)]))


if __name__ == "__main__":
    main()
