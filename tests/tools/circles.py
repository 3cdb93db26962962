"""No circle of imports between files: none may need itself, however far around, not even by an import inside of a function.

The contracts in ``pyproject.toml`` order the rooms; inside of a room they see nothing, and a package whose ``__init__`` is imported by
its own files is no circle to them. A late import in a circle works, until somebody moves it to the top of its file.

Run it as ``python -m tests.tools.circles``: it prints each circle once, and exits 1 where there is one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import grimp


def circles(graph: grimp.ImportGraph) -> Iterator[tuple[str, ...]]:
    """For each group of modules that import each other, one way around it, from a module back to it.

    Parameters
    ----------
    graph
        Who imports whom, at the top of a file or inside of a function.
    """
    in_one: set[str] = set()
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            back = graph.find_shortest_chain(importer=imported, imported=module)
            if back and not in_one & set(back):
                in_one.update(back)
                yield (module, *back)


def main() -> int:
    """Print the circles of the package."""
    found = [" → ".join(circle) for circle in circles(grimp.build_graph("qdiag", cache_dir=None))]
    print("\n".join(found) or "no circle of imports")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
