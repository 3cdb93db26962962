"""Sessions that need a stack of their own."""

from pathlib import Path

import nox

nox.options.sessions = ["slow", "legacy", "plugins", "jax", "catalyst", "wheel"]
nox.options.error_on_missing_interpreters = False

PLUGINS = {
    "qulacs": ["pennylane-qulacs[cpu]"],
    "qrack": ["pyqrack-cpu"],
    "maestro": ["pennylane-maestro"],
    "cirq": ["pennylane-cirq"],
    "qiskit": ["pennylane-qiskit", "qiskit-aer"],
    "hybridlane": ["hybridlane"],
    "quimb": ["quimb"],
    "matchcake": ["matchcake"],
}
"""What a plugin's session installs, by the name that its tests have."""

WITHOUT_REQUIREMENTS = {"qrack": ["pennylane-qrack-cpu"]}
"""What is installed without what it asks for: the plugin of Qrack asks for a library that needs OpenCL."""


@nox.session
def slow(session: nox.Session) -> None:
    """Run whole trainings, every case, and the comparisons of plain and recorded runs, on the newest stack."""
    session.install("-c", "constraints.txt", ".[test]")
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build a wheel, and see that it has every file of the package."""
    session.run("python", "-m", "tests.tools.wheel")


@nox.session(python="3.11")
def stacks(session: nox.Session) -> None:
    """Install the oldest and the newest release of each row of stacks.toml, as a bisection does, and run a script on them."""
    session.install("-c", "constraints.txt", ".[test]")
    session.run("python", "-m", "tests.tools.stacks", *session.posargs)


@nox.session
@nox.parametrize(("python", "pennylane"), [("3.9", "0.21"), ("3.9", "0.23"), ("3.10", "0.33"), ("3.10", "0.36")])
def legacy(session: nox.Session, pennylane: str) -> None:
    """Run the bridge tests and the cases of older PennyLanes, each with its torch; skipped where their Python is missing."""
    # older PennyLanes import pkg_resources and do not say so
    session.install("-c", f"constraints-{pennylane}.txt", "setuptools", ".[test]")
    session.run("pytest", "-m", "stack and not slow", *session.posargs, env={"OMP_NUM_THREADS": "1"})
    session.run("pytest", "-m", "slow", "tests/e2e/test_cases.py", env={"OMP_NUM_THREADS": "1"})


@nox.session(python="3.11")
def jax(session: nox.Session) -> None:
    """Run the tests and the cases that need JAX."""
    session.install("-c", "constraints.txt", ".[jax,test]", "optax", "equinox", "flax")
    one_thread = {"OMP_NUM_THREADS": "1"}
    tests = ["tests/bridge/test_jax.py", "tests/e2e/test_jax.py", "tests/e2e/test_jax_faces.py"]
    session.run("pytest", "-m", "stack", *tests, *session.posargs, env=one_thread)
    session.run("pytest", "-m", "slow", "-k", "jax", "tests/e2e/test_cases.py", "tests/e2e/test_cases_invisible.py", env=one_thread)


@nox.session(python="3.11")
def catalyst(session: nox.Session) -> None:
    """Run the tests that need Catalyst, which pins its JAX; skipped where it cannot be installed."""
    constraints = {"PIP_CONSTRAINT": str(Path("tests", "plugins", "constraints", "catalyst.txt").resolve())}
    try:
        session.install(".[jax,test]", "pennylane-catalyst", env=constraints)
    except nox.command.CommandFailed:
        session.skip("Catalyst cannot be installed here: pip says why above")
    one_thread = {"OMP_NUM_THREADS": "1"}
    session.run("pytest", "-m", "stack", "tests/bridge/test_qjit.py", "tests/e2e/test_qjit.py", *session.posargs, env=one_thread)


@nox.session(python="3.11")
@nox.parametrize("plugin", [*PLUGINS])
def plugins(session: nox.Session, plugin: str) -> None:
    """Run the tests that need a plugin, each plugin by itself; skipped where it cannot be installed."""
    constraints = {"PIP_CONSTRAINT": str(Path("tests", "plugins", "constraints", f"{plugin}.txt").resolve())}
    try:
        # pip hands a variable on to what builds a source package, and the option -c it does not
        session.install(".[test]", *PLUGINS[plugin], env=constraints)
        if plugin in WITHOUT_REQUIREMENTS:
            session.install("--no-deps", *WITHOUT_REQUIREMENTS[plugin], env=constraints)
    except nox.command.CommandFailed:
        session.skip(f"{plugin} cannot be installed here: pip says why above")
    session.run("pytest", "-m", "plugin", "-k", plugin, "tests/bridge", "tests/plugins", *session.posargs, env={"OMP_NUM_THREADS": "1"})
