"""Pages that are partly made from the code say what it says now, and links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools.generated import PARTS, TREE, committed

PAGES = [TREE / "README.md", TREE / "CONTRIBUTING.md", *TREE.glob("docs/**/*.md"), *TREE.glob("*/README.md")]


@pytest.mark.parametrize("page", PARTS)
def test_what_is_generated_is_as_it_would_be_made_now(page: str) -> None:
    assert committed(page) == PARTS[page](), "run: python -m tests.tools.generated"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TREE)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TREE)))
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"`((?:src|tests|cases|docs|findings)/[\w./-]+|[a-z_]+/[\w/-]+\.py)`", page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (TREE / name).exists() and not (TREE / "src" / "qdiag" / name).exists()]
