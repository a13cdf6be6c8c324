# SPDX-License-Identifier: Apache-2.0
"""Mnemonics of the ID900: short and long forms, and numeric suffixes."""

from __future__ import annotations

_LONGEST_SUFFIX = 9


def short(name: str) -> str:
    """Return the short form: the upper-case letters of a mnemonic."""
    return "".join(letter for letter in name if not letter.islower())


def short_row(row: str) -> str:
    """Return a row of a table in short form, without its question mark."""
    return ":".join(short(node) for node in row.rstrip("?").split(":"))


def matches(name: str, text: str) -> bool:
    """Whether ``text`` is the short form, the long form or anything between, in any case."""
    spoken = text.upper()
    return spoken.startswith(short(name)) and name.upper().startswith(spoken)


def split_number(text: str) -> tuple[str, int]:
    """Split a mnemonic from its numeric suffix (0 if it has none)."""
    letters = text.rstrip("0123456789")
    digits = text[len(letters) :]
    return letters, int(digits[:_LONGEST_SUFFIX] or 0)
