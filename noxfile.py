"""Sessions that need a stack of their own."""

import nox

nox.options.sessions = ["legacy"]
nox.options.error_on_missing_interpreters = False


@nox.session(python="3.9")
def legacy(session: nox.Session) -> None:
    """Run the bridge tests and the cases of PennyLane 0.21 and torch 1.10; skipped where there is no Python 3.9."""
    session.install("-c", "constraints-0.21.txt", ".[test]")
    session.run("pytest", "-m", "stack or legacy", *session.posargs, env={"OMP_NUM_THREADS": "1"})
