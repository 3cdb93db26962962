"""The table of cases in ``cases/README.md``, from what each ``case.toml`` says of itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = Path(__file__).parents[2] / "cases"


def table() -> str:
    """One row a case, in the order of their names."""
    rows = [row(path.parent.name, tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(CASES.glob("*/case.toml"))]
    return "\n".join(["| case | what it shows | stack | must be found |", "| --- | --- | --- | --- |", *rows])


def row(name: str, case: dict[str, Any]) -> str:
    """Its folder, its title, its stack, and the verdict with the causes that may be named."""
    expected = case["expected"]
    verdicts = [expected["verdict"]] if isinstance(expected["verdict"], str) else expected["verdict"]
    found = " or ".join(verdicts) + (": " if expected.get("codes") else "") + " or ".join(expected.get("codes", ()))
    cells = (f"[{name}]({name})", case["title"], case["stack"], found)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
