"""The source of a script's own class, with what it needs: it stands on its own, and names what it imports."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qdiag.bridges.codec import class_source
from qdiag.bridges.codec.class_source import definition_of, remember

Script = Callable[[str], dict[str, Any]]


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    """Runs a script as Python would, from a file."""
    names: list[str] = []

    def run(source: str) -> dict[str, Any]:
        name = f"script_{len(names)}"
        path = tmp_path / f"{name}.py"
        path.write_text(source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        names.append(name)
        spec.loader.exec_module(module)
        return vars(module)

    yield run
    for name in names:
        del sys.modules[name]


def stands_alone(definition: str, name: str) -> Any:
    """The class that a definition makes, in a program of its own."""
    scope: dict[str, Any] = {"__name__": "elsewhere"}
    exec(definition, scope)
    return scope[name]


def test_a_class_brings_its_own_source_and_nothing_else(script: Script) -> None:
    scope = script("x = 1\n\nclass Mine:\n    def double(self, n):\n        return 2 * n\n\nclass Other: ...\n")
    definition = definition_of(scope["Mine"])
    assert definition == "class Mine:\n    def double(self, n):\n        return 2 * n\n"
    assert stands_alone(definition, "Mine")().double(4) == 8


def test_it_brings_the_bases_functions_constants_and_imports_that_it_names(script: Script) -> None:
    scope = script(
        "import math\nimport numpy as np\nfrom math import sqrt as root\n\nFACTOR = 3\nUNUSED = 4\nNESTED = (1, [2.5, 'x'])\n\n"
        "def twice(n):\n    return FACTOR * n\n\n"
        "class Base:\n    kind = NESTED\n    def area(self, r):\n        return math.pi * r * r\n\n"
        "class Mine(Base):\n    def go(self, n):\n        return np.float64(twice(n)) + root(n) + self.area(1)\n"
    )
    definition = definition_of(scope["Mine"])
    assert "UNUSED" not in definition
    found = stands_alone(definition, "Mine")()
    assert found.go(4) == pytest.approx(12 + 2 + math.pi)
    assert found.kind == (1, [2.5, "x"])
    assert definition.index("def twice") < definition.index("class Mine")
    assert "import numpy as np" in definition


def test_what_is_needed_twice_is_there_once(script: Script) -> None:
    scope = script("def f():\n    return 1\n\ndef g():\n    return f()\n\nclass Mine:\n    def h(self):\n        return f() + g()\n")
    definition = definition_of(scope["Mine"])
    assert definition.count("def f()") == 1
    assert stands_alone(definition, "Mine")().h() == 2


def test_decorators_are_part_of_a_class(script: Script) -> None:
    scope = script(
        "def mark(kind):\n    kind.marked = True\n    return kind\n\n@mark\nclass Mine:\n    def f(self):\n        return 1\n"
    )
    assert stands_alone(definition_of(scope["Mine"]), "Mine").marked


def test_a_class_inside_a_function_is_found_and_set_to_the_margin(script: Script) -> None:
    scope = script("def make():\n    class Mine:\n        def f(self):\n            return 7\n    return Mine\n")
    assert stands_alone(definition_of(scope["make"]()), "Mine")().f() == 7


def test_of_two_classes_of_one_name_the_right_one_is_taken(script: Script) -> None:
    classes = [f"class Mine:\n    def f(self):\n        return {n}\n\n{name} = Mine\n\n" for n, name in ((1, "First"), (2, "Second"))]
    scope = script("".join(classes))
    assert stands_alone(definition_of(scope["First"]), "Mine")().f() == 1
    assert stands_alone(definition_of(scope["Second"]), "Mine")().f() == 2


def test_modules_that_a_recorded_class_may_not_import_are_left_out(script: Script) -> None:
    scope = script("import os\n\nclass Mine:\n    def f(self):\n        return os.getcwd()\n")
    assert "import os" not in definition_of(scope["Mine"])


def test_values_that_are_no_literals_are_left_out(script: Script) -> None:
    scope = script("thing = object()\n\nclass Mine:\n    def f(self):\n        return thing\n")
    assert "thing =" not in definition_of(scope["Mine"])


def test_a_class_without_source_has_no_definition() -> None:
    scope: dict[str, Any] = {"__name__": "nowhere"}
    exec("class Mine:\n    def f(self):\n        return 1\n", scope)
    assert definition_of(scope["Mine"]) == ""


def test_an_application_is_no_operation(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_source, "MOST_CHARACTERS", 50)
    scope = script("class Mine:\n    def f(self):\n        return 'a text that is a good deal longer than that'\n")
    assert definition_of(scope["Mine"]) == ""


def test_a_class_that_was_made_from_a_definition_has_that_one() -> None:
    made = type("Mine", (), {})
    remember(made, "class Mine: ...\n")
    assert definition_of(made) == "class Mine: ...\n"


def test_a_definition_is_worked_out_once(script: Script) -> None:
    scope = script("class Mine:\n    def f(self):\n        return 1\n")
    first = definition_of(scope["Mine"])
    Path(scope["__file__"]).write_text("", encoding="utf-8")
    assert definition_of(scope["Mine"]) is first


def test_a_class_of_a_package_is_imported_from_there(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "plugin_of_others"
    package.mkdir(parents=True)
    source = "SECRET = object()\n\nclass Theirs:\n    def f(self):\n        return SECRET\n"
    (package / "__init__.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(package.parent))
    scope = script("from plugin_of_others import Theirs\n\nclass Mine(Theirs):\n    def g(self):\n        return 1\n")
    assert definition_of(scope["Theirs"]) == "from plugin_of_others import Theirs\n"
    mine = stands_alone(definition_of(scope["Mine"]), "Mine")
    assert isinstance(mine(), scope["Theirs"])


def test_an_argument_that_is_called_as_a_global_brings_nothing(script: Script) -> None:
    scope = script("w = 3\nrows = 4\n\nclass Mine:\n    def double(self, w):\n        rows = [w, w]\n        return sum(rows)\n")
    definition = definition_of(scope["Mine"])
    assert definition == "class Mine:\n    def double(self, w):\n        rows = [w, w]\n        return sum(rows)\n"


def test_what_only_says_that_it_is_of_a_library_is_not_imported_from_it(script: Script) -> None:
    made = "import functools\n\nadd = functools.partial(sum, start=1)\n\nclass Mine:\n    def ask(self, n):\n        "
    made += "return add([n]) if n else 5\n"
    definition = definition_of(script(made)["Mine"])
    assert "import" not in definition
    assert stands_alone(definition, "Mine")().ask(0) == 5


def test_a_number_of_numpys_is_a_constant(script: Script) -> None:
    made = "import numpy as np\n\nFACTOR = np.float64(1.5)\n\nclass Mine:\n    def times(self, n):\n        return FACTOR * n\n"
    definition = definition_of(script(made)["Mine"])
    assert stands_alone(definition, "Mine")().times(2) == 3.0
