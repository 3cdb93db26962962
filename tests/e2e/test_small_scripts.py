"""No small script is changed by its recording: what ``python -m tests.e2e.small_scripts`` prints."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e import small_scripts


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="each run is a fork")
def test_none_is_changed() -> None:
    ran = subprocess.run([sys.executable, "-m", "tests.e2e.small_scripts"], capture_output=True, text=True, timeout=1800, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-4000:]
    assert f"{len(small_scripts.names())} scripts, 0 changed" in ran.stdout
