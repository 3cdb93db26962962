"""Lines of the user's script at which a graph may be cut: candidates by their form, for a broken edge that the graphs have shown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from qdiag.model.call import SourceLine

_CUTTING_METHODS = frozenset(["detach", "detach_", "item", "numpy", "tolist", "requires_grad_"])
_CUTTING_ATTRIBUTES = frozenset(["data"])
_NEW_LEAVES = frozenset(["tensor", "as_tensor", "from_numpy", "Tensor", "FloatTensor", "Parameter"])
_NUMBERS = frozenset(["float", "int"])
_LOOKED_PAST = frozenset(["print", "append", "write", "log", "info", "add_scalar", "set_postfix"])
"""What is called with numbers for people to read: nothing of it comes back."""


def cutting_lines(folder: Optional[Path], around: SourceLine, first: int = 0, last: int = 1 << 30) -> tuple[SourceLine, ...]:
    """The lines that may cut a graph, in the function that a line lies in (and in what it defines), between two lines."""
    tree = tree_of(folder, around)
    if tree is None:
        return ()
    scope = _innermost(tree, around.line) or tree
    lines = sorted({node.lineno for node in _cuts(scope) if first <= node.lineno <= last})
    return tuple(SourceLine(around.path, line, around.function) for line in lines)


def lines_that_cut(folder: Optional[Path], around: SourceLine, name: str) -> tuple[SourceLine, ...]:
    """The lines of a file that take what comes from a parameter out of its graph.

    Parameters
    ----------
    folder
        The script's.
    around
        A line that needs the parameter: what comes after it in the same function is left out.
    name
        The parameter's, as `model.training.Leaf` has it: what is computed from it is followed within a function by the name of its
        module, or by a variable that holds the outermost one.
    """
    tree = tree_of(folder, around)
    if tree is None or not name:
        return ()
    top, *way = name.split(".")
    own = {part for part in (way[:-1] or way or [top]) if not part.isdigit()}
    outermost = {target for target, made in _made(tree) if made == top}
    scope = _innermost(tree, around.line) or tree
    found = {node.lineno for node in _tainted_cuts(scope, own | outermost) if node.lineno <= around.line}
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and function is not scope:
            found |= {node.lineno for node in _tainted_cuts(function, own)}
    return tuple(SourceLine(around.path, line) for line in sorted(found))


def _made(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Variables and the names of the classes (or functions) that made what they hold."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            yield from ((target, _called(node.value)) for target in _targets(node))


def _targets(node: ast.Assign) -> Iterator[str]:
    for target in node.targets:
        for part in ast.walk(target):
            if isinstance(part, ast.Name):
                yield part.id
            elif isinstance(part, ast.Attribute):
                yield part.attr


def _tainted_cuts(scope: ast.AST, names: set[str]) -> Iterator[Any]:
    """Cuts in a function through which goes what has one of these names, or was assigned from it."""
    known = set(names)
    assigned = [node for node in ast.walk(scope) if isinstance(node, ast.Assign)]
    for _ in range(len(assigned)):
        more = {target for node in assigned if _names(node.value) & known for target in _targets(node)}
        if more <= known:
            break
        known |= more
    return (node for node in _cuts(scope) if _names(node) & known)


def _names(node: ast.AST) -> set[str]:
    """All names and attributes in an expression."""
    parts = list(ast.walk(node))
    return {part.id for part in parts if isinstance(part, ast.Name)} | {part.attr for part in parts if isinstance(part, ast.Attribute)}


def tree_of(folder: Optional[Path], around: SourceLine) -> Optional[ast.Module]:
    """The file that a line lies in, where it is at hand."""
    path = folder / around.path if folder is not None and around.path else None
    if path is None or path.suffix != ".py" or not path.is_file():
        return None
    try:
        return ast.parse(path.read_text(encoding="utf-8", errors="replace"))
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
        return None


def _innermost(tree: ast.AST, line: int) -> Optional[ast.AST]:
    """The innermost function around a line; None at the module's own level."""
    found: Optional[ast.AST] = None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if start <= line <= (node.end_lineno or start) and (found is None or node.lineno > getattr(found, "lineno", 0)):
                found = node
    return found


def _cuts(node: ast.AST) -> Iterator[Any]:
    """Expressions below a node that take numbers out of a graph, but for those that only people read."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and _called(child) in _LOOKED_PAST:
            continue
        if isinstance(child, (ast.With, ast.AsyncWith)) and any(_is_no_grad(item.context_expr) for item in child.items):
            continue
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and isinstance(node, ast.Module):
            # a script's own level, not that of its functions
            continue
        if _is_cut(child):
            yield child
        yield from _cuts(child)


def _is_cut(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in _CUTTING_ATTRIBUTES and isinstance(node.ctx, ast.Load)
    if not isinstance(node, ast.Call):
        return False
    name = _called(node)
    if isinstance(node.func, ast.Attribute) and name in _CUTTING_METHODS:
        return True
    computed = bool(node.args) and not all(isinstance(part, (ast.Constant, ast.List, ast.Tuple)) for part in node.args)
    return computed and (name in _NEW_LEAVES or (name in _NUMBERS and isinstance(node.func, ast.Name)))


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _is_no_grad(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Call) and _called(expression) in ("no_grad", "inference_mode")
