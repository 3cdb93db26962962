"""The base of all layers: torch and what it needs, once. Links to where it is installed already; nothing is copied or downloaded.

Only these packages are in it: the whole site-packages of an environment would bring along what an old release does not expect.
A program by itself, standard library only: it is run by the interpreter whose torch is linked, and prints what there is.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path


def distributions(name: str, seen: dict[str, metadata.Distribution]) -> None:
    """Add a package and all that it needs, as far as it is installed."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        return
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return
    seen[key] = found
    for requirement in found.requires or ():
        # what an extra brings along is no need
        if "extra ==" not in requirement:
            distributions(re.split(r"[^\w.\-]", requirement, maxsplit=1)[0], seen)


def roots(found: metadata.Distribution) -> dict[str, str]:
    """The files and folders of a package at the top of where it is installed: name and path."""
    tops = {}
    for file in found.files or ():
        if file.parts[0] not in ("..", "__pycache__"):
            tops[file.parts[0]] = str(Path(str(found.locate_file(file.parts[0]))))
    return tops


def base(left_out: list[str]) -> dict[str, object]:
    """The version of torch, "" where there is none, and what is to be linked."""
    seen: dict[str, metadata.Distribution] = {}
    distributions("torch", seen)
    if "torch" not in seen:
        return {"version": "", "links": {}}
    links: dict[str, str] = {}
    for name, found in seen.items():
        if name not in left_out:
            links.update(roots(found))
    return {"version": seen["torch"].version, "links": links}


if __name__ == "__main__":
    print(json.dumps({**base(sys.argv[1:]), "python": sys.version.split()[0], "prefix": sys.base_prefix}))
