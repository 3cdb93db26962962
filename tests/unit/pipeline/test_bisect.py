"""The staircase of a bisection: which releases are asked, what is kept, what a cut leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdiag.bridges.releases.table import known_releases
from qdiag.errors import UsageError
from qdiag.model.bisection import Answer, Span
from qdiag.pipeline.bisect import bisect
from qdiag.pipeline.run_options import Silence
from tests.worlds.bisections import BAD, GOOD, RELEASES, UNABLE, Releases, wanted


def from_035(release: str):
    """A fault that 0.35 brought."""
    return BAD if release >= "0.35" else GOOD


def test_it_finds_the_release_and_installs_few(tmp_path: Path) -> None:
    world = Releases(from_035)
    found = bisect(wanted(tmp_path), Silence(), world.world)
    assert found.span == Span("0.35.0", "0.38.0", "0.34.0", None)
    # eleven releases: both ends, and four halvings at most
    assert len(world.installed) <= 6
    assert found.installs == len(world.installed)
    assert [one.release for one in found.asked[:2]] == ["0.38.0", "0.30.0"]
    assert found.held == (("torch", "2.13.0"),)


def test_asked_again_it_neither_installs_nor_runs(tmp_path: Path) -> None:
    bisect(wanted(tmp_path), Silence(), Releases(from_035).world)
    world = Releases(from_035)
    found = bisect(wanted(tmp_path), Silence(), world.world)
    assert (world.installed, world.ran) == ([], [])
    assert found.span == Span("0.35.0", "0.38.0", "0.34.0", None)
    assert all(one.remembered for one in found.asked)
    bisect(wanted(tmp_path, again=True), Silence(), world.world)
    assert world.installed == []
    assert world.ran != []


def test_after_ctrl_c_it_goes_on_where_it_was(tmp_path: Path) -> None:
    cut = Releases(from_035, interrupt="0.34.0")
    found = bisect(wanted(tmp_path), Silence(), cut.world)
    assert found.interrupted
    assert found.span is None
    assert found.asked
    world = Releases(from_035)
    whole = bisect(wanted(tmp_path), Silence(), world.world)
    assert whole.span == Span("0.35.0", "0.38.0", "0.34.0", None)
    assert not set(world.ran) & set(cut.ran)


def test_releases_that_cannot_be_installed_are_skipped_and_named(tmp_path: Path) -> None:
    found = bisect(wanted(tmp_path), Silence(), Releases(from_035, refused=("0.34.0", "0.35.0")).world)
    assert found.span == Span("0.35.1", "0.38.0", "0.33.1", None)
    assert {one.release: one.words for one in found.skipped} == {
        "0.34.0": "No matching distribution found",
        "0.35.0": "No matching distribution found",
    }
    assert found.between("0.33.1", "0.35.1") == ("0.34.0", "0.35.0")


def test_what_this_python_is_too_new_for_is_not_even_tried(tmp_path: Path) -> None:
    from dataclasses import replace

    world = Releases(from_035)
    newer = replace(world.world, look_at=lambda python: replace(world.world.look_at(python), python="3.12.1"))
    found = bisect(wanted(tmp_path), Silence(), newer)
    assert found.of("0.30.0").answer is Answer.NOT_INSTALLED
    assert "0.30.0" not in world.installed


def test_releases_that_cannot_run_it_are_the_lower_end(tmp_path: Path) -> None:
    found = bisect(wanted(tmp_path), Silence(), Releases(lambda release: BAD if release >= "0.33" else UNABLE).world)
    assert found.span == Span("0.33.0", "0.38.0", None, None)
    assert all(one.words == "AttributeError: no BlockEncode" for one in found.skipped)


def test_where_the_known_release_is_good_nothing_is_searched(tmp_path: Path) -> None:
    world = Releases(lambda release: GOOD)
    found = bisect(wanted(tmp_path), Silence(), world.world)
    assert found.span is None
    assert world.ran == ["0.38.0"]


def test_offline_only_what_is_in_the_cache_is_asked(tmp_path: Path) -> None:
    bisect(wanted(tmp_path, oldest="0.34.0", newest="0.36.0", known="0.36.0"), Silence(), Releases(from_035).world)
    world = Releases(from_035)
    found = bisect(wanted(tmp_path, offline=True, known="0.36.0"), Silence(), world.world)
    assert world.installed == []
    assert found.span.first_bad == "0.35.0"
    assert "0.38.0" in found.missing
    with pytest.raises(UsageError, match=r"0\.38\.0, on which the fault is known, is not in the cache"):
        bisect(wanted(tmp_path, offline=True), Silence(), world.world)


def test_where_the_index_cannot_be_asked_the_releases_that_are_known_serve(tmp_path: Path) -> None:
    found = bisect(wanted(tmp_path), Silence(), Releases(from_035, index=()).world)
    assert found.releases == known_releases("pennylane")
    # 0.38 is known to be bad, and so are those after it
    assert found.span.first_bad == "0.35.0"


def test_the_user_says_between_which_releases(tmp_path: Path) -> None:
    found = bisect(wanted(tmp_path, oldest="0.33.1", newest="0.38.0"), Silence(), Releases(from_035).world)
    assert found.releases[0] == "0.33.1"
    with pytest.raises(UsageError, match="is not between the releases"):
        bisect(wanted(tmp_path, newest="0.36.0"), Silence(), Releases(from_035).world)


def test_bad_by_other_numbers_is_told(tmp_path: Path) -> None:
    from dataclasses import replace

    other = replace(BAD, output="adjoint    1.5\nbackprop   0.2\ndifference 1.3 tolerated 1e-08\n")
    found = bisect(wanted(tmp_path), Silence(), Releases(lambda release: BAD if release >= "0.36" else other).world)
    assert found.span.first_bad == "0.30.0"
    assert found.others[0] == "0.30.0"
    assert all(release < "0.36" for release in found.others)
    assert "0.37.0" not in found.others


def test_a_script_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        bisect(wanted(tmp_path, script=tmp_path / "no.py"), Silence(), Releases().world)


def test_layers_have_the_names_of_their_releases(tmp_path: Path) -> None:
    bisect(wanted(tmp_path), Silence(), Releases(from_035).world)
    assert {path.name.split("-")[1] for path in (tmp_path / "cache" / "layers").iterdir()} <= set(RELEASES)
