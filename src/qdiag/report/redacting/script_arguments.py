"""Which of a script's arguments are secrets: told by the options before them, and hidden in their own places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qdiag.report.redacting.patterns import SECRET_NAME

_STRONG = re.compile(SECRET_NAME, re.IGNORECASE)
_IDENTITY = re.compile(r"--?(?:[\w\-]*[_\-])?(?:user[_\-]?(?:name)?|login|e?mail|host(?:name)?)", re.IGNORECASE)
_WEAK = re.compile(r"--?(?:key|p)", re.IGNORECASE)
_SCHEME = re.compile(r"(?:.*[\s:])?(?:bearer|basic)", re.IGNORECASE)
_NUMBER = re.compile(r"[+\-]?[\d.]+(?:e[+\-]?\d+)?", re.IGNORECASE)


def hide_secrets(argv: Sequence[str]) -> tuple[str, ...]:
    """The arguments with every secret in its place replaced; numbers that only look like one by their option stay."""
    shown = list(argv)
    for position, start, _ in _secrets(argv):
        shown[position] = argv[position][:start] + "<secret>"
    return tuple(shown)


def secret_arguments(argv: Sequence[str]) -> list[str]:
    """Secrets among the arguments that are to be looked for everywhere: where an option may mean something else, it is none."""
    return [argv[position][start:] for position, start, sure in _secrets(argv) if sure]


def identities(argv: Sequence[str]) -> dict[str, str]:
    """Names of people and hosts among the arguments, each with what stands for it."""
    found = {}
    for position, start, _ in _secrets(argv):
        option = argv[position][:start].rstrip("=") or argv[position - 1]
        if _IDENTITY.fullmatch(option):
            found[argv[position][start:]] = "<host>" if "host" in option.lower() else "<user>"
    return found


def _secrets(argv: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    """Position of an argument, where in it the secret starts, and whether nothing else can be meant."""
    expected = 0
    for position, argument in enumerate(argv):
        name, equals, content = argument.partition("=")
        kind = _kind(name) if equals or argument.startswith("-") else 0
        if kind and equals and content and not (kind == 1 and _NUMBER.fullmatch(content)):
            yield position, len(name) + 1, kind > 1
        elif expected and not argument.startswith("-") and not (expected == 1 and _NUMBER.fullmatch(argument)):
            yield position, 0, expected > 1
        expected = 2 if _SCHEME.fullmatch(argument) else 0 if equals else kind


def _kind(name: str) -> int:
    """2 for the name of a secret or of a person, 1 for one that may be anything, else 0."""
    return 2 if _STRONG.fullmatch(name.lstrip("-")) or _IDENTITY.fullmatch(name) else 1 if _WEAK.fullmatch(name) else 0
