"""Trainings under JAX by patterns that people use: scripts of their own, and the healthy cases that are further ones."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.case_runs import CASES

OF_CASES = ("healthy-jax-vqe-with-adam", "healthy-jax-noise-learnt", "healthy-jax-mid-circuit-measurement")

TRAININGS: dict[str, Path] = {
    **{path.stem: path for path in sorted(Path(__file__).with_name("scripts").joinpath("jax_trainings").glob("*.py"))},
    **{name.replace("healthy-jax-", "").replace("-", "_"): CASES / name / "train.py" for name in OF_CASES},
}
"""By name. What they print are their losses and last weights, to the last digit."""
