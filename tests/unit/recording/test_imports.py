"""The script's own import of a framework stays as it is; when it is complete, hooks go in."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from qdiag.recording import imports, words_left

NUMBER = itertools.count()


class Watch(imports.Watch):
    """Waits for modules that a test makes, and writes down what it was to hook, and how far the module was by then."""

    def __init__(self, trace: Path, *awaited: str) -> None:
        super().__init__(str(trace), "train.py", False)
        self.pending = set(awaited)
        self.hooked: list[tuple[str, bool]] = []
        self.failing = False

    def hook(self, module: ModuleType) -> None:
        self.hooked.append((module.__name__, hasattr(module, "complete")))
        if self.failing:
            raise AttributeError("this version has no QNode")


@pytest.fixture
def name() -> str:
    """Of a module that no test has imported before."""
    return f"awaited_framework_{next(NUMBER)}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


@pytest.fixture
def watch(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    for framework in imports.AWAITED:
        # another test of this process may have loaded them
        monkeypatch.delitem(sys.modules, framework, raising=False)
    made = Watch(folder / "trace.qdiag", name)
    made.begin()
    yield made
    made.end()


def write(folder: Path, name: str, text: str = "complete = True\n") -> None:
    (folder / f"{name}.py").write_text(text)
    importlib.invalidate_caches()


class TestAnAwaitedModule:
    def test_is_hooked_once_it_is_complete(self, watch: Watch, folder: Path, name: str) -> None:
        write(folder, name)
        importlib.import_module(name)
        assert watch.hooked == [(name, True)]

    def test_keeps_the_loader_and_the_spec_that_it_would_have_had(self, watch: Watch, folder: Path, name: str) -> None:
        write(folder, name)
        module: Any = importlib.import_module(name)
        assert type(module.__loader__).__name__ == "SourceFileLoader"
        assert module.__spec__.loader is module.__loader__
        assert "exec_module" not in vars(module.__loader__)

    def test_is_the_last_thing_waited_for(self, watch: Watch, folder: Path, name: str) -> None:
        write(folder, name)
        assert watch in sys.meta_path
        importlib.import_module(name)
        assert watch not in sys.meta_path

    def test_is_hooked_at_the_second_try_where_the_first_import_failed(self, watch: Watch, folder: Path, name: str) -> None:
        write(folder, name, "raise ImportError('half installed')\n")
        with pytest.raises(ImportError, match="half installed"):
            importlib.import_module(name)
        assert (watch.hooked, watch.pending) == ([], {name})
        write(folder, name, "complete = 'at last, in a file of another length'\n")
        importlib.import_module(name)
        assert watch.hooked == [(name, True)]

    def test_that_fails_shows_no_frame_of_ours(self, watch: Watch, folder: Path, name: str) -> None:
        write(folder, name, "raise ImportError('half installed')\n")
        with pytest.raises(ImportError) as caught:
            importlib.import_module(name)
        entry, files = caught.value.__traceback__, []
        while entry is not None:
            files.append(entry.tb_frame.f_code.co_filename)
            entry = entry.tb_next
        assert [file for file in files if "qdiag" in file and "recording" in file and "test_imports" not in file] == []

    def test_that_is_not_installed_is_waited_for_still(self, watch: Watch, name: str) -> None:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)
        assert watch.pending == {name}

    def test_whose_hooks_fail_is_imported_all_the_same(self, watch: Watch, folder: Path, name: str) -> None:
        watch.failing = True
        write(folder, name)
        assert importlib.import_module(name).complete
        assert words_left.read_link(folder / "trace.qdiag") == "AttributeError: this version has no QNode"

    def test_may_be_asked_for_without_being_imported(self, watch: Watch, folder: Path, name: str) -> None:
        # what `importlib.util.find_spec` is for: a script that looks whether torch is installed
        write(folder, name)
        assert importlib.util.find_spec(name) is not None
        assert watch.hooked == []


class TestAnyOtherModule:
    def test_is_none_of_our_business(self, watch: Watch) -> None:
        assert watch.find_spec("json") is None
        assert watch.pending

    def test_is_found_by_the_others(self, watch: Watch, folder: Path, name: str) -> None:
        write(folder, f"{name}_other")
        importlib.import_module(f"{name}_other")
        assert (watch.hooked, watch.pending) == ([], {name})


def test_a_loader_that_takes_no_attribute_is_left_alone(watch: Watch, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Frozen:
        __slots__ = ()

        def exec_module(self, module: ModuleType) -> None:
            raise AssertionError

    spec = SimpleNamespace(name=name, loader=Frozen())
    monkeypatch.setattr(sys, "meta_path", [watch, SimpleNamespace(find_spec=lambda *asked: spec)])
    assert watch.find_spec(name) is spec
    assert watch.pending == {name}


def test_finders_of_the_old_kind_are_passed_over(watch: Watch, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [watch, object()])
    assert watch.find_spec(name) is None
    assert watch.pending == {name}


def test_what_is_loaded_already_is_hooked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for framework in imports.AWAITED:
        monkeypatch.setitem(sys.modules, framework, SimpleNamespace(__name__=framework, complete=True))
    watch = Watch(tmp_path / "trace", *imports.AWAITED)
    watch.begin()
    # torch first: a hook of PennyLane's may lie over one of torch's
    assert [name for name, _ in watch.hooked[:2]] == ["torch", "pennylane"]
    assert watch.hooked == [(name, True) for name in imports.AWAITED]
    assert watch not in sys.meta_path


class TestTheScriptsEnd:
    def test_is_said_to_the_hooks_that_are_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[BaseException] = []
        monkeypatch.setitem(sys.modules, "qdiag.recording.hook_points", SimpleNamespace(script_failed=told.append))
        error = ValueError("the script's")
        imports.script_failed(error)
        assert told == [error]

    def test_is_nobodys_business_where_no_framework_was_loaded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, "qdiag.recording.hook_points", raising=False)
        imports.script_failed(ValueError("the script's"))
        assert "qdiag.recording.hook_points" not in sys.modules

    def test_never_raises_another_exception(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(error: BaseException) -> None:
            raise RuntimeError("ours")

        monkeypatch.setitem(sys.modules, "qdiag.recording.hook_points", SimpleNamespace(script_failed=broken))
        imports.script_failed(ValueError("the script's"))


def test_a_trace_that_cannot_even_be_marked_is_no_reason_to_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(words_left, "mark_stopped", refuse)
    imports._say("/nowhere/trace", ValueError("no hooks"))
