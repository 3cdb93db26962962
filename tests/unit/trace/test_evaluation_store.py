"""Evaluations on the disk: kept by key and stack, never the ones that may pass, and no file of a stranger's is believed."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.errors import OutputError, QdiagError, TraceError
from qdiag.model.call import Failure
from qdiag.model.evaluation import Evaluation
from qdiag.model.measured import Measured
from qdiag.model.method import Method
from qdiag.trace import evaluation_store
from qdiag.trace.array_bundle import pack
from qdiag.trace.evaluation_store import EvaluationStore, installed_versions
from tests.worlds.sameness import same

METHOD = Method("lightning.qubit", "finite-diff", "float64", "complex64", (("c_dtype", None), ("seed", 3)), (("h", 1e-3), ("order", 2)))
FULL = Evaluation(
    METHOD,
    outputs=(np.array([0.5, -0.5]), np.array(1 + 2j)),
    vjps=((np.array(0.1), np.array([0.2, 0.3])), (np.array(0.4), np.array([0.5, 0.6]))),
    jacobian=((np.zeros((2,)), np.ones((2, 2))), (np.array(0j), np.ones(2) * 1j)),
    hvp=(np.array(0.7), np.array([0.8, 0.9])),
    warnings=("UserWarning: odd",),
    seconds=0.25,
    failure=Failure("ValueError", "no", ("torch:run:3", "qml:x:4"), "backward", True),
    norms=(1.0, 2.5),
    notes=("rows evaluated one by one",),
    differenced=True,
    measured=Measured("complex64", 100, True, "odd", True),
)


def test_an_evaluation_comes_back_with_every_field() -> None:
    with EvaluationStore() as store:
        store.put("key", FULL)
        found = store.get("key")
    assert same(found, FULL)


def test_an_evaluation_of_a_version_that_did_not_ask_about_differences_has_none(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.qdiag"
    with EvaluationStore(path, "s") as store:
        store.put("key", FULL)
    with sqlite3.connect(path) as database:
        ((head,),) = database.execute("SELECT head FROM evaluations")
        entry = json.loads(head)
        del entry["differenced"]
        database.execute("UPDATE evaluations SET head = ?", (json.dumps(entry),))
    with EvaluationStore(path, "s") as store:
        found = store.get("key")
    assert found is not None
    assert same(found, replace(FULL, differenced=False))


@pytest.mark.parametrize("odd", [[], {"precision": "complex32"}, {"samples": "many"}, {"other": 1}])
def test_what_was_seen_of_a_device_is_checked(tmp_path: Path, odd: object) -> None:
    path = tmp_path / "evaluations.qdiag"
    with EvaluationStore(path, "s") as store:
        store.put("key", FULL)
    with sqlite3.connect(path) as database:
        ((head,),) = database.execute("SELECT head FROM evaluations")
        database.execute("UPDATE evaluations SET head = ?", (json.dumps({**json.loads(head), "measured": odd}),))
    with EvaluationStore(path, "s") as store, pytest.raises(TraceError, match="damaged"):
        store.get("key")


ROWS = st.lists(st.integers(0, 3), max_size=3)


@settings(max_examples=50)
@given(ROWS, st.none() | st.integers(0, 3), st.none() | ROWS, st.none() | st.integers(0, 2))
def test_arrays_go_back_to_where_they_came_from(
    vjps: list[int], outputs: int | None, jacobian: list[int] | None, hvp: int | None
) -> None:
    """However many of each there are, and none is not the same as an empty row."""
    numbers = iter(range(1000))

    def row(count: int) -> tuple[np.ndarray, ...]:
        return tuple(np.array(float(next(numbers))) for _ in range(count))

    made = Evaluation(
        Method("d", "backprop"),
        outputs=None if outputs is None else row(outputs),
        vjps=tuple(row(count) for count in vjps),
        jacobian=None if jacobian is None else tuple(row(count) for count in jacobian),
        hvp=None if hvp is None else row(hvp),
    )
    with EvaluationStore() as store:
        store.put("key", made)
        assert same(store.get("key"), made)


def test_an_unknown_key_has_no_evaluation() -> None:
    with EvaluationStore() as store:
        store.put("one", FULL)
        assert store.get("two") is None


def test_the_last_evaluation_under_a_key_stays() -> None:
    with EvaluationStore() as store:
        store.put("key", FULL)
        store.put("key", replace(FULL, seconds=9.0))
        found = store.get("key")
    assert found is not None
    assert found.seconds == 9.0


def test_a_file_is_found_again_and_what_another_stack_evaluated_is_not(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.qdiag"
    with EvaluationStore(path, "torch 2.0") as store:
        store.put("key", FULL)
    with EvaluationStore(path, "torch 2.0") as store:
        assert same(store.get("key"), FULL)
    with EvaluationStore(path, "torch 2.1") as store:
        assert store.get("key") is None
        store.put("key", replace(FULL, seconds=1.0))
    with EvaluationStore(path, "torch 2.0") as store:
        found = store.get("key")
    assert found is not None
    assert found.seconds == 0.25


def test_the_stack_is_named_by_what_is_installed_with_versions() -> None:
    words = installed_versions().split(", ")
    assert f"numpy {np.__version__}" in words
    assert all(len(word.split()) == 2 for word in words)


@pytest.mark.parametrize("stage", ["worker", "timeout"])
def test_a_failure_that_may_pass_is_not_kept(stage: str) -> None:
    with EvaluationStore() as store:
        store.put("key", replace(FULL, failure=Failure("Lost", "the worker was killed", (), stage)))
        assert store.get("key") is None


@pytest.mark.parametrize("stage", ["build", "forward", "backward"])
def test_a_failure_of_the_circuit_is_kept(stage: str) -> None:
    with EvaluationStore() as store:
        store.put("key", replace(FULL, failure=Failure("ValueError", "no", (), stage)))
        assert store.get("key") is not None


@pytest.mark.parametrize("odd", [np.array(["text"]), np.array([None])], ids=["text", "objects"])
@pytest.mark.parametrize("place", ["outputs", "hvp", "vjps", "jacobian"])
def test_results_that_are_no_plain_arrays_are_not_kept(odd: np.ndarray, place: str) -> None:
    """Counts are such: they are evaluated again, and nothing breaks."""
    row: Any = (odd,) if place in ("outputs", "hvp") else ((odd,),)
    changes: dict[str, Any] = {place: row}
    with EvaluationStore() as store:
        store.put("key", replace(FULL, **changes))
        assert store.get("key") is None


def test_a_number_that_is_no_array_is_kept_as_one() -> None:
    with EvaluationStore() as store:
        store.put("key", replace(FULL, outputs=(0.5,), vjps=(), jacobian=None, hvp=None))  # type: ignore[arg-type]
        found = store.get("key")
    assert found is not None
    assert same(found.outputs, (np.array(0.5),))


# --- files that are something else ------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_refused_with_a_cure(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.qdiag"
    path.write_text("print('hello')" * 100)
    with pytest.raises(TraceError, match="no evaluations") as caught:
        EvaluationStore(path)
    assert "move it away" in caught.value.cure


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        EvaluationStore(tmp_path / "no" / "evaluations.qdiag")


def test_a_file_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.qdiag"
    with EvaluationStore(path, "s") as store:
        store.put("key", FULL)
    path.chmod(stat.S_IRUSR)
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.access(path, os.W_OK):
            pytest.skip("permissions do not bind here")
        with pytest.raises(OutputError), EvaluationStore(path, "s") as store:
            store.put("other", FULL)
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_what_comes_within_a_moment_is_committed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(evaluation_store, "time", SimpleNamespace(monotonic=lambda: now[0]))
    path = tmp_path / "evaluations.qdiag"
    with EvaluationStore(path, "s") as store, EvaluationStore(path, "s") as reader:
        store.put("first", FULL)
        assert store.get("first") is not None
        assert reader.get("first") is None
        now[0] += evaluation_store.SECONDS
        store.put("second", FULL)
        assert reader.get("first") is not None
        assert reader.get("second") is not None


def test_what_was_not_committed_yet_is_when_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.qdiag"
    with suppress(KeyboardInterrupt), EvaluationStore(path, "s") as store:
        store.put("key", FULL)
        raise KeyboardInterrupt
    with EvaluationStore(path, "s") as store:
        assert store.get("key") is not None


def test_where_no_space_is_left_for_a_commit_all_of_it_is_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(sqlite3.Connection):
        def execute(self, text: str, *given: Any) -> Any:
            if text == "COMMIT":
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(text, *given)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda name, **given: connect(name, factory=Full, **given))
    with EvaluationStore(tmp_path / "evaluations.qdiag", "s") as store:
        store.put("first", FULL)
        store.put("second", FULL)
        store.save()
        assert "is full" in store.unwritten
        assert store.get("first") is not None
        assert store.get("second") is not None


def test_where_no_space_is_left_what_follows_is_kept_in_memory_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.qdiag"
    with EvaluationStore(path, "s") as store:
        store.put("first", FULL)
        store.save()
        store._database.execute("PRAGMA max_page_count = 1")
        for number in range(100):
            store.put(f"later {number}", FULL)
        assert "is full" in store.unwritten
        assert {number for number in range(100) if store.get(f"later {number}") is None} == set()
        assert store.get("first") is not None
    with EvaluationStore(path, "s") as store:
        assert (store.unwritten, store.get("first") is not None, store.get("later 99")) == ("", True, None)


def test_where_there_is_no_space_for_the_file_all_is_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(sqlite3.Connection):
        def execute(self, text: str, *given: Any) -> Any:
            if text.startswith("CREATE TABLE IF NOT"):
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(text, *given)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda name, **given: connect(name, factory=Full, **given))
    with EvaluationStore(tmp_path / "evaluations.qdiag", "s") as store:
        store.put("key", FULL)
        assert store.get("key") is not None
        assert store.get("other") is None
        assert store.unwritten


def test_a_database_with_another_table_of_the_name_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.qdiag"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE evaluations (x)")
    with pytest.raises(QdiagError) as caught, EvaluationStore(path) as store:
        store.get("key")
    assert caught.value.cure


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("head", ""),
        ("head", "nonsense"),
        ("head", "[]"),
        ("head", "{}"),
        ("head", b"\xff\xfe"),
        ("head", 1.5),
        ("head", '{"method": {}}'),
        ("arrays", pack([np.zeros(2)])),
        ("arrays", b""),
        ("arrays", b"nonsense"),
        ("arrays", "text"),
        ("arrays", 7),
    ],
)
def test_a_damaged_entry_is_an_error_with_a_cure(tmp_path: Path, column: str, value: object) -> None:
    path = tmp_path / "evaluations.qdiag"
    with EvaluationStore(path, "s") as store:
        store.put("key", FULL)
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE evaluations SET {column} = ?", (value,))
    database.close()
    with EvaluationStore(path, "s") as store, pytest.raises(TraceError, match="damaged") as caught:
        store.get("key")
    assert "made anew" in caught.value.cure
