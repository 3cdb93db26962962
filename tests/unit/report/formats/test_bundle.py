"""A zip that GitHub takes: texts of the redacted report; the trace only when asked for."""

from __future__ import annotations

import zipfile
from pathlib import Path

from qdiag.report.formats import bundle
from tests.worlds.results import CASES


def test_a_bundle_holds_the_trace_only_when_asked(tmp_path: Path) -> None:
    trace = tmp_path / "trace.qdiag"
    trace.write_bytes(b"data")
    files = bundle.contents(CASES["shifted"]().document())
    assert set(files) == {"findings.json", "report.md", "issue.md", "repro.py", "circuit.txt"}
    for given, held in ((None, False), (trace, True)):
        bundle.write(tmp_path / "b.zip", files, given)
        with zipfile.ZipFile(tmp_path / "b.zip") as opened:
            assert ("trace.qdiag" in opened.namelist()) is held
