"""One HTML file that asks nothing of any network, can be read without seeing it, and in which no name becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Optional

import pytest

from qdiag.report.formats import html
from tests.worlds.results import CASES


class Page(HTMLParser):
    """Collects what a page refers to, its headings and its images."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.headings: list[int] = []
        self.images: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:
        found = {name: content or "" for name, content in attrs}
        self.references += [found[name] for name in ("src", "href", "xlink:href", "action", "poster") if name in found]
        self.ids += [found["id"]] if "id" in found else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("svg", "img"):
            self.images.append(found)


@pytest.mark.parametrize("name", CASES)
def test_the_page_stands_alone(name: str) -> None:
    text = html.render(CASES[name]().document())
    page = Page(text)
    assert all(reference.startswith("#") for reference in page.references)
    assert not re.search(r"@import|url\((?!#)", text)
    assert "default-src 'none'" in text
    assert len(text.encode()) < 1_000_000


@pytest.mark.parametrize("name", CASES)
def test_the_page_can_be_read_without_seeing_it(name: str) -> None:
    page = Page(html.render(CASES[name]().document()))
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(page.headings, page.headings[1:]))
    assert all(image["role"] == "img" and len(image["aria-label"]) > 20 for image in page.images)
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("name", CASES)
def test_whatever_scrolls_can_be_reached_by_keyboard_and_shows_that_there_is_more(name: str) -> None:
    text = html.render(CASES[name]().document())
    boxes = [box for box in re.findall(r"<(?:div|pre)\b[^>]*>", text) if box.startswith("<pre") or 'class="scroll"' in box]
    assert boxes or name == "healthy"
    for box in boxes:
        assert 'role="region"' in box
        assert 'tabindex="0"' in box
        assert re.search(r'aria-label="[^"]+"', box)
    rules = [body for heads, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text) if re.search(r"\.scroll, pre\s*$", heads)]
    assert any("no-repeat local" in rule and "no-repeat scroll" in rule for rule in rules)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_text_has_the_contrast_that_wcag_aa_asks_for(mode: str) -> None:
    style = (Path(html.__file__).parents[1] / "templates" / "report.css").read_text(encoding="utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)", 1)
    part = light if mode == "light" else dark.split("\n* {", 1)[0]
    base = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part.split("}", 1)[0]))
    for kind in ("agree", "rounding", "error", "inconclusive"):
        rule = re.search(rf"\.{kind} {{([^}}]*)}}", part)
        assert rule is not None
        colours = {**base, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", rule[1]))}
        for ink in ("ink", "muted", "accent"):
            for ground in ("page", "panel"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (kind, ink, ground)
        assert contrast(colours["accent"], colours["wash"]) >= 4.5, kind


def test_what_a_script_is_called_cannot_become_markup() -> None:
    case = CASES["moons"]()
    evil = replace(case, script=replace(case.script, path="<script>alert(1)</script>.py"))
    assert "<script>alert" not in html.render(evil.document())
