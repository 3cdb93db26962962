"""Which modules beside a script a worker imports."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from qdiag.evaluation.beside_script import BesideScript, look_beside, only_defines

DEVICE = '''"""A device."""
from __future__ import annotations

import numpy as np
import pennylane as qml

GATES: set[str] = {"RX", "RY"}
LOGGER = logging.getLogger(__name__)
EYE = np.eye(2).reshape(-1)
NAMES = ", ".join(["a", "b"])

try:
    import fast
except ImportError:
    fast = None


class Device(qml.devices.DefaultQubit):
    """Its class."""

    name: str
    shots = None

    def execute(self, circuits):
        return open("anything")


if __name__ == "__main__":
    print(Device())
'''


def test_a_module_of_imports_definitions_and_values_only_defines() -> None:
    assert only_defines(DEVICE)


@pytest.mark.parametrize(
    "line",
    ["print(1)", "run = train()", "file = open('log', 'w')", "for i in range(3): pass", "class A:\n    x = f()", "a = b.c()", "f(:"]
    + ["a = logging.FileHandler('log')", "a = np.save('a.npy', [])", "a = np.random.default_rng().normal(3)", "a = torch.randn(3) + 1"],
)
def test_a_module_that_does_something_does_not(line: str) -> None:
    assert not only_defines(f"import numpy as np\n{line}\n")


def test_what_lies_there_is_found_where_it_only_defines(tmp_path: Path) -> None:
    (tmp_path / "one_device_of_mine.py").write_text("class Mine:\n    pass\n")
    (tmp_path / "one_training_of_mine.py").write_text("print('trains')\n")
    (tmp_path / "one_package_of_mine").mkdir()
    (tmp_path / "one_package_of_mine" / "__init__.py").write_text("")
    finder = BesideScript(str(tmp_path))
    assert finder.find_spec("one_device_of_mine") is not None
    assert [finder.find_spec(name) for name in ("one_training_of_mine", "one_package_of_mine", "not_there")] == [None] * 3
    assert finder.find_spec("one_device_of_mine", path=["elsewhere"]) is None


def test_a_worker_imports_it_and_leaves_nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one_device_of_mine.py").write_text("class Mine:\n    pass\n")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    look_beside(str(tmp_path))
    try:
        assert importlib.import_module("one_device_of_mine").Mine
    finally:
        sys.modules.pop("one_device_of_mine", None)
    assert [path.name for path in tmp_path.iterdir()] == ["one_device_of_mine.py"]
