"""The lists of what runs at each fork are the interpreter's own, found once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from qdiag.recording import fork_hooks

pytestmark = pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="no fork, no hooks")


def test_whatever_is_registered_later_is_in_them() -> None:
    def before() -> None: ...

    def after() -> None: ...

    def in_the_copy() -> None: ...

    (befores, afters), copies = fork_hooks.hooks_of_forks()
    os.register_at_fork(before=before, after_in_parent=after, after_in_child=in_the_copy)
    try:
        assert [before in befores, after in afters, in_the_copy in copies] == [True] * 3
    finally:
        befores.remove(before), afters.remove(after), copies.remove(in_the_copy)


def test_they_are_looked_for_once() -> None:
    assert fork_hooks.hooks_of_forks() is fork_hooks.hooks_of_forks()


def test_looking_for_them_loads_nothing_that_a_bare_interpreter_has_not() -> None:
    code = "import sys; before = set(sys.modules); from qdiag.recording import fork_hooks; fork_hooks.hooks_of_forks(); "
    code += "print(sorted(name for name in set(sys.modules) - before if not name.startswith('qdiag')))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() in ("['__future__']", "[]")
