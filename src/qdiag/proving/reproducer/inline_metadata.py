"""What a script needs, in the block of comments by which ``uv run repro.py`` and ``pipx run repro.py`` make it an environment.

https://packaging.python.org/en/latest/specifications/inline-script-metadata/ has the format. The versions are those on which the script
shows what it shows, with the pins that such a release of PennyLane needs beside it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from importlib import metadata
from platform import python_version
from typing import Optional

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from qdiag.bridges.releases.table import needs_of
from qdiag.model.call import Environment
from qdiag.proving.reproducer.script_text import CATALYST

WIDTH = 120

NAMED = ("pennylane", "pennylane-lightning", "numpy")
"""Packages whose versions are always given, where they are known."""

WHERE_IMPORTED = ("torch", "jax")
"""Those that are given where a script imports them."""


def inline_metadata(environment: Optional[Environment], imports: Iterable[str], *, compiles: bool = False) -> tuple[str, ...]:
    """The block; nothing where it is not known which PennyLane it was.

    Parameters
    ----------
    environment
        The stack on which it was found; the installed one where it is None.
    imports
        The script's import lines: torch and JAX are needed where one names them.
    compiles
        Whether the script has Catalyst compile something.
    """
    imported = {line.split()[1].partition(".")[0] for line in imports}
    needed_too = [name for name in WHERE_IMPORTED if name in imported] + [CATALYST] * compiles
    known = _versions(environment, (*NAMED, *needed_too))
    if "pennylane" not in known:
        return ()
    pins = {Requirement(text).name: text for text in needs_of(known["pennylane"]).requires}
    pins.update({name: f"{name}=={version}" for name, version in known.items()})
    needed = ", ".join(f'"{text}"' for text in pins.values())
    python = environment.python if environment is not None and environment.python else python_version()
    lines = ["# /// script", *_for_python(python)]
    # a list of texts may go over several lines
    lines += textwrap.wrap(
        f"dependencies = [{needed}]",
        WIDTH,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return (*lines, "# ///")


def _for_python(python: str) -> list[str]:
    """Wheels of that day's packages are for that Python."""
    version = _public(python)
    return [f'# requires-python = "=={".".join(version.split(".")[:2])}.*"'] if version else []


def _versions(environment: Optional[Environment], packages: Iterable[str]) -> Mapping[str, str]:
    found = {name: _public(_version(environment, name)) for name in packages}
    return {name: version for name, version in found.items() if version}


def _version(environment: Optional[Environment], package: str) -> str:
    if environment is None or not environment.packages:
        return _installed(package)
    # a script that was never compiled may have been judged as compiled: by the Catalyst of this process
    return environment.version(package) or (_installed(package) if package == CATALYST else "")


def _public(version: str) -> str:
    """A version as an index has it, without what a builder added; "" for what is none: a trace may hold anything."""
    try:
        return Version(version).public
    except InvalidVersion:
        return ""


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
