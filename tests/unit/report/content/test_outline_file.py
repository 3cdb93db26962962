"""A document as a file and back: the same report, and a cure where the file is none."""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from qdiag.errors import TraceError
from qdiag.report.content import outline_file
from qdiag.report.formats import github, html, markdown
from qdiag.report.outline import HeatMap
from tests.worlds.reports import printed
from tests.worlds.results import CASES


@pytest.mark.parametrize("name", CASES)
def test_a_document_is_the_same_after_it_was_stored(name: str) -> None:
    document = CASES[name]().document()
    stored = outline_file.save(document)
    assert outline_file.save(outline_file.load(stored)) == stored
    assert html.render(outline_file.load(stored)) == html.render(document)


def test_a_document_that_an_earlier_qdiag_stored_lacks_what_it_did_not_know_and_can_be_read() -> None:
    document = CASES["shifted"]().document()
    stored = json.loads(outline_file.save(document))
    del stored["document"]["chapters"][0]["of_training"]
    assert outline_file.load(json.dumps(stored)) == outline_file.load(outline_file.save(document))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "document": {"title": 3}}', '{"format": 99, "document": {}}']
)
def test_what_is_no_document_is_refused_with_a_cure(text: str) -> None:
    with pytest.raises(TraceError) as error:
        outline_file.load(text)
    assert "qdiag diagnose" in error.value.cure


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all parts of a tree of JSON."""
    yield path
    if isinstance(tree, (dict, list)):
        for key, part in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(part, (*path, key))


def changed(tree: Any, path: tuple[Any, ...], part: Any) -> Any:
    if not path:
        return part
    copied = dict(tree) if isinstance(tree, dict) else list(tree)
    copied[path[0]] = changed(tree[path[0]], path[1:], part)
    return copied


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("odd", [7, True, None, [], {}, ["x"], {"x": 1}, -1, 10**30, 0.5, "text"], ids=repr)
def test_a_part_of_another_type_is_refused_or_makes_a_report_all_the_same(name: str, odd: Any) -> None:
    document = json.loads(outline_file.save(CASES[name]().document()))["document"]
    places = [path for path in leaves(document) if path and path[0] != "record"]
    for path in random.Random(name + repr(odd)).sample(places, 40):
        try:
            read = outline_file.load(json.dumps({"format": 1, "document": changed(document, path, odd)}))
        except TraceError:
            continue
        markdown.render(read)
        printed(read, verbose=True)
        github.render(read, range(1, len(read.chapters) + 1))


@pytest.mark.parametrize("part", ["sentence", "title", "recorded", "version"])
@pytest.mark.parametrize("odd", [7, True, None, ["x"], {"x": 1}], ids=repr)
def test_a_text_is_a_text(part: str, odd: Any) -> None:
    document = json.loads(outline_file.save(CASES["moons"]().document()))["document"]
    with pytest.raises(TraceError):
        outline_file.load(json.dumps({"format": 1, "document": {**document, part: odd}}))


def test_a_file_that_is_a_folder_no_utf_8_or_too_large_is_refused_with_a_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latin, pipe = tmp_path / "latin", tmp_path / "pipe"
    latin.write_bytes(b"\xff\xfe{}")
    os.mkfifo(pipe)
    for path in (tmp_path, latin, pipe, tmp_path / "none"):
        with pytest.raises(TraceError, match=r"no file|damaged"):
            outline_file.read(path)
    monkeypatch.setattr(outline_file, "LARGEST", 1)
    with pytest.raises(TraceError, match="MB"):
        outline_file.read(latin)


def test_a_report_of_an_earlier_qdiag_has_its_next_step_in_one_text() -> None:
    stored = json.loads(outline_file.save(CASES["moons"]().document()))
    del stored["document"]["next_step"]
    told = "qdiag report --github   the text for an issue"
    for text, step in ((told, ("qdiag report --github", "the text for an issue")), ("", None)):
        stored["document"]["follow_up"] = text
        read = outline_file.load(json.dumps(stored)).next_step
        assert (read and (read.shell_line, read.reason)) == step


def test_numbers_that_are_none_come_back_as_what_they_were() -> None:
    heat = HeatMap(("a",), ("b", "c", "d"), ((math.nan, math.inf, -math.inf),), "alt")
    chapter = replace(CASES["shifted"]().document().chapters[0], heat=heat)
    document = replace(CASES["shifted"]().document(), chapters=(chapter,))
    restored = outline_file.load(outline_file.save(document)).chapters[0].heat
    assert restored is not None
    assert repr(restored) == repr(heat)


def test_it_is_strict_json() -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    for case in CASES.values():
        json.loads(outline_file.save(case().document()), parse_constant=refuse)


@pytest.mark.parametrize("name", CASES)
def test_every_part_of_it_has_the_type_that_it_had(name: str) -> None:
    document = CASES[name]().document()
    restored = outline_file.load(outline_file.save(document))
    for field in fields(document):
        assert type(getattr(restored, field.name)) is type(getattr(document, field.name))
    assert [type(part) for chapter in restored.chapters for part in chapter.facts] == [
        type(part) for chapter in document.chapters for part in chapter.facts
    ]


def test_it_keeps_what_people_write_in_any_alphabet() -> None:
    document = replace(CASES["healthy"]().document(), title="Ψ → ⟨Z⟩ “𝕏”", notes=("línea\nnueva",))
    restored = outline_file.load(outline_file.save(document))
    assert (restored.title, restored.notes) == (document.title, document.notes)


def test_brackets_without_end_are_no_document() -> None:
    with pytest.raises(TraceError, match="damaged"):
        outline_file.load('{"format": 1, "document": {"title": ' + "[" * 100_000)


def test_what_a_newer_qdiag_wrote_says_so() -> None:
    with pytest.raises(TraceError, match="another version"):
        outline_file.load(json.dumps({"format": outline_file.FORMAT + 1, "document": {}}))
