"""Layers: an environment for each release, thin, because torch is shared; kept in the user's cache folder, within a size.

A layer is a virtual environment with one release, what that needs, and a line that leads to the base (see `torch_links`); its own
packages come first. It is made beside its place and moved there when it is whole, so that a half-made one is never taken for one. It
works by hand, too: ``LAYER/bin/python repro.py``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from qdiag.bisecting import torch_links
from qdiag.bisecting.installers import Installer, Run, clean_environment, run_command
from qdiag.bridges.releases.table import Needs
from qdiag.errors import OutputError, UsageError

LARGEST = 8.0
"""Gigabytes of files that all layers may have, unless the user says otherwise.

uv links the same file into each layer that has it: the disk then holds a third of this. To look at every file for that takes a minute.
"""

RECENT = 3600.0
"""Seconds for which a layer that was used is not deleted: another bisection may be on it."""

CARD = "layer.json"
"""The file that is written last, and says what a layer is."""

SECONDS = 120.0
"""How long making an empty environment may take."""


def cache_folder(environment: Optional[Mapping[str, str]] = None) -> Path:
    """Where layers and answers are kept, unless the user names a folder."""
    environment = os.environ if environment is None else environment
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qdiag"


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that layers are made for: its version, and the torch that it has."""

    path: str
    python: str
    torch: str
    links: tuple[tuple[str, str], ...]
    prefix: str = ""

    @property
    def packages(self) -> str:
        """The folder of packages in a layer of its."""
        return f"lib/python{'.'.join(self.python.split('.')[:2])}/site-packages"

    def key(self, requirements: Sequence[str]) -> str:
        """What a layer with these requirements is known by."""
        text = json.dumps([self.python, self.prefix, self.torch, sorted(requirements)])
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def look_at(python: str, run: Run = run_command) -> Interpreter:
    """What an interpreter has.

    Raises
    ------
    UsageError
        If it does not run.
    """
    try:
        said = run([python, "-E", torch_links.__file__], clean_environment(os.environ), SECONDS)
        found: dict[str, Any] = json.loads(said.text.splitlines()[-1])
        links = tuple(sorted((str(name), str(path)) for name, path in found["links"].items()))
        return Interpreter(python, found["python"], found["version"], links, found["prefix"])
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{python} is no Python that runs", "name another one with --python") from None


@dataclass(frozen=True)
class Layer:
    """A layer that is there: its folder, its bytes, and when it was last used."""

    path: Path
    size: int
    used: float

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.path / "bin" / "python")


class CannotInstall(Exception):
    """A release cannot be had here; the message says why."""


def title_of(package: str, release: str) -> str:
    """What the layer of a release is called."""
    return f"{package}-{release}"


