"""The table of what releases need: every row can be read, and there is one for every release."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from qdiag.bridges.releases.table import PACKAGES, known_releases, needs_of, needs_with, other_names


@pytest.mark.parametrize("package", PACKAGES)
def test_releases_are_listed_once_each_the_oldest_first(package: str) -> None:
    listed = [Version(text) for text in known_releases(package)]
    assert listed == sorted(set(listed))


@pytest.mark.parametrize("release", known_releases("pennylane"))
def test_every_release_has_its_own_lightning_and_requirements_that_can_be_read(release: str) -> None:
    needs = needs_of(release)
    names = [Requirement(one).name for one in needs.requires]
    assert names[:2] == ["pennylane", "pennylane-lightning"]
    assert len(set(names)) == len(names)
    assert needs.fits("3.11.7")
    # the release of the device is of the same minor release
    assert Version(needs.requires[1].partition("==")[2]).release[:2] == Version(release).release[:2]


def test_a_release_that_nobody_knows_yet_gets_the_newest_pins_and_a_free_lightning() -> None:
    newest = known_releases("pennylane")[-1]
    assert needs_of("0.99.0").requires == ("pennylane==0.99.0", *needs_of(newest).requires[2:])
    assert needs_of("0.99.0").python == needs_of(newest).python


def test_old_numpys_are_for_old_pythons_only() -> None:
    assert not needs_of("0.30.0").fits("3.12.1")
    assert needs_of("0.40.0").fits("3.12.1")
    assert not needs_of("0.45.1").fits("3.10.2")


def test_another_package_takes_the_place_of_its_pin() -> None:
    assert needs_with("numpy", "1.25.2", "0.40.0").requires[-1] == "numpy==1.25.2"
    assert "numpy==1.26.4" not in needs_with("numpy", "1.25.2", "0.40.0").requires
    lightning = needs_with("pennylane-lightning", "0.39.0", "0.40.0").requires
    assert [one for one in lightning if one.startswith("pennylane-lightning")] == ["pennylane-lightning==0.39.0"]
    assert needs_with("torch", "2.12.0", "0.45.1").requires[-1] == "torch==2.12.0"


def test_only_a_device_is_put_beside_a_pennylane_that_would_have_another() -> None:
    assert needs_with("pennylane-lightning", "0.43.0", "0.45.1").alone == "pennylane-lightning==0.43.0"
    assert {needs_with(package, known_releases(package)[-1], "0.45.1").alone for package in ("torch", "numpy", "autograd")} == {""}
    assert needs_of("0.45.1").alone == ""


def test_names_lead_to_others() -> None:
    names = other_names()
    assert names["same"]["X"] == "PauliX"
    assert all(name != other for kind in names.values() for name, other in kind.items())
