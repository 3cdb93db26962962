"""Scripts as their parts: a header that says what they show, imports, a circuit, two results, a verdict as exit code."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from platform import python_version
from typing import Optional

from qdiag.model.call import Configuration, Environment
from qdiag.model.method import COMPILED_BY, QJIT
from qdiag.proving.reproducer.own_modules import search_above
from qdiag.visible import make_visible

WIDTH = 120

SKIP = "sys.excepthook = lambda *error: (sys.__excepthook__(*error), sys.exit(125))  # `git bisect run` skips what cannot run"
"""Gives every exception that nobody expected the exit code 125, after the usual traceback."""

PACKAGES = ("pennylane", "torch", "numpy")
WITH_JAX = ("pennylane", "jax", "numpy")

CATALYST = "pennylane-catalyst"
"""The package of ``qml.qjit``, which a script calls without an import of it."""


def graph_settings(configuration: Configuration) -> list[str]:
    """The line that switches PennyLane's graph of decomposition rules on, where it was."""
    return ["qml.decomposition.enable_graph()"] if configuration.graph else []


@dataclass(frozen=True)
class Script:
    """The parts of a stand-alone script, in order.

    Parameters
    ----------
    header
        Sentences of the comment at its top.
    imports
        Lines, in any order; ``sys`` comes by itself.
    settings
        Lines right after the imports.
    definitions
        Source of the user's own classes, which is not counted as the script's.
    function
        The quantum function.
    body
        What is worked out with it, and the exit code.
    metadata
        Comment lines below the sentences, for programs: what the script needs.
    above
        How many folders up modules of the user's own may lie; 0 where it needs none.
    """

    header: tuple[str, ...]
    imports: frozenset[str]
    settings: tuple[str, ...]
    definitions: tuple[str, ...]
    function: tuple[str, ...]
    body: tuple[str, ...]
    metadata: tuple[str, ...] = ()
    above: int = 0

    @property
    def is_compiled_by_catalyst(self) -> bool:
        """Whether something in it is."""
        return any(f"{COMPILED_BY[QJIT]}(" in line for line in (*self.function, *self.body))

    @property
    def text(self) -> str:
        """The script as it is written to a file."""
        settings = ["", *self.settings] if self.settings else []
        imports = [*search_above(self.above), *order_imports(self.imports)]
        blocks = [
            [*comment(self.header), *self.metadata, "import sys", "", SKIP, "", *imports, *settings],
            *([definition.rstrip("\n")] for definition in self.definitions),
            list(self.function),
            list(self.body),
        ]
        return "\n\n\n".join("\n".join(_wrap_lines(block)) for block in blocks) + "\n"


def comment(sentences: Iterable[str]) -> list[str]:
    """Sentences as comment lines. Line breaks inside them are removed: text from elsewhere must not become code."""
    lines = []
    for sentence in sentences:
        lines += textwrap.wrap(make_visible(" ".join(sentence.split())), WIDTH, initial_indent="# ", subsequent_indent="# ")
    return lines


def order_imports(imports: Iterable[str]) -> list[str]:
    """Plain imports before those from a module, each once."""
    return sorted(set(imports), key=lambda line: (line.startswith("from "), line))


def _wrap_lines(lines: Sequence[str]) -> list[str]:
    return [part for line in lines for part in (_fold_line(line) if len(line) > WIDTH and "\n" not in line else [line])]


def _fold_line(line: str) -> list[str]:
    """A long line of code over several, where that leaves its meaning untouched."""
    if line.lstrip().startswith("#") or line == SKIP:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    wrapper = textwrap.TextWrapper(WIDTH, indent, indent + "    ", break_long_words=False, break_on_hyphens=False)
    parts = wrapper.wrap(line.strip())
    return parts if _alike("\n".join(parts), line) else [line]


def _alike(folded: str, line: str) -> bool:
    try:
        found, wanted = (ast.dump(ast.parse(_complete(text))) for text in (folded, line))
    except SyntaxError:
        return False
    return found == wanted


def _complete(text: str) -> str:
    """Code that stands alone: a line of a function's body is put into one."""
    return f"def function():\n{text}" if text.startswith(" ") else text


def versions(environment: Optional[Environment], packages: Sequence[str] = PACKAGES) -> str:
    """What a finding was made with, such as ``PennyLane 0.45.1, torch 2.13.0, numpy 2.4.6, Python 3.11.7``."""
    names = {"pennylane": "PennyLane", CATALYST: "Catalyst"}
    found = [(names.get(package, package), _version(package, environment)) for package in packages]
    python = environment.python if environment is not None and environment.python else python_version()
    return ", ".join([*(f"{name} {version}" for name, version in found if version), f"Python {python}"])


def _version(package: str, environment: Optional[Environment]) -> str:
    if environment is not None and environment.packages:
        return environment.version(package)
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
