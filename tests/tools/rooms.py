"""The picture of the rooms in ``docs/ARCHITECTURE.md``, drawn from the import contracts, and each room's own first sentence.

What may import what is said once, in ``pyproject.toml``; a picture drawn by hand would be a second saying, and soon another one.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TREE = Path(__file__).parents[2]
WIDTH = 100


@functools.cache
def contracts() -> dict[str, list[list[str]]]:
    """The container of each contract of layers, and its floors from above, each a list of rooms side by side."""
    settings = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = [contract for contract in settings["contracts"] if contract["type"] == "layers"]
    return {contract["containers"][0]: [re.split(r" *\| *", floor) for floor in contract["layers"]] for contract in layers}


def drawing(floors: Sequence[Sequence[str]]) -> Iterator[str]:
    """One box a room, one row a floor, the highest on top."""
    yield f"┌{'─' * WIDTH}┐"
    for number, rooms in enumerate(floors):
        if number:
            yield f"├{'─' * WIDTH}┤"
        share, rest = divmod(WIDTH - len(rooms) + 1, len(rooms))
        yield "│" + "│".join(f" {room}".ljust(share + (place < rest)) for place, room in enumerate(rooms)) + "│"
    yield f"└{'─' * WIDTH}┘"


def first_sentence(module: str) -> str:
    """What a room, or a file that stands for one, says of itself."""
    path = TREE / "src" / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.partition("\n\n")[0].replace("\n", " ")


def picture() -> str:
    """All contracts of layers, as Markdown: the drawing, then the rooms from the ground up with what they are."""
    parts = []
    for container, floors in contracts().items():
        rooms = [room for floor in reversed(floors) for room in floor]
        words = [f"- `{room}`: {first_sentence(f'{container}.{room}')}" for room in rooms]
        parts.append("\n".join([f"`{container}`, the ground below:", "", "```", *drawing(floors), "```", "", *words]))
    return "\n\n".join(parts)
