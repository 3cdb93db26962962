"""The block by which a script's environment can be made: of the stack that it was found on."""

from __future__ import annotations

import re
import sys
from platform import python_version

import pytest

from qdiag.model.call import Environment
from qdiag.proving.reproducer.inline_metadata import WIDTH, inline_metadata

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REFERENCE = r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$"
"""As the specification reads it."""


def read(lines: tuple[str, ...]) -> dict[str, object]:
    """What the specification's own reader makes of it, below a script's comment."""
    text = "\n".join(["# What it shows.", *lines, "import sys", ""])
    (match,) = [found for found in re.finditer(REFERENCE, text) if found["type"] == "script"]
    content = "".join(line[2:] if line.startswith("# ") else line[1:] for line in match["content"].splitlines(keepends=True))
    return tomllib.loads(content)


def stack(**packages: str) -> Environment:
    return Environment("3.11.7", packages=tuple((name.replace("_", "-"), version) for name, version in packages.items()))


NEW = stack(pennylane="0.45.1", pennylane_lightning="0.45.0", torch="2.13.0+cpu", numpy="2.4.6", autograd="1.8.0")


def test_it_names_the_versions_that_the_script_was_found_with() -> None:
    assert read(inline_metadata(NEW, ["import pennylane as qml", "from torch.autograd.functional import jacobian"])) == {
        "requires-python": "==3.11.*",
        "dependencies": ["pennylane==0.45.1", "pennylane-lightning==0.45.0", "gast", "numpy==2.4.6", "torch==2.13.0"],
    }


def test_torch_is_left_out_where_the_script_does_not_need_it() -> None:
    assert not any("torch" in line for line in inline_metadata(NEW, ["import pennylane as qml"]))


def test_an_old_release_brings_the_pins_that_it_needs_and_the_runs_own_versions_come_first() -> None:
    found = read(inline_metadata(stack(pennylane="0.21.0", numpy="1.22.2"), []))["dependencies"]
    assert isinstance(found, list)
    assert {"pennylane==0.21.0", "numpy==1.22.2", "autoray==0.2.5", "setuptools<70"} <= set(found)
    assert len([one for one in found if one.startswith("numpy")]) == 1


@pytest.mark.parametrize("version", ['0.45.1"]\nimport os', "", "what"])
def test_what_is_no_version_does_not_get_into_the_script(version: str) -> None:
    assert inline_metadata(stack(pennylane=version), []) == ()
    lines = inline_metadata(stack(pennylane="0.45.1", torch=version), ["import torch"])
    assert not any("torch" in line for line in lines)


def test_lines_are_no_longer_than_a_scripts() -> None:
    lines = inline_metadata(stack(pennylane="0.21.0", pennylane_lightning="0.28.0", numpy="1.22.2", torch="1.10.2"), ["import torch"])
    assert max(map(len, lines)) <= WIDTH
    assert read(lines)


def test_without_a_run_it_is_the_stack_that_is_installed() -> None:
    python = ".".join(python_version().split(".")[:2])
    assert f'# requires-python = "=={python}.*"' in inline_metadata(None, [])


def test_jax_is_there_where_the_script_needs_it() -> None:
    lines = inline_metadata(stack(pennylane="0.45.1", jax="0.7.1"), ["import jax", "import jax.numpy as jnp"])
    assert any('"jax==0.7.1"' in line for line in lines)


def test_catalyst_is_there_where_the_script_has_it_compile_something() -> None:
    run = stack(pennylane="0.45.1", jax="0.7.1", pennylane_catalyst="0.15.0")
    assert any('"pennylane-catalyst==0.15.0"' in line for line in inline_metadata(run, ["import jax"], compiles=True))
    assert not any("catalyst" in line for line in inline_metadata(run, ["import jax"]))
