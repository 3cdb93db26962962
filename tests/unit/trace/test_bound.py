"""A script may replace what a trace is written with: the trace stays readable."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qdiag.model.call import Script
from qdiag.trace import call_parser, call_text
from qdiag.trace.writer import TraceWriter, create


def test_what_the_script_puts_in_the_place_of_the_standard_librarys_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = call_text.text_of(Script("train.py"))
    for module, name in ((json, "dumps"), (json, "loads"), (hashlib, "sha256"), (hashlib, "blake2b")):
        monkeypatch.setattr(module, name, lambda *given, **named: "replaced")
    assert call_text.text_of(Script("train.py")) == before
    assert call_parser.value_from(Script, before) == Script("train.py")
    create(tmp_path / "trace", Script("train.py"))
    with TraceWriter(tmp_path / "trace") as file, file.transaction():
        assert file._structure("x") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="open files are known by /proc")
def test_files_that_a_program_opens_after_it_has_closed_all_are_never_written(tmp_path: Path) -> None:
    code = f"""
import os, sqlite3
from pathlib import Path
from qdiag.model.call import Script
from qdiag.trace.writer import TraceWriter, create
path = Path({str(tmp_path / "trace")!r})
create(path, Script("train.py"))
writer = TraceWriter(path)
writer.meta("first", "1")
os.closerange(3, 100)
own = [open({str(tmp_path)!r} + "/own-" + str(number), "w+b", buffering=0) for number in range(8)]
for number in range(3):
    try:
        writer.meta("second", "2" * 10000)
    except sqlite3.Error as error:
        print(error)
writer.close()
del writer
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert ran.stdout == "the program closed the files of the trace\n" * 3
    assert ran.stderr == ""
    assert {path.read_bytes() for path in tmp_path.glob("own-*")} == {b""}
    database = sqlite3.connect(tmp_path / "trace")
    assert database.execute("SELECT text FROM meta WHERE name = 'first'").fetchall() == [("1",)]
    database.close()
