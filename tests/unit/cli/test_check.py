"""``qdiag check``: which object is meant, what it is called with, and whose fault it is where that fails."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qdiag.cli import check
from qdiag.errors import UsageError, UserCodeError
from qdiag.model.comparison import Verdict
from tests.worlds.judged_runs import judged_run

NUMBER = itertools.count()


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Of a module in the working folder that no test has imported before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = f"checked_models_{next(NUMBER)}"
    yield made
    sys.modules.pop(made, None)


def write(name: str, text: str) -> None:
    Path(f"{name}.py").write_text(text)


MODELS = """
class Layer:
    def __call__(self, x): return x
class Model:
    layer = Layer()
layer = Layer()
constant = 3
def circuit(x): return x
def _private(): pass
"""


class TestTheObject:
    @pytest.mark.parametrize(("path", "kind"), [("layer", "Layer"), ("circuit", "function"), ("Model.layer", "Layer")])
    def test_is_found_by_module_and_name(self, name: str, path: str, kind: str) -> None:
        write(name, MODELS)
        assert type(check._import_object(f"{name}:{path}")).__name__ == kind

    def test_is_found_by_file_and_name(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        write(f"sub/{name}", MODELS)
        assert type(check._import_object(f"sub/{name}.py:layer")).__name__ == "Layer"

    @pytest.mark.parametrize("target", ["models", ":layer", "models:", ":", ""])
    def test_has_to_be_named(self, name: str, target: str) -> None:
        with pytest.raises(UsageError, match="does not name an object") as caught:
            check._import_object(target)
        assert "models:layer" in caught.value.cure

    def test_that_is_not_there_is_told_with_those_that_are(self, name: str) -> None:
        write(name, MODELS)
        with pytest.raises(UsageError, match=r"has no object 'layr'") as caught:
            check._import_object(f"{name}:layr")
        assert "layer, circuit" in caught.value.cure
        assert "_private" not in caught.value.cure

    @pytest.mark.parametrize(("path", "words"), [("Layer", "is a class"), ("constant", "of type int")])
    def test_that_cannot_be_called_is_told_what_it_is(self, name: str, path: str, words: str) -> None:
        write(name, MODELS)
        with pytest.raises(UsageError, match=words):
            check._import_object(f"{name}:{path}")

    def test_of_a_module_that_is_not_there_is_a_usage_error(self, name: str) -> None:
        with pytest.raises(UsageError, match=f"there is no module {name}"):
            check._import_object(f"{name}:layer")

    def test_of_a_module_whose_package_is_not_there_too(self, name: str) -> None:
        with pytest.raises(UsageError, match="there is no module"):
            check._import_object(f"{name}.part:layer")

    @pytest.mark.parametrize(
        ("text", "words"),
        [("import no_such_module_at_all", "no_such_module_at_all"), ("1/0", "ZeroDivisionError"), ("def (", "SyntaxError")],
    )
    def test_of_a_module_that_fails_is_the_users_own_fault(self, name: str, text: str, words: str) -> None:
        write(name, text)
        with pytest.raises(UserCodeError, match=words) as caught:
            check._import_object(f"{name}:layer")
        assert caught.value.exit_code == 3


class Pipeline:
    """Takes the place of calling and judging."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def checked(self, called: Any, arguments: Any, name: str, **given: Any) -> Any:
        self.asked.append({"called": called, "arguments": arguments, "name": name, **given})
        return judged_run(given["run"].path, verdict=Verdict.ERROR)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, name: str) -> Pipeline:
    made = Pipeline()
    monkeypatch.setattr(check, "_check_with_arguments", made.checked)
    write(name, MODELS)
    return made


def qdiag(*words: str) -> Result:
    return CliRunner().invoke(check.command, list(words), standalone_mode=False)


class TestTheCommand:
    def test_calls_it_with_what_the_file_holds(self, pipeline: Pipeline, name: str) -> None:
        Path("values.json").write_text('{"x": 0.5}')
        done = qdiag("--args", "values.json", "-qq", f"{name}:layer")
        assert (done.exception, done.return_value) == (None, 1)
        assert pipeline.asked[0]["arguments"].named == (("x", 0.5),)

    def test_calls_it_with_nothing_where_there_is_no_file(self, pipeline: Pipeline, name: str) -> None:
        qdiag(f"{name}:layer")
        arguments = pipeline.asked[0]["arguments"]
        assert (arguments.positional, arguments.named) == ((), ())

    def test_names_its_folder_after_the_object(self, pipeline: Pipeline, name: str) -> None:
        qdiag(f"{name}:layer")
        assert pipeline.asked[0]["run"].path == Path("qdiag-runs/layer-1")

    def test_judges_every_call_and_trusts_what_has_just_run(self, pipeline: Pipeline, name: str) -> None:
        qdiag("--no-probe", "--atol", "0.5", f"{name}:layer")
        options = pipeline.asked[0]["options"]
        assert (options.plan.every, options.plan.max_calls, options.plan.budget) == (None, None, None)
        assert (options.trusted, options.probe, options.own_process, options.plan.tolerance.absolute) == (True, False, False, 0.5)

    def test_makes_no_folder_where_the_object_is_not_there(self, pipeline: Pipeline, name: str) -> None:
        assert isinstance(qdiag(f"{name}:nothing").exception, UsageError)
        assert not Path("qdiag-runs").exists()

    def test_reads_the_file_before_it_imports_anything(self, pipeline: Pipeline, name: str) -> None:
        write(name, "raise AssertionError('imported')")
        Path("values.json").write_text("[1,")
        assert isinstance(qdiag("--args", "values.json", f"{name}:layer").exception, UsageError)
        assert name not in sys.modules
