"""A query of a file that was made for it ends (what no trace is, and what is damaged: `test_reader`)."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from qdiag.trace.connection import be_patient


def test_a_table_without_an_end_is_damage(tmp_path: Path) -> None:
    # pages that lead to each other cannot be made by hand in a line: a view of the same kind of work stands for them
    database = sqlite3.connect(tmp_path / "x")
    be_patient(database, 1000)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(i) FROM n"
    start = time.process_time()
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        database.execute(endless).fetchall()
    assert time.process_time() - start < 10
