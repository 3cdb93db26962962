"""How numbers and counts are written, alike in all formats: gaps to two digits, values to eight or as many as tell them apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Optional, Union

from qdiag.model.call import Failure

ARROW = "→"
NOTHING = "–"

_PRECISIONS = ((7e-3, "bfloat16"), (9e-4, "float16"), (1e-7, "float32"), (1e-16, "float64"))
_UNITS = ("B", "kB", "MB", "GB")
_PLAIN = (1e-3, 1e4)
_MOST_DIGITS = 17


def gap(number: Optional[float]) -> str:
    """A difference or a bound, to two digits: ``6.0e-08``, ``0.35``, ``12``."""
    if number is None:
        return "no number"
    if not math.isfinite(number):
        return word(number)
    if number == 0:
        return "0"
    rounded = float(f"{number:.1e}")
    if _PLAIN[0] <= abs(rounded) < _PLAIN[1]:
        decimals = max(0, 1 - math.floor(math.log10(abs(rounded))))
        return f"{rounded:.{decimals}f}"
    return f"{number:.1e}"


def value(number: Optional[complex], digits: int = 8) -> str:
    """A result, to eight digits; complex numbers as ``0.1+0.2i``."""
    if number is None:
        return "no number"
    if isinstance(number, complex) and not isinstance(number, (int, float)):
        if number.imag == 0 or math.isnan(number.imag):
            return value(number.real if number.imag == 0 else math.nan, digits)
        return f"{value(number.real, digits)}{'-' if number.imag < 0 else '+'}{value(abs(number.imag), digits)}i"
    return f"{number:.{digits}g}" if math.isfinite(number) else word(number)


def values(numbers: Sequence[Optional[complex]]) -> tuple[str, ...]:
    """Several results side by side, with as many digits as tell different ones apart."""
    for digits in range(8, _MOST_DIGITS + 1):
        written = tuple(value(number, digits) for number in numbers)
        if len(set(written)) >= len({complex(n) for n in numbers if n is not None and n == n}):
            return written
    return written


def number_field(name: str, number: Optional[float]) -> dict[str, Union[float, str, None]]:
    """A field of a record, and beside it a word where it is no number."""
    if number is None or math.isfinite(number):
        return {name: None if number is None else float(number)}
    return {name: None, f"{name}_word": word(number)}


def word(number: float) -> str:
    """What stands for a number that is none: ``nan``, ``inf``, ``-inf``."""
    return "nan" if math.isnan(number) else ("inf" if number > 0 else "-inf")


def units(ulps: float) -> str:
    """A gap in units of the working precision: ``0.5``, ``12``, ``3.1e+06``."""
    return f"{ulps:.1f}" if 0.05 <= ulps < 9.95 else gap(ulps)


def precision(eps: float) -> str:
    """The precision to which an eps belongs: ``float32``."""
    return next((name for limit, name in _PRECISIONS if eps >= limit), "float64")


def seconds(duration: float) -> str:
    """A duration: ``8 ms``, ``1.2 s``, ``3 min 20 s``."""
    if duration < 0.9995:
        return f"{1000 * duration:.2g} ms" if duration < 0.01 else f"{1000 * duration:.0f} ms"
    if duration < 120:
        return f"{duration:.1f} s" if duration < 10 else f"{duration:.0f} s"
    return f"{int(duration // 60)} min {int(duration % 60)} s"


def size(number: float) -> str:
    """Bytes as people read them: ``512 B``, ``1.2 MB``."""
    number, unit = float(number), 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.0f} {_UNITS[unit]}" if unit == 0 or number >= 9.95 else f"{number:.1f} {_UNITS[unit]}"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: ``1 call``, ``241 calls``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def listing(names: Sequence[str], conjunction: str = "and") -> str:
    """Names in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"


def calls(indices: Sequence[int], total: int) -> str:
    """Which calls: ``call 0``, ``calls 0 to 240 (all)``, ``7 of 241 calls``."""
    if len(indices) == total and total > 1:
        return f"all {total} calls"
    if len(indices) <= 1:
        return f"{len(indices)} of {count(total, 'call')}"
    return f"{len(indices)} of {total} calls"


def words(failure: Failure) -> str:
    """An exception as the last line of its traceback has it."""
    return f"{failure.type}: {failure.message}" if failure.type else failure.message


def short_line(text: str, limit: int) -> str:
    """One line of at most so many characters; what is cut leaves an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
