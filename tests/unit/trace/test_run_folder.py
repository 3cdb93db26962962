"""Where a run goes and how it is found again: nothing is written over unasked, and what cannot be is said with a cure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qdiag.errors import OutputError, TraceError
from qdiag.model.call import Script
from qdiag.trace import writer
from qdiag.trace.run_folder import RUNS, TRACE, RunFolder, create, find, write_together


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the user works."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def recorded(path: Path, when: int = 0) -> Path:
    """A run that is there, last touched at that second."""
    path.mkdir(parents=True, exist_ok=True)
    (path / TRACE).write_bytes(b"a trace")
    os.utime(path / TRACE, (when, when))
    return path


# --- a new run --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "folder"),
    [
        ("train.py", "train-1"),
        ("some/where/train.py", "train-1"),
        ("package.module", "module-1"),
        ("module", "module-1"),
        ("my script (2).py", "my-script--2--1"),
        ("trainé.py", "trainé-1"),
        ("a.b.py", "a.b-1"),
        (".py", ".py-1"),
        ("", "run-1"),
    ],
)
def test_a_run_is_named_after_its_script(script: str, folder: str) -> None:
    made = create(script, None, force=False)
    assert made.path == Path(RUNS) / folder
    assert made.path.is_dir()


def test_each_run_takes_the_next_number() -> None:
    assert [create("train.py", None, force=False).path.name for _ in range(3)] == ["train-1", "train-2", "train-3"]


def test_a_number_that_was_given_is_never_given_again_while_a_later_one_is_there() -> None:
    for name in ("train-2", "train-10", "train-x", "train-3-old", "other-50", "train-"):
        Path(RUNS, name).mkdir(parents=True)
    assert create("train.py", None, force=False).path.name == "train-11"


def test_a_script_with_odd_letters_in_its_name_counts_its_own_runs() -> None:
    Path(RUNS, "a.b-4").mkdir(parents=True)
    Path(RUNS, "axb-9").mkdir(parents=True)
    assert create("a.b.py", None, force=False).path.name == "a.b-5"


def test_the_folder_that_the_user_names_is_made_with_its_parents(inside: Path) -> None:
    made = create("train.py", Path("out/of/here"), force=False)
    assert made.path == Path("out/of/here")
    assert list(made.path.iterdir()) == []


def test_an_empty_folder_may_be_used() -> None:
    Path("out").mkdir()
    assert create("train.py", Path("out"), force=False).path.is_dir()


def test_a_folder_that_holds_something_is_not_written_into_unasked() -> None:
    recorded(Path("out"))
    with pytest.raises(OutputError, match="not empty") as caught:
        create("train.py", Path("out"), force=False)
    assert "--force" in caught.value.cure
    assert (Path("out") / TRACE).read_bytes() == b"a trace"


def test_an_earlier_run_makes_room_when_asked_to() -> None:
    Path(recorded(Path("out")), "report.md").write_text("old")
    made = create("train.py", Path("out"), force=True)
    assert list(made.path.iterdir()) == []


def test_what_is_no_run_of_ours_is_not_emptied_even_when_asked_to() -> None:
    Path("thesis").mkdir()
    Path("thesis/chapter.tex").write_text("years of work")
    with pytest.raises(OutputError, match="does not look like a run"):
        create("train.py", Path("thesis"), force=True)
    assert Path("thesis/chapter.tex").read_text() == "years of work"


def test_a_file_is_no_folder() -> None:
    Path("out").write_text("a file")
    for force in (False, True):
        with pytest.raises(OutputError, match="is a file"):
            create("train.py", Path("out"), force=force)
    assert Path("out").read_text() == "a file"


@pytest.mark.parametrize("out", [Path("file/out"), None])
def test_a_folder_that_cannot_be_made_is_said_with_a_cure(out: Path | None) -> None:
    Path("file").write_text("")
    Path(RUNS).write_text("a file where the runs should go")
    with pytest.raises(OutputError, match="cannot write") as caught:
        create("train.py", out, force=False)
    assert "--out" in caught.value.cure


# --- an earlier run ---------------------------------------------------------------------------------------------------


def test_without_a_name_it_is_the_run_recorded_last() -> None:
    recorded(Path(RUNS, "a-1"), when=100)
    recorded(Path(RUNS, "b-1"), when=300)
    recorded(Path(RUNS, "c-1"), when=200)
    Path(RUNS, "d-1").mkdir()
    assert find(None) == RunFolder(Path(RUNS, "b-1"))


def test_without_any_run_it_says_how_to_make_one() -> None:
    with pytest.raises(TraceError, match="no run below") as caught:
        find(None)
    assert "qdiag trace" in caught.value.cure


def test_a_folder_is_found_by_its_trace() -> None:
    recorded(Path("out"))
    assert find(Path("out")).trace == Path("out") / TRACE


def test_a_folder_without_a_trace_is_no_run() -> None:
    Path("out").mkdir()
    with pytest.raises(TraceError, match="holds no trace"):
        find(Path("out"))


def test_a_trace_may_have_any_name_and_its_files_lie_beside_it() -> None:
    Path("sent").mkdir()
    Path("sent/from-a-friend.qdiag").write_bytes(b"")
    found = find(Path("sent/from-a-friend.qdiag"))
    assert found.trace == Path("sent/from-a-friend.qdiag")
    assert found.findings == Path("sent/findings.json")


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(TraceError, match="nowhere does not exist") as caught:
        find(Path("nowhere"))
    assert caught.value.cure


# --- names ------------------------------------------------------------------------------------------------------------


def test_every_file_has_a_name_of_its_own() -> None:
    run = RunFolder(Path("out"))
    files = [run.trace, run.findings, run.markdown, run.html, run.outline, run.evaluations, *map(run.reproducer, range(3))]
    assert len(set(files)) == len(files)
    assert all(file.parent == run.path for file in files)


def test_the_first_reproducer_has_the_short_name_and_the_others_are_counted_from_two() -> None:
    run = RunFolder(Path("out"))
    assert [run.reproducer(n).name for n in range(3)] == ["repro.py", "repro-2.py", "repro-3.py"]


# --- scripts that are still tried ---------------------------------------------------------------------------------------


def test_scripts_take_their_places_when_all_is_known(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.reproducer(0).write_text("before")
    unfinished = run.begin_unfinished()
    (unfinished / "repro.py").write_text("after")
    assert run.reproducer(0).read_text() == "before"
    run.publish(whole=False)
    assert run.reproducer(0).read_text() == "after"
    assert not unfinished.exists()


def test_scripts_of_an_earlier_judgement_of_the_whole_run_make_room_and_no_other_file_does(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    kept = ["trace.qdiag", "repro.md", "repro-mine.py"]
    for name in (*kept, "repro.py", "repro.minimal", "repro-2.py", "repro-2.minimal"):
        (tmp_path / name).write_text("")
    (run.begin_unfinished() / "repro.py").write_text("anew")
    run.publish(whole=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "repro.py"])


def test_what_an_interrupted_run_left_unfinished_is_gone(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    (run.begin_unfinished() / "repro-7.py").write_text("")
    assert list(run.begin_unfinished().iterdir()) == []


def test_a_script_that_failed_before_its_first_call_is_not_the_last_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, exit_code in enumerate((0, 2), start=1):
        folder = Path(RUNS, f"train-{number}")
        folder.mkdir(parents=True)
        writer.create(folder / TRACE, Script("train.py", exit_code=exit_code))
        os.utime(folder / TRACE, (number, number))
    assert find(None).path.name == "train-1"
    assert find(Path(RUNS, "train-2")).path.name == "train-2"


def test_files_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("before")
    with pytest.raises(OSError, match=r"b\.md"):
        write_together({tmp_path / "a.md": "after", tmp_path / "none" / "b.md": "after"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.md": "before"}
