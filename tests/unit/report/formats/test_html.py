"""One HTML file that asks nothing of any network, can be read without seeing it, and in which no name becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Optional

import pytest

from qdiag.report.formats import html
from qdiag.report.outline import Code, Meaning
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


EVIL = '<img src=x onerror=alert(1)> & "quoted" {{ 7 * 7 }} {% raw %}'


def test_nothing_that_people_name_becomes_markup_or_a_template() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    call = replace(finding.divergence.call, source=replace(finding.divergence.call.source, path=EVIL))
    changed = replace(
        finding,
        divergence=replace(finding.divergence, call=call),
        diagnosis=replace(finding.diagnosis, because=EVIL, blamed=EVIL, remedy=EVIL),
        unreproduced=EVIL,
    )
    result = replace(case.result, findings=(changed,), notes=(EVIL,), qnodes=((EVIL, EVIL),))
    text = html.render(replace(case, result=result, script=replace(case.script, path=EVIL, argv=(EVIL,))).document())
    assert "<img src=x" not in text
    assert "{{ 7 * 7 }}" in text
    assert text.count("&lt;img src=x onerror=alert(1)&gt;") >= 5


@pytest.mark.parametrize("name", CASES)
def test_it_says_what_the_other_formats_say(name: str) -> None:
    document = CASES[name]().document()
    shown = unescape(re.sub(r"<[^>]+>", " ", html.render(document)))
    words = " ".join(shown.split())
    assert " ".join(document.sentence.split()) in words
    for chapter in document.chapters:
        assert chapter.title in words
        assert chapter.code in words
        if chapter.reproducer:
            assert chapter.reproducer.text.strip().splitlines()[-1] in shown


@pytest.mark.parametrize("name", CASES)
def test_every_element_that_is_opened_is_closed(name: str) -> None:
    class Balance(HTMLParser):
        """Follows which elements are open."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.open: list[str] = []
            self.wrong: list[str] = []
            self.feed(text)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:
            if tag not in ("meta", "br", "hr", "img", "input", "link"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if not self.open or self.open.pop() != tag:
                self.wrong.append(tag)

    page = Balance(html.render(CASES[name]().document()))
    assert (page.open, page.wrong) == ([], [])


def test_the_same_report_is_the_same_page() -> None:
    document = CASES["moons"]().document()
    assert html.render(document) == html.render(document)


def test_each_finding_has_a_part_of_the_page_of_its_own() -> None:
    page = Page(html.render(CASES["shifted"]().document()))
    targets = {reference[1:] for reference in page.references if reference.startswith("#")}
    assert targets <= set(page.ids)


MEANING = Meaning("QD303", "gradient given to the wrong parameter", "What it is.", "H = qml.dot(c, o)", "So.", "Do this.")


def test_codes_lead_to_what_they_mean_on_the_same_page() -> None:
    document = replace(CASES["shifted"]().document(), meanings=(MEANING,))
    text = html.render(document)
    page = Page(text)
    assert "#QD303" in page.references
    assert "QD303" in page.ids
    assert "What it is." in text


def test_a_code_whose_meaning_is_not_on_the_page_is_no_link() -> None:
    assert "#QD303" not in Page(html.render(CASES["shifted"]().document())).references


def test_lines_of_the_users_code_have_their_numbers_and_the_blamed_one_is_marked() -> None:
    document = CASES["shifted"]().document()
    excerpt = Code("train.py:31", "def f(x):\n    return '<b>'", "python", first=31, marked=(32,))
    text = html.render(replace(document, chapters=(replace(document.chapters[0], excerpts=(excerpt,)),)))
    assert '<span class="number">31</span>def f(x):' in text
    assert '<span class="matters"><span class="number">32</span>    return &#39;&lt;b&gt;&#39;' in text


def test_every_plot_over_calls_is_there_for_narrow_screens_too() -> None:
    text = html.render(CASES["moons"]().document())
    assert (text.count('class="plot wide"'), text.count('class="plot narrow"')) == (1, 1)
