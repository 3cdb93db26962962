"""From options to a plan, and from a judged run to its summary, its files and its exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qdiag.cli import outcome
from qdiag.cli.outcome import show_outcome
from qdiag.cli.progress import Voice
from qdiag.errors import OutputError
from qdiag.model.comparison import Verdict
from qdiag.pipeline.run_options import exit_code
from tests.worlds.judged_runs import judged_run

# --- the table of exit codes -----------------------------------------------------------------------------------------------

AGREE, REMARK, ROUNDING, ERROR, INCONCLUSIVE = (
    Verdict.AGREE,
    getattr(Verdict, "REMARK", None),
    Verdict.ROUNDING,
    Verdict.ERROR,
    Verdict.INCONCLUSIVE,
)

ENDS = [
    # verdict, the script's exit code, interrupted: with --fail-on error, rounding, never
    (AGREE, 0, False, (0, 0, 0)),
    (ROUNDING, 0, False, (0, 1, 0)),
    (ERROR, 0, False, (1, 1, 0)),
    (INCONCLUSIVE, 0, False, (4, 4, 4)),
    (AGREE, 1, False, (3, 3, 3)),
    (ROUNDING, 1, False, (3, 3, 3)),
    (ERROR, 7, False, (3, 3, 3)),
    (INCONCLUSIVE, -9, False, (3, 3, 3)),
    (AGREE, None, False, (0, 0, 0)),
    (ERROR, None, False, (1, 1, 0)),
    (AGREE, 0, True, (130, 130, 130)),
    (ERROR, 1, True, (130, 130, 130)),
]


@pytest.mark.parametrize(("verdict", "script", "interrupted", "codes"), ENDS)
def test_the_table_of_exit_codes(tmp_path: Path, verdict: Verdict, script: Any, interrupted: bool, codes: tuple[int, ...]) -> None:
    run = judged_run(tmp_path, verdict=verdict, script_exit=script, interrupted=interrupted)
    assert tuple(int(exit_code(run, fail_on)) for fail_on in ("error", "rounding", "never")) == codes


# --- what is shown ---------------------------------------------------------------------------------------------------------


class TestWhatIsShown:
    def test_is_the_summary_on_stderr(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code = show_outcome(judged_run(tmp_path, "shifted"), Voice(), fail_on="error", as_json=False)
        said = capsys.readouterr()
        assert (code, said.out) == (1, "")
        assert "QD303" in said.err

    def test_is_the_summary_also_where_no_file_can_be_written(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(judged: object) -> None:
            raise OutputError("no space", "free some")

        monkeypatch.setattr(outcome, "report", refuse)
        with pytest.raises(OutputError):
            show_outcome(judged_run(tmp_path, "shifted"), Voice(), fail_on="error", as_json=False)
        said = capsys.readouterr().err
        assert "QD303" in said
        assert "report.html" not in said

    def test_that_is_cut_short_says_how_to_go_on(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(judged: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(outcome, "report", interrupt)
        folder = tmp_path / "my runs"
        folder.mkdir()
        assert show_outcome(judged_run(folder, "shifted"), Voice(), fail_on="error", as_json=False) == 130
        said = capsys.readouterr().err
        assert "what was worked out is kept; go on with: qdiag diagnose '" in said
        assert "my runs" in said

    def test_is_one_last_line_of_json_on_stdout(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        print("half a line of the script", end="")
        show_outcome(judged_run(tmp_path, "shifted"), Voice(), fail_on="error", as_json=True)
        said = capsys.readouterr()
        *script, line = said.out.splitlines()
        assert script == ["half a line of the script"]
        assert json.loads(line)["verdict"] == "error"
        assert said.err == ""

    @pytest.mark.parametrize(("quiet", "silent"), [(0, False), (1, False), (2, True)])
    def test_is_nothing_where_it_is_quiet_twice(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], quiet: int, silent: bool
    ) -> None:
        code = show_outcome(judged_run(tmp_path, "shifted"), Voice(quiet), fail_on="error", as_json=False)
        said = capsys.readouterr()
        assert code == 1
        assert (said.out + said.err == "") is silent

    def test_says_more_where_it_is_verbose(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        lengths = []
        for verbose in (False, True):
            show_outcome(judged_run(tmp_path, "moons"), Voice(verbose=verbose), fail_on="error", as_json=False)
            lengths.append(len(capsys.readouterr().err))
        assert lengths[0] < lengths[1]

    def test_is_written_into_the_run_s_folder_whatever_is_printed(self, tmp_path: Path) -> None:
        show_outcome(judged_run(tmp_path, "shifted"), Voice(2), fail_on="never", as_json=False)
        assert {path.name for path in tmp_path.iterdir()} == {"findings.json", "report.md", "report.html", "report.qdiag"}
