"""``qdiag report``: one report in the format that its reader needs, and nothing sent or overwritten unasked."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from click.testing import CliRunner

from qdiag.cli import main
from qdiag.cli.report import command as report_command
from qdiag.errors import UsageError
from qdiag.report.content import outline_file
from qdiag.report.formats import github
from qdiag.trace.run_folder import RunFolder
from tests.unit.report.formats.test_github import outside
from tests.worlds.results import CASES


@pytest.mark.parametrize("option", ["--url", "--gh"])
def test_the_tracker_is_not_offered_what_is_no_bug(option: str, tmp_path: Path) -> None:
    (tmp_path / "trace.qdiag").touch()
    (tmp_path / "report.qdiag").write_text(outline_file.save(outside(CASES["shifted"]().document())))
    done = CliRunner().invoke(report_command, [option, str(tmp_path)])
    assert isinstance(done.exception, UsageError)
    assert "nothing to file: the fault lies in the script" in str(done.exception)
    shown = CliRunner().invoke(report_command, ["--github", str(tmp_path)])
    assert "[BUG]" not in shown.stdout
    assert "this text is for people you ask" in shown.stderr


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a judged run of two findings, in which the command is called."""
    monkeypatch.chdir(tmp_path)
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.trace.write_bytes(b"numbers of the user's")
    run.outline.write_text(outline_file.save(CASES["shifted"]().document()), encoding="utf-8")
    return run.path


def called(run: Path, *words: str, answer: str = "") -> tuple[int, str, str]:
    out, err, patched = io.StringIO(), io.StringIO(), pytest.MonkeyPatch()
    patched.setattr(sys, "stdin", io.StringIO(answer))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(["report", str(run), *words])
    patched.undo()
    return int(str(ended.value.code)), out.getvalue(), err.getvalue()


@pytest.mark.parametrize("words", [(), ("--format", "markdown"), ("--format", "html"), ("--json",), ("--github",), ("--url",)])
def test_a_finding_is_reported_alone_where_its_number_is_given(judged: Path, words: tuple[str, ...]) -> None:
    _, out, _ = called(judged, "--finding", "2", *words)
    assert '"where": "nan"' in out or "gives NaN" in unquote_plus(out)
    assert "QD303" not in out


@pytest.mark.parametrize("words", [(), ("--json",), ("--github",), ("--bundle", "b.zip")])
def test_a_finding_that_is_not_there_is_an_error_in_every_format(judged: Path, words: tuple[str, ...]) -> None:
    code, _, err = called(judged, "--finding", "9", *words)
    assert (code, "2 findings, not 9" in err) == (2, True)
    assert not Path("b.zip").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "--github"),
        ("--format", "html", "--url"),
        ("--url", "--gh"),
        ("--bundle", "b.zip", "-o", "x"),
        ("--gh", "-o", "x"),
        ("--with-trace", "--bundle", "b.zip", "--synthetic"),
    ],
)
def test_options_that_ask_for_different_things_are_refused(judged: Path, words: tuple[str, ...]) -> None:
    code, _, err = called(judged, *words)
    assert (code, "do not go together" in err) == (2, True)


def test_the_trace_leaves_in_a_bundle_only_and_the_user_is_told(judged: Path) -> None:
    code, _, err = called(judged, "--with-trace")
    assert (code, "--bundle" in err) == (2, True)
    _, _, err = called(judged, "--with-trace", "--bundle", "b.zip")
    assert "holds your data" in err


@pytest.mark.parametrize("words", [(), ("--format", "html"), ("--github",)])
def test_where_nothing_can_be_written_it_is_said_which_file(judged: Path, words: tuple[str, ...]) -> None:
    code, _, err = called(judged, *words, "-o", "nowhere/x.txt")
    assert (code, "cannot write nowhere/x.txt" in err) == (2, True)


def test_a_file_of_an_issue_that_is_too_long_takes_a_free_name(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "LONGEST_URL", 10)
    Path("issue.md").write_text("mine")
    code, _, err = called(judged, "--url")
    assert (code, "issue-2.md" in err) == (0, True)
    assert Path("issue.md").read_text() == "mine"
    assert "QD303" in Path("issue-2.md").read_text()


@pytest.mark.parametrize(("answer", "ends", "told"), [("n\n", 0, "nothing was sent"), ("y\n", 2, "exited with 4")])
def test_an_issue_is_opened_when_the_user_says_so(
    judged: Path, monkeypatch: pytest.MonkeyPatch, answer: str, ends: int, told: str
) -> None:
    sent = []

    def run(order: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        sent.append(order)
        return subprocess.CompletedProcess(order, 4)

    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("subprocess.run", run)
    code, out, err = called(judged, "--gh", answer=answer)
    assert (code, told in err) == (ends, True)
    assert out.startswith("[BUG]")
    assert len(sent) == (answer == "y\n")


# --- where it goes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        ((), " 6 QNode calls"),
        (("--format", "terminal"), " 6 QNode calls"),
        (("--format", "markdown"), "# qdiag: train.py"),
        (("--format", "html"), "<!doctype html>"),
        (("--format", "json"), "{"),
        (("--json",), "{"),
        (("--github",), "----- title -----"),
        (("--url",), "https://github.com/PennyLaneAI/pennylane/issues/new?"),
    ],
)
def test_each_format_goes_to_stdout_alone(judged: Path, words: tuple[str, ...], starts: str) -> None:
    code, out, err = called(judged, *words)
    assert (code, err) == (0, "")
    assert out.lower().startswith(starts.lower())


@pytest.mark.parametrize("words", [(), ("--format", "markdown"), ("--format", "html"), ("--json",), ("--github",)])
def test_in_a_file_stands_what_stdout_would_have_got(judged: Path, words: tuple[str, ...]) -> None:
    code, out, err = called(judged, *words, "-o", "file")
    assert (code, out, err) == (0, "", "wrote file\n")
    written = Path("file").read_text(encoding="utf-8")
    if words:
        assert written == called(judged, *words)[1]
    else:
        assert max(map(len, written.splitlines())) <= 80
        assert "\x1b" not in written


def test_it_does_not_say_which_file_it_wrote_where_it_is_to_be_quiet(judged: Path) -> None:
    assert called(judged, "-q", "--json", "-o", "file") == (0, "", "")


def test_a_run_that_was_recorded_and_not_judged_says_so(judged: Path) -> None:
    (judged / "report.qdiag").unlink()
    code, _, err = called(judged)
    assert code == 2
    assert "recorded and not judged yet" in err
    assert "qdiag diagnose" in err


def test_a_stored_report_that_is_damaged_says_so(judged: Path) -> None:
    (judged / "report.qdiag").write_text("{")
    code, _, err = called(judged)
    assert (code, "the stored report is damaged" in err) == (2, True)


def test_without_gh_nothing_is_sent(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    code, out, err = called(judged, "--gh", answer="y\n")
    assert (code, out) == (2, "")
    assert "gh command is not installed" in err


@pytest.mark.parametrize("option", ["--github", "--url", "--gh"])
def test_a_run_without_a_finding_has_no_issue(judged: Path, option: str) -> None:
    (judged / "report.qdiag").write_text(outline_file.save(CASES["healthy"]().document()), encoding="utf-8")
    code, out, err = called(judged, option)
    assert (code, out) == (2, "")
    assert "no finding to write an issue about" in err


def test_a_bundle_is_about_the_finding_that_is_asked_for(judged: Path) -> None:
    for number in ("1", "2"):
        assert called(judged, "--finding", number, "--bundle", f"b{number}.zip")[0] == 0
    assert Path("b1.zip").read_bytes() != Path("b2.zip").read_bytes()