class Layers:
    """The layers in a cache folder.

    Parameters
    ----------
    root
        The cache folder.
    interpreter
        Whose Python they have.
    run
        Runs commands.
    """

    def __init__(self, root: Path, interpreter: Interpreter, run: Run = run_command) -> None:
        self._root, self._interpreter, self._run = root, interpreter, run
        self._used: set[Path] = set()

    def path(self, title: str, requirements: Sequence[str]) -> Path:
        """Where a layer is, or would be."""
        return self._root / "layers" / f"{title}-{self._interpreter.key(requirements)}"

    def find_release(self, package: str, release: str, needs: Needs) -> Optional[Layer]:
        """The layer of a release, if it is there and whole."""
        return self.find(title_of(package, release), needs.requires)

    def make_release(self, package: str, release: str, needs: Needs, installer: Installer) -> Layer:
        """Make the layer of a release; errors are those of `make`."""
        return self.make(title_of(package, release), needs.requires, installer, shares_torch=package != "torch", alone=needs.alone)

    def find(self, title: str, requirements: Sequence[str]) -> Optional[Layer]:
        """The layer, if it is there and whole."""
        found = _read(self.path(title, requirements))
        if found is not None:
            self._used.add(found.path)
            with suppress(OSError):
                os.utime(found.path / CARD)
        return found

    def make(
        self, title: str, requirements: Sequence[str], installer: Installer, *, shares_torch: bool = True, alone: str = ""
    ) -> Layer:
        """Make a layer; of the requirements one may be installed ``alone``, whatever the others ask of it.

        Raises
        ------
        CannotInstall
            If it cannot be installed.
        OutputError
            If the cache cannot be written.
        """
        place = self.path(title, requirements)
        part = place.with_name(f".part-{os.getpid()}-{place.name}")
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.parent.mkdir(parents=True, exist_ok=True)
            self._fill(part, requirements, installer, shares_torch=shares_torch, alone=alone)
            card = {"requires": list(requirements), "installer": installer.name, "bytes": size_of(part)}
            (part / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
            with suppress(OSError):
                # another bisection may have made it meanwhile
                part.rename(place)
        except OSError as error:
            raise OutputError(f"cannot write to {self._root}: {error.strerror}", "choose another folder with --cache") from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
        found = self.find(title, requirements)
        if found is None:
            raise OutputError(f"cannot write to {place}", "choose another folder with --cache")
        return found

    def _fill(self, part: Path, requirements: Sequence[str], installer: Installer, *, shares_torch: bool, alone: str) -> None:
        command = [self._interpreter.path, "-m", "venv", "--without-pip", str(part)]
        said = self._run(command, clean_environment(os.environ), SECONDS)
        if said.code != 0:
            raise CannotInstall(f"no environment can be made: {said.text.strip().splitlines()[-1:] or said.code}")
        packages = part / self._interpreter.packages
        reason = installer.install(requirements, packages, alone)
        if reason is not None:
            raise CannotInstall(reason)
        if shares_torch and self._interpreter.links:
            (packages / "qdiag-base.pth").write_text(f"{self._base()}\n", encoding="utf-8")

    def _base(self) -> Path:
        """The folder of links that all layers of an interpreter share."""
        known = hashlib.sha256(json.dumps(self._interpreter.links).encode()).hexdigest()[:8]
        base = self._root.resolve() / "base" / f"torch-{self._interpreter.torch}-{known}"
        base.mkdir(parents=True, exist_ok=True)
        for name, target in self._interpreter.links:
            with suppress(FileExistsError):
                (base / name).symlink_to(target)
        return base

    def shrink(self, largest: float) -> None:
        """Delete the layers that were used the longest ago, until the rest takes no more than so many gigabytes."""
        found = sorted(all_layers(self._root), key=lambda layer: layer.used)
        total = sum(layer.size for layer in found)
        for layer in found:
            if total <= largest * 1e9:
                return
            if layer.path not in self._used and time.time() - layer.used > RECENT:
                shutil.rmtree(layer.path, ignore_errors=True)
                total -= layer.size


def all_layers(root: Path) -> tuple[Layer, ...]:
    """The layers in a cache folder."""
    found = (_read(path) for path in sorted((root / "layers").glob("*")) if not path.name.startswith("."))
    return tuple(layer for layer in found if layer is not None)


def clean(root: Path) -> int:
    """Delete all layers, the base, answers, and what killed installs have left; the bytes of the layers.

    Raises
    ------
    OutputError
        If something cannot be deleted.
    """
    size = sum(layer.size for layer in all_layers(root))
    for name in ("layers", "base", "answers"):
        try:
            # links are removed, not what they lead to
            shutil.rmtree(root / name)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OutputError(f"cannot delete {root / name}: {error.strerror}", "delete it by hand") from None
    return size


def size_of(folder: Path) -> int:
    """The bytes of the files below a folder, each once; what links lead to is not counted."""
    seen: dict[tuple[int, int], int] = {}
    for path in folder.rglob("*"):
        with suppress(OSError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                seen[found.st_dev, found.st_ino] = found.st_size
    return sum(seen.values())


def _read(path: Path) -> Optional[Layer]:
    try:
        card = json.loads((path / CARD).read_text(encoding="utf-8"))
        return Layer(path, int(card["bytes"]), (path / CARD).stat().st_mtime)
    except (OSError, ValueError, KeyError, TypeError):
        return None

