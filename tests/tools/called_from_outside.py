"""What nothing in ``src/`` names and yet is not dead: the dead-code check (``vulture``) takes the names in here for used.

Real imports, so that mypy fails on what is gone. Names that a protocol prescribes, whoever has them, stand in ``pyproject.toml``.
A test is no reason: what only tests call belongs to the tests.
"""

from qdiag.api import Check
from qdiag.cli import Commands
from qdiag.model.evaluation import Request
from qdiag.pipeline.pytest_run import examine_run
from qdiag.report.certificate_outline import FaultChapter
from qdiag.watching import judge_beside

# the library's face: users call it
Check.raise_for_error

# click asks for them
Commands.list_commands, Commands.get_command, Commands.format_commands

# run in processes of their own, which are given their names in a line of code
examine_run, judge_beside

# read by nobody, but part of what makes two requests different
Request.repetition

# the page's template reads it
FaultChapter.anchor
