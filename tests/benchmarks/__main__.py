"""All figures of speed in one run: each benchmark in turn, its own table as it comes, and one JSON file of them all.

Run it as ``python -m tests.benchmarks [NAME ...] [--json FILE]``, on a machine that does nothing else: some 40 minutes on two cores.
Each is a process of its own, so that what one has loaded weighs on no other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCHMARKS: dict[str, tuple[str, ...]] = {
    "recording": ("5",),
    "whole_command": ("5",),
    "ordinary_models": (),
    "after_finding": (),
    "arbiter": (),
    "lean_path": (),
    "search": (),
    "long_replay": ("--calls", "1000", "--rounds", "2"),
}
"""The module of each, and what it is given besides the file that its figures go to."""


def main() -> int:
    """Run them, and write; 1 where one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all where none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark '{unknown[0]}'")
    found, failed = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.names or BENCHMARKS:
            print(f"\n== {name} ==", flush=True)
            file, began = Path(folder, f"{name}.json"), time.monotonic()
            command = [sys.executable, "-m", f"tests.benchmarks.{name}", *BENCHMARKS[name], "--json", str(file)]
            code = subprocess.run(command, check=False).returncode
            print(f"({time.monotonic() - began:.0f} s)", flush=True)
            if code or not file.exists():
                failed.append(name)
            else:
                found[name] = json.loads(file.read_text(encoding="utf-8"))
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
