"""What a release needs to be installed and to run, read from ``stacks.toml``: requirements, and the interpreters that it fits."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGES = ("pennylane", "torch", "pennylane-lightning", "numpy", "autograd")
"""The packages whose releases may be asked."""


@dataclass(frozen=True)
class Needs:
    """What is to be installed together, and for which Pythons there is all of it.

    Of the requirements one may be ``alone``: it is put in the place of what the others bring, whatever they ask of it.
    """

    requires: tuple[str, ...]
    python: str = ""
    alone: str = ""

    def fits(self, python: str) -> bool:
        """Whether an interpreter of that version may have it."""
        return Version(python) in SpecifierSet(self.python)


def known_releases(package: str) -> tuple[str, ...]:
    """The releases of a package that the table lists, the oldest first."""
    return tuple(_table()[package]["releases"])


def other_names() -> dict[str, dict[str, str]]:
    """Names of PennyLane's, each with another one: ``same`` today, and ``renamed`` in some release."""
    table = _table()["pennylane"]
    return {kind: dict(table[kind]) for kind in ("same", "renamed")}


def needs_of(pennylane: str) -> Needs:
    """What a release of PennyLane needs."""
    version = Version(pennylane)
    table = _table()["pennylane"]
    rows = [row for row in table["pins"] if Version(row["since"]) <= version]
    row = max(rows or table["pins"][-1:], key=lambda one: Version(one["since"]))
    lightning = table["lightning"].get(".".join(map(str, version.release[:2])))
    own = (f"pennylane-lightning=={lightning}",) if lightning else ()
    return Needs((f"pennylane=={pennylane}", *own, *row["requires"]), row["python"])


def needs_with(package: str, release: str, pennylane: str) -> Needs:
    """What a release of another package needs beside a release of PennyLane."""
    if package == "pennylane":
        return needs_of(release)
    whole, wanted = needs_of(pennylane), f"{package}=={release}"
    return Needs((*_without(whole.requires, package), wanted), whole.python, wanted if _table()[package].get("alone") else "")


def _without(requires: Sequence[str], package: str) -> tuple[str, ...]:
    return tuple(one for one in requires if _name(one) != canonicalize_name(package))


def _name(requirement: str) -> str:
    from packaging.requirements import Requirement

    return canonicalize_name(Requirement(requirement).name)


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "stacks.toml").read_text(encoding="utf-8"))
