"""The HTML report in headless Chromium: it asks nothing of any network, throws nothing, and fits a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from qdiag.report.formats import html
from tests.worlds.results import CASES

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]

PROBE = """
<script>
addEventListener("error", event => { document.documentElement.dataset.failure = event.message; });
addEventListener("load", () => {
  document.documentElement.dataset.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  document.querySelector("button[data-copy]")?.click();
  setTimeout(() => { document.documentElement.dataset.button = document.querySelector("button[data-copy]")?.textContent ?? ""; }, 200);
});
</script>
"""


def opened(page: Path, *options: str) -> str:
    """The page's document after its scripts have run."""
    quiet = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
    order = [CHROMIUM, "--headless=new", "--no-sandbox", *quiet, "--virtual-time-budget=2000", *options]
    done = subprocess.run([*order, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(html.render(CASES["moons"]().document()).replace("</head>", PROBE + "</head>"), encoding="utf-8")
    return path


def test_the_report_asks_nothing_of_any_network(page: Path, tmp_path: Path) -> None:
    log = tmp_path / "net.json"
    text = opened(page, f"--log-net-log={log}", "--net-log-capture-mode=Everything")
    assert "Gap over the calls" in text
    # the browser may look for updates of its own; what a page asks for carries the page, or "null" for a file, as its initiator
    events = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    asked = {
        event["url"] for event in events if "url" in event and event.get("initiator", "not an origin").startswith(("file:", "null"))
    }
    assert {url for url in asked if not url.startswith("file:")} == set()


@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_fits_its_window_and_its_script_runs(page: Path, width: int) -> None:
    text = opened(page, f"--window-size={width},1000")
    assert "data-failure" not in text
    assert int(re.search(r'data-overflow="(-?\d+)"', text)[1]) <= 0
    assert re.search(r'data-button="(Copied|Selected)"', text)
