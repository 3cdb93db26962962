"""The table of devices says what their certificates say."""

from __future__ import annotations

from tests.tools.device_pages import row


def record(**rest):
    packages = {"pennylane": "0.45.1", "torch": "2.13.0", "PennyLane-own": "0.3", "own": "1.2", "sympy": "1.14"}
    plain = {
        "device": "own.simulator",
        "options": {"level": 8},
        "environment": {"packages": packages},
        "precision": {"single": True, "shots": 0},
        "counts": {"right": 7, "wrong": 3, "refused": 2},
        "cells": [{"standing": "wrong", "promise": promise} for promise in ("silent", "broken promise", "documented")],
        "asked": 5,
        "total": 9,
        "seconds": 61.4,
        "faults": [{"about": "MultiRZ", "column": "output"}, {"about": "probs", "column": "hadamard"}],
    }
    return {**plain, **rest}


def test_a_row_has_the_device_its_packages_and_what_is_wrong_without_a_word() -> None:
    assert row("own", record()) == (
        "| [own.simulator --option level=8](own.md) | pennylane-own 0.3, own 1.2 | single | 2 of 10 | 5 of 9 | 61 s | "
        "MultiRZ, probs under hadamard |"
    )


def test_a_device_of_pennylanes_own_names_pennylane_and_one_that_samples_how_often() -> None:
    packages = {"pennylane": "0.45.1", "torch": "2.13.0"}
    own = record(environment={"packages": packages}, precision={"single": False, "shots": 400}, faults=[])
    assert row("own", own).split(" | ")[1:3] == ["pennylane 0.45.1", "400 samples"]
    assert row("own", own).endswith("| none |")
