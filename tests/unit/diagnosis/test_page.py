"""Pages are read from Markdown that people read as well: torn lines make whole paragraphs, code stays as it is."""

from __future__ import annotations

from qdiag.diagnosis.page import Page, parse

TEXT = """\
# QD000: made up

First line of what it is,
and its second.

## Example

```python
qml.RX(x, wires=0)    # aligned

    # indented
```

## How it is confirmed

By nothing,
since it is made up.

## What to do

rest
"""


def test_paragraphs_are_one_line_each_and_the_example_keeps_its_own() -> None:
    assert parse(TEXT) == Page(
        heading="QD000: made up",
        explanation="First line of what it is, and its second.",
        example="qml.RX(x, wires=0)    # aligned\n\n    # indented",
        confirmed_by="By nothing, since it is made up.",
        what_to_do="rest",
    )


def test_a_page_without_an_example_has_none() -> None:
    before, _, after = TEXT.partition("## Example")
    assert parse(before + "## How" + after.partition("## How")[2]).example == ""


def test_a_section_that_is_missing_is_empty_and_not_an_error() -> None:
    assert parse("# QD000: made up\n\nWhat it is.\n").what_to_do == ""
