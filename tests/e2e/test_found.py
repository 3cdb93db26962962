"""The pages of what hunts found: each script shows it on the stack that its page names, and each page is listed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

FOUND = Path(__file__).parents[2] / "docs" / "found"
PAGES = sorted(page for page in FOUND.glob("*.md") if page.name != "README.md")
STACK = {"pennylane": "0.45.1", "pennylane-lightning": "0.45.0"}


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def test_every_page_is_listed() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (FOUND / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_script_of_a_page_shows_it(page: Path) -> None:
    if {name: installed(name) for name in STACK} != STACK:
        pytest.skip(f"the pages are about {STACK}")
    (script,) = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=200, check=False)
    assert shown.returncode == 1, shown.stdout + shown.stderr
    assert "central differences" in shown.stdout
