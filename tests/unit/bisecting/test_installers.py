"""Who installs: uv with what pip is configured with, pip where uv is not, and why something cannot be installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from qdiag.bisecting.installers import Said, clean_environment, index_releases, installer_for, reason_of, run_command
from qdiag.errors import UsageError

DONE = Said(0, "")
CONFIGURED = "global.index-url='https://index.example/simple'\nglobal.find-links='/one /two'\n:env:.cert='/ca.pem'\n"


class Commands:
    """Answers commands, and keeps them."""

    def __init__(self, *, pip: bool = True, ended: Said = DONE, configured: str = CONFIGURED) -> None:
        self.pip, self.ended, self.configured = pip, ended, configured
        self.seen: list[tuple[str, ...]] = []

    def __call__(self, command: Sequence[str], environment: Mapping[str, str], seconds: float) -> Said:
        self.seen.append(tuple(command))
        if "config" in command:
            return Said(0, self.configured) if self.pip else Said(1, "No module named pip")
        return self.ended


@pytest.fixture
def with_uv(tmp_path: Path) -> dict[str, str]:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\n", encoding="utf-8")
    uv.chmod(0o755)
    return {"PATH": str(tmp_path)}


def test_uv_is_told_what_pip_is_configured_with(with_uv: dict[str, str], tmp_path: Path) -> None:
    commands = Commands()
    found = installer_for("python", with_uv, commands)
    assert found.name == "uv"
    assert found.install(["pennylane==0.40.0"], tmp_path) is None
    words = " ".join(commands.seen[-1])
    assert "--index-url https://index.example/simple --find-links /one --find-links /two" in words
    assert words.endswith(f"--target {tmp_path} pennylane==0.40.0")
    assert found.environment["SSL_CERT_FILE"] == "/ca.pem"


def test_uv_looks_at_all_indices_where_pip_does(with_uv: dict[str, str]) -> None:
    assert "unsafe-best-match" not in installer_for("python", with_uv, Commands()).command
    several = Commands(configured="global.extra-index-url='https://other.example/simple'\n")
    assert " ".join(installer_for("python", with_uv, several).command).count("--index-strategy unsafe-best-match") == 1


def test_uv_serves_where_there_is_no_pip(with_uv: dict[str, str]) -> None:
    assert installer_for("python", with_uv, Commands(pip=False)).name == "uv"


def test_pip_is_asked_where_there_is_no_uv(tmp_path: Path) -> None:
    commands = Commands()
    found = installer_for("/usr/bin/python", {"PATH": ""}, commands)
    assert found.name == "pip"
    found.install(["numpy"], tmp_path)
    assert commands.seen[-1][:4] == ("/usr/bin/python", "-m", "pip", "install")


def test_what_others_would_not_have_beside_them_comes_after_them_and_alone(with_uv: dict[str, str], tmp_path: Path) -> None:
    commands = Commands()
    found = installer_for("python", with_uv, commands)
    assert found.install(["pennylane==0.45.1", "numpy", "pennylane-lightning==0.43.0"], tmp_path, "pennylane-lightning==0.43.0") is None
    first, second = (command[command.index("--target") + 2 :] for command in commands.seen[-2:])
    assert first == ("pennylane==0.45.1", "numpy")
    assert second == ("--upgrade", "--no-deps", "pennylane-lightning==0.43.0")


def test_it_is_not_tried_where_the_others_cannot_be_installed(with_uv: dict[str, str], tmp_path: Path) -> None:
    commands = Commands(ended=Said(1, "error: no such release"))
    assert installer_for("python", with_uv, commands).install(["a", "b"], tmp_path, "b") == "no such release"
    assert commands.seen[-1][-1] == "a"


def test_with_neither_it_is_said_what_to_do() -> None:
    with pytest.raises(UsageError, match="neither is here"):
        installer_for("python", {"PATH": ""}, Commands(pip=False))


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_nothing_is_built_from_source(installer: str, with_uv: dict[str, str]) -> None:
    found = installer_for("python", with_uv if installer == "uv" else {"PATH": ""}, Commands())
    assert " ".join(found.command).count("--only-binary :all:") == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("WARNING: x\nERROR: No matching distribution found for numpy==1.23.5\n\n", "No matching distribution found for numpy==1.23.5"),
        ("  × No solution found when resolving:\n  ╰─▶ Because there is no\n      numpy\n", "Because there is no numpy"),
        ("error: No solution found\n  cause: Because there is no\n   numpy\n\nhint: look elsewhere\n", "Because there is no numpy"),
        ("something else", "something else"),
        ("", "it ended with exit code 2"),
    ],
)
def test_the_line_that_says_why_is_told(text: str, reason: str, tmp_path: Path) -> None:
    assert reason_of(Said(2, text)) == reason
    assert installer_for("python", {"PATH": ""}, Commands(ended=Said(2, text))).install(["numpy"], tmp_path) == reason


def test_an_interpreter_of_its_own_sees_nothing_of_ours() -> None:
    given = {"PYTHONPATH": "/ours", "PYTHONHOME": "/x", "VIRTUAL_ENV": "/v", "QDIAG_TRACE": "/t", "HOME": "/h", "PIP_INDEX_URL": "u"}
    assert clean_environment(given) == {"HOME": "/h", "PIP_INDEX_URL": "u", "PYTHONNOUSERSITE": "1"}


def test_releases_of_the_index_are_in_order_and_without_previews() -> None:
    said = Said(0, "pennylane (0.45.1)\nAvailable versions: 0.45.1, 0.45.0, 0.9.0, 0.46.0rc1, what\n  INSTALLED: 0.45.1\n")
    assert index_releases("python", "pennylane", lambda command, environment, seconds: said) == ("0.9.0", "0.45.0", "0.45.1")
    assert index_releases("python", "pennylane", lambda command, environment, seconds: Said(1, "no network")) == ()


def test_a_command_that_takes_too_long_is_ended() -> None:
    import sys

    assert run_command([sys.executable, "-c", "import time; time.sleep(60)"], {}, 0.2).code is None
    assert run_command([sys.executable, "-c", "print('said')"], {}, 60.0) == Said(0, "said\n")
