"""Sessions that need a stack of their own."""

import nox

nox.options.sessions = ["slow", "legacy"]
nox.options.error_on_missing_interpreters = False


@nox.session
def slow(session: nox.Session) -> None:
    """Run whole trainings, every case, and the comparisons of plain and recorded runs, on the newest stack."""
    session.install("-c", "constraints.txt", ".[test]")
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session(python="3.9")
def legacy(session: nox.Session) -> None:
    """Run the bridge tests and the cases of PennyLane 0.21 and torch 1.10; skipped where there is no Python 3.9."""
    session.install("-c", "constraints-0.21.txt", ".[test]")
    session.run("pytest", "-m", "stack and not slow", *session.posargs, env={"OMP_NUM_THREADS": "1"})
