"""What a report says of the stack that it was made on."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from importlib import metadata

import pytest

from qdiag.bridges import stack

pytestmark = pytest.mark.stack


def settings_in_a_process(prologue: str, *flags: str, **variables: str) -> dict[str, object]:
    code = f"{prologue}\nimport json\nfrom qdiag.bridges import stack\nprint(json.dumps(dict(stack.environment().settings)))"
    run = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, env={**BARE, **variables}, check=True)
    return dict(json.loads(run.stdout.splitlines()[-1]))


BARE = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}


def test_versions_are_those_of_the_installed_packages() -> None:
    environment = stack.environment()
    assert environment.python == platform.python_version()
    assert environment.version("pennylane") == metadata.version("pennylane")
    assert environment.version("numpy") == metadata.version("numpy")
    assert str(stack.pennylane_version()) == metadata.version("pennylane")


def test_the_devices_are_those_that_a_script_can_ask_for() -> None:
    assert {"default.qubit", "default.mixed"} <= set(stack.environment().devices)


def test_nothing_tells_whose_machine_it_was() -> None:
    text = repr(stack.environment())
    assert platform.node() not in text or len(platform.node()) < 3
    assert sys.prefix not in text


def test_settings_that_decide_rounding_are_listed() -> None:
    pytest.importorskip("torch")
    settings = settings_in_a_process("import torch; torch.set_default_dtype(torch.float64); torch.set_num_threads(1)", "-O")
    assert settings["torch default dtype"] == "float64"
    assert settings["torch threads"] == 1
    assert settings["torch deterministic"] is False
    assert settings["OMP_NUM_THREADS"] == "1"
    assert settings["python flags"] == "optimize"


def test_torch_is_not_imported_to_ask() -> None:
    code = "import sys; from qdiag.bridges import stack; from qdiag.bridges.codec import tapes; stack.environment(); "
    code += "print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=BARE, check=True)
    imported_by_pennylane = subprocess.run(
        [sys.executable, "-c", "import pennylane, sys; print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        env=BARE,
        check=True,
    )
    assert run.stdout == imported_by_pennylane.stdout
