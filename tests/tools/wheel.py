"""What a release would hold: every file of the package is in the wheel, pages, templates and ``py.typed`` among them.

Run it as ``python -m tests.tools.wheel``: it builds one, prints what is missing in it, and exits 1 where something is.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

TREE = Path(__file__).parents[2]


def missing(wheel: Path) -> list[str]:
    """The package's files that are not in a wheel."""
    source = TREE / "src"
    files = {str(path.relative_to(source)) for path in (source / "qdiag").rglob("*") if path.is_file() and path.suffix != ".pyc"}
    return sorted(files - {*zipfile.ZipFile(wheel).namelist()})


def main() -> int:
    """Build a wheel and look into it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(TREE)]
        subprocess.run([*command, *sys.argv[1:]], check=True)
        found = missing(next(Path(folder).glob("*.whl")))
    print("\n".join(f"not in the wheel: {name}" for name in found) or "the wheel has every file of the package")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
