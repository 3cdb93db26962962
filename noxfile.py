"""Sessions that need a stack of their own."""

import nox

nox.options.sessions = ["slow", "legacy", "wheel"]
nox.options.error_on_missing_interpreters = False


@nox.session
def slow(session: nox.Session) -> None:
    """Run whole trainings, every case, and the comparisons of plain and recorded runs, on the newest stack."""
    session.install("-c", "constraints.txt", ".[test]")
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build a wheel, and see that it has every file of the package."""
    session.run("python", "-m", "tests.tools.wheel")


@nox.session
@nox.parametrize(("python", "pennylane"), [("3.9", "0.21"), ("3.9", "0.23"), ("3.10", "0.33"), ("3.10", "0.36")])
def legacy(session: nox.Session, pennylane: str) -> None:
    """Run the bridge tests and the cases of older PennyLanes, each with its torch; skipped where their Python is missing."""
    # older PennyLanes import pkg_resources and do not say so
    session.install("-c", f"constraints-{pennylane}.txt", "setuptools", ".[test]")
    session.run("pytest", "-m", "stack and not slow", *session.posargs, env={"OMP_NUM_THREADS": "1"})
    session.run("pytest", "-m", "slow", "tests/e2e/test_cases.py", env={"OMP_NUM_THREADS": "1"})
