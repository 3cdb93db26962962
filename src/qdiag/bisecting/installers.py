"""Who installs: uv where it is there, else the interpreter's own pip, into a folder of packages.

uv does not read what pip is configured with. Whoever has an index of their own, or packages on a disk, has told pip: uv is told so.
Nothing is built from source: a release without a wheel for this Python counts as one that cannot be installed, and no code of its runs.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Optional

from qdiag.errors import UsageError

SECONDS = 1800.0
"""How long one install may take: it may have to download."""

Run = Callable[[Sequence[str], Mapping[str, str], float], "Said"]
"""Runs a command with these variables of the environment, for so many seconds at most."""


@dataclass(frozen=True)
class Said:
    """How a command ended: its exit code, None where it took too long, and what it wrote."""

    code: Optional[int]
    text: str


def run_command(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> Said:
    """Run a command to its end; Ctrl-C ends it, too, and with it what it started."""
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(
        list(command), env=dict(environment), encoding="utf-8", errors="replace", start_new_session=True, **streams
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return Said(None, f"stopped after {seconds:g} s")
    finally:
        if process.poll() is None:
            end_group(process)
    return Said(process.returncode, output)


def end_group(process: subprocess.Popen[Any]) -> None:
    """End a process that was started in a session of its own, with all that it started."""
    import signal

    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()
    process.wait()


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables for an interpreter of its own: nothing of this one's paths and settings, and nothing of ours."""
    left = {name: value for name, value in environment.items() if not name.startswith(("PYTHON", "QDIAG_"))}
    left.pop("VIRTUAL_ENV", None)
    return {**left, "PYTHONNOUSERSITE": "1"}


@dataclass(frozen=True)
class Installer:
    """Installs requirements into a folder.

    Parameters
    ----------
    name
        ``uv`` or ``pip``.
    command
        The words before a folder and requirements.
    environment
        Variables that it is given.
    run
        Runs commands.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    run: Run = run_command

    def install(self, requirements: Sequence[str], folder: Path, alone: str = "") -> Optional[str]:
        """Install; None where all is there now, else why it is not, in a line.

        Parameters
        ----------
        requirements, folder
            What, and where to.
        alone
            One of the requirements, which is installed after the others and without a look at what goes together.
        """
        into = [*self.command, "--target", str(folder)]
        commands = [[*into, *(one for one in requirements if one != alone)]]
        commands += [[*into, "--upgrade", "--no-deps", alone]] if alone else []
        for command in commands:
            said = self.run(command, self.environment, SECONDS)
            if said.code != 0:
                return reason_of(said)
        return None


def reason_of(said: Said) -> str:
    """What an installer's output says of why, in a line: uv's paragraph of the cause, pip's last error."""
    paragraph = re.search(r"(?:cause:|╰─▶)\s*(.+?)(?:\n\s*\n|\Z)", said.text, re.DOTALL)
    if paragraph:
        return " ".join(paragraph[1].split())
    lines = [" ".join(line.split()) for line in said.text.splitlines() if line.strip()]
    marked = [line.partition(":")[2].strip() for line in lines if re.match(r"error:", line, re.IGNORECASE)]
    return marked[-1] if marked else (lines or [f"it ended with exit code {said.code}"])[0]


def installer_for(python: str, environment: Optional[Mapping[str, str]] = None, run: Run = run_command) -> Installer:
    """Who can install for an interpreter.

    Raises
    ------
    UsageError
        If there is neither uv nor a pip.
    """
    environment = os.environ if environment is None else environment
    plain = clean_environment(environment)
    told = _pip_settings(python, environment, run)
    uv = shutil.which("uv", path=environment.get("PATH"))
    if uv is not None:
        options = ["--python", python, "--quiet", "--only-binary", ":all:", *_for_uv(told or {})]
        certificates = {"SSL_CERT_FILE": told["cert"][0]} if told and "cert" in told else {}
        return Installer("uv", (uv, "pip", "install", *options), {**certificates, **plain}, run)
    if told is not None:
        options = ["--quiet", "--only-binary", ":all:", "--no-compile", "--no-input", "--disable-pip-version-check"]
        return Installer("pip", (python, "-m", "pip", "install", *options), {**plain, "PIP_USER": "0"}, run)
    raise UsageError("releases can be installed by uv or by pip, and neither is here", "install one of them: python -m ensurepip")


def _pip_settings(python: str, environment: Mapping[str, str], run: Run) -> Optional[dict[str, tuple[str, ...]]]:
    """What pip is configured with, by files and variables; None where the interpreter has no pip."""
    said = run([python, "-m", "pip", "config", "list"], clean_environment(environment), 60.0)
    if said.code != 0:
        return None
    found: dict[str, tuple[str, ...]] = {}
    for line in said.text.splitlines():
        match = re.fullmatch(r"(?:global|install|:env:)\.([\w-]+)=(.+)", line.strip())
        if match:
            # variables stand last, and are what counts
            found[match[1].replace("_", "-")] = tuple(_literal(match[2]).split())
    return found


def _literal(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text


def _for_uv(settings: Mapping[str, Sequence[str]]) -> list[str]:
    """The same for uv: indices, folders with packages, upper limits."""
    options = []
    for name, option in (
        ("index-url", "--index-url"),
        ("extra-index-url", "--extra-index-url"),
        ("find-links", "--find-links"),
        ("constraint", "--constraint"),
    ):
        options += [word for value in settings.get(name, ()) for word in (option, value)]
    # as pip does; by itself uv takes a package from the first index that has it, whatever its versions there
    options += ["--index-strategy", "unsafe-best-match"] if settings.get("extra-index-url") else []
    return [*options, *(["--no-index"] if settings.get("no-index", ("false",))[0].lower() in ("1", "true", "yes") else [])]


@lru_cache(maxsize=8)
def index_releases(python: str, package: str, run: Run = run_command) -> tuple[str, ...]:
    """The releases of a package that pip finds for an interpreter, the oldest first; none where it cannot be asked."""
    from packaging.version import InvalidVersion, Version

    command = [python, "-m", "pip", "index", "versions", "--only-binary", ":all:", "--disable-pip-version-check", package]
    said = run(command, clean_environment(os.environ), 120.0)
    match = re.search(r"^Available versions: (.+)$", said.text, re.MULTILINE) if said.code == 0 else None
    found = []
    for text in match[1].split(",") if match else ():
        try:
            found.append(Version(text.strip()))
        except InvalidVersion:
            continue
    return tuple(str(version) for version in sorted(found) if not version.is_prerelease)
