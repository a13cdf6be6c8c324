# SPDX-License-Identifier: Apache-2.0
"""The reading of a message: text in, commands out.

Commands in one message are separated by ``;``; a command without leading colon continues in the branch of the
one before it. A header is looked up once and remembered, so that no query costs more for a larger table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from heraldlink_sim.faces.id900_links import addresses
from heraldlink_sim.faces.id900_names import matches, short, short_row, split_number
from heraldlink_sim.faces.id900_table import BLOCKS, SINGLE, Action
from heraldlink_sim.faces.id900_values import Kind, Link, ReplyError

REMEMBERED = 4096
LONGEST_HEADER = 80
SHORT_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its block with number (INPU1, STAR, TSCO5), and its row in short form (COUN:MODE)."""

    block: str
    number: int
    name: str
    key: str
    kind: Kind | Action
    query: bool


def split_message(message: str, from_root: bool = False) -> tuple[tuple[str, str], ...]:
    """Split a message into (absolute header, argument); the header keeps its question mark.

    ``from_root``: a header that its branch does not have may begin at the root. Short messages are kept.
    """
    return (_remembered if len(message) <= SHORT_MESSAGE else _split)(message, from_root)


def _split(message: str, from_root: bool) -> tuple[tuple[str, str], ...]:
    commands: list[tuple[str, str]] = []
    branch: list[str] = []
    for unit in message.split(";"):
        header, _, argument = unit.strip().partition(" ")
        if not header:
            continue
        if header.startswith("*"):
            commands.append((header, argument.strip()))
            continue
        nodes = header.removeprefix(":").split(":")
        if not header.startswith(":") and not (from_root and _begins_anew(branch, nodes)):
            nodes = [*branch, *nodes]
        branch = nodes[:-1]
        commands.append((":".join(nodes), argument.strip()))
    return tuple(commands)


_remembered = lru_cache(REMEMBERED)(_split)


def _begins_anew(branch: list[str], nodes: list[str]) -> bool:
    return _looked_up(":".join((*branch, *nodes))) is None and _looked_up(":".join(nodes)) is not None


@lru_cache(REMEMBERED)
def find(header: str) -> Command | None:
    """Look a header up; None for what the device does not know."""
    query = header.endswith("?")
    first, *rest = header.removesuffix("?").split(":")
    letters, number = split_number(first)
    for block, (numbers, rows) in BLOCKS.items():
        if matches(block, letters):
            at = _number(number, numbers)
            name = short(block) + (str(at) if at else "")
            for row, kind in rows.items():
                if at is not None and (key := _key(row, kind, rest, query)) is not None:
                    return Command(block, at, name, key, kind, query)
    return None


def _number(spoken: int, numbers: range) -> int | None:
    """Return the block's number: a block that is alone may be spoken of as 1, and a missing number is 1."""
    if numbers == SINGLE:
        return 0 if spoken <= 1 else None
    return spoken or 1 if (spoken or 1) in numbers else None


def _key(row: str, kind: Kind | Action, nodes: list[str], query: bool) -> str | None:
    if isinstance(kind, Link) and query and len(nodes) > 1 and matches("ADDResses", nodes[-1]):
        return short_row(row) + ":ADDR" if _fits(row, nodes[:-1]) else None
    if isinstance(kind, Action) and row.endswith("?") != query:
        return None
    return short_row(row) if _fits(row, nodes) else None


def _fits(row: str, nodes: list[str]) -> bool:
    names = row.rstrip("?").split(":")
    return len(names) == len(nodes) and all(map(matches, names, nodes))


def known(header: str) -> Command:
    """Look a header up; raises ReplyError for what the device does not know."""
    if (command := _looked_up(header)) is None:
        raise ReplyError("SCPI_ERR_INVALID_CMD")
    return command


def _looked_up(header: str) -> Command | None:
    return find(header) if len(header) <= LONGEST_HEADER else None


def valid_addresses(command: Command) -> str:
    """Answer ``LINK:ADDResses?``; how the device separates them is in no source [?]."""
    purpose = command.kind.purpose if isinstance(command.kind, Link) else "tag"
    return ",".join(("NONE", *addresses(command.name, purpose)))
