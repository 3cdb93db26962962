"""What can be counted of the package without running anything: modules, floors, functions, names, lengths, lines of tests."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grimp

from tests.tools.circles import circles
from tests.tools.rooms import TREE, contracts

ALSO_VERBS = "cut|put|read|run"

PARTICIPLES = re.compile(
    "|".join(
        (
            "made|told|found|kept|shown|given|taken|held|left|built|written|said|seen|known|drawn|lost",
            "sent|spent|meant|met|led|laid|paid|done|gone|got|bound|sold|sought|spun|stood|struck|taught|thought|understood|undone",
            "thrown|torn|sworn|worn|won|wound|grown|hung|born|brought|bought|caught|dealt|dug|fed|felt|heard",
            ALSO_VERBS,
            r"\w+(ed|en)",
        )
    )
)
"""Irregular ones, and all that end like one."""

NO_PARTICIPLES = re.compile(
    r"bed|embed|exceed|feed|indeed|need|proceed|red|seed|shed|speed|succeed|weed|children|even|green|listen|men|open|screen|ten|then|"
    r"token|when|\w*(flatten|shorten|lengthen|tighten|loosen|widen|harden|darken|happen)"
)
"""Words that only end like one."""


def figures() -> dict[str, Any]:
    """What the sources say by themselves."""
    root = TREE / "src" / "qdiag"
    trees = {str(path.relative_to(root)): ast.parse(path.read_bytes()) for path in sorted(root.rglob("*.py"))}
    functions = [(file, node) for file, parsed in trees.items() for node in ast.walk(parsed) if isinstance(node, ast.FunctionDef)]
    rooms = contracts()
    lengths = sorted(((length_of(node), f"{file}:{node.name}") for file, node in functions), reverse=True)
    lines, tests = lines_below(root), lines_below(TREE / "tests")
    return {
        "modules": len(trees),
        "modules at the root": sum(os.sep not in file for file in trees),
        "folders at the root": sum(path.is_dir() and any(path.glob("*.py")) for path in root.iterdir()),
        "floors": sum(len(floors) for container, floors in rooms.items() if "." not in container),
        "floors inside of folders": sum(len(floors) for container, floors in rooms.items() if "." in container),
        "import circles": sum(1 for _ in circles(grimp.build_graph("qdiag", cache_dir=None))),
        "functions": len(functions),
        "bare participles": sum(is_bare_participle(node.name) for _, node in functions),
        "of these also verbs: cut, put, read, run": sum(bool(re.fullmatch(f"_*({ALSO_VERBS})", node.name)) for _, node in functions),
        "broad excepts": sum(is_broad(node) for parsed in trees.values() for node in ast.walk(parsed)),
        "longest function": list(lengths[0]),
        "functions over 40 lines": sum(length > 40 for length, _ in lengths),
        "lines of source": lines,
        "lines of tests": tests,
        "tests a line of source": round(tests / lines, 2),
        "participles": sorted(f"{file}:{node.name}" for file, node in functions if is_bare_participle(node.name)),
    }


def lines_below(folder: Path) -> int:
    """The lines of all Python files below a folder; one of them may be in no encoding that Python reads."""
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("*.py"))


def is_bare_participle(name: str) -> bool:
    """Whether a function's name is one word, and that a participle."""
    word = name.lstrip("_")
    return "_" not in word and bool(PARTICIPLES.fullmatch(word)) and not NO_PARTICIPLES.fullmatch(word)


def is_broad(node: ast.AST) -> bool:
    """Whether a handler takes any exception."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException")) for kind in kinds)


def length_of(function: ast.FunctionDef) -> int:
    """Lines of a function without decorators and docstring."""
    first = function.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if is_text else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


LISTS = ("participles",)
"""Figures that only JSON has room for."""


def lines_of(found: Mapping[str, Any]) -> Iterator[str]:
    """The figures, one a line."""
    for name, figure in found.items():
        if name not in LISTS:
            shown = ", ".join(map(str, figure)) if isinstance(figure, list) else str(figure)
            yield f"{name:<45}{shown}"
