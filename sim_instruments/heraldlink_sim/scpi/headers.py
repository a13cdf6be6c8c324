# SPDX-License-Identifier: Apache-2.0
"""Header patterns and the tree that finds them.

A pattern is written as in a manual: ``[SOURce<1..2>]:VOLTage[:LEVel][:IMMediate]:OFFSet``. Capital letters
are the short form, brackets hold optional nodes, ``<1..2>`` a numeric suffix with its range (left out: 1).
Only the short and the long form are accepted, in any case (SCPI-1999 volume 1, chapter 6).
"""

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Generic, TypeVar

from heraldlink_sim.scpi.errors import ScpiError

T = TypeVar("T")

_NODE = re.compile(r"(\[)?(\*?[A-Za-z][A-Za-z_]*\d*)(?:<(\d+)\.\.(\d+)>)?(\])?")
_TOKEN = re.compile(r"(\*?[A-Z_]+?)(\d*)$")
_LONGEST_MNEMONIC, _LONGEST_SUFFIX = 12, 9
_MOST_OPTIONAL = 8


@dataclass(frozen=True, slots=True)
class Node:
    """One mnemonic of a pattern, in capitals."""

    short: str
    long: str
    suffix: tuple[int, int] | None
    optional: bool


Spelling = tuple[tuple[Node, ...], tuple[tuple[int, int] | None, ...], tuple[int | None, ...]]
"""Nodes that are on the wire, allowed suffix of each, and the level of each suffix of the pattern."""


@cache
def spellings(pattern: str) -> tuple[Spelling, ...]:
    """All ways to choose optional nodes of a pattern; found once, as every subclass has its bases' patterns.

    Raises ValueError when the pattern cannot be read, or has too many.
    """
    nodes = parse(pattern)
    if sum(node.optional for node in nodes) > _MOST_OPTIONAL:  # each doubles the number of spellings
        raise ValueError(f"more than {_MOST_OPTIONAL} optional nodes in {pattern!r}: make it two patterns")
    found: list[Spelling] = []
    for present in product(*[(True, False) if node.optional else (True,) for node in nodes]):
        chosen = tuple(node for node, here in zip(nodes, present, strict=True) if here)
        if chosen:
            found.append((chosen, tuple(node.suffix for node in chosen), _suffix_levels(nodes, present)))
    return tuple(found)


def parse(pattern: str) -> tuple[Node, ...]:
    """Nodes of a pattern; raises ValueError when it cannot be read."""
    parts = [part for part in pattern.replace("[:", ":[").split(":") if part]
    return tuple(_node(part, pattern) for part in parts)


def _node(part: str, pattern: str) -> Node:
    match = _NODE.fullmatch(part)
    if match is None or bool(match.group(1)) != bool(match.group(5)):
        raise ValueError(f"cannot read {part!r} in the header pattern {pattern!r}")
    opening, name, low, high, _ = match.groups()
    suffix = (int(low), int(high)) if low is not None else None
    return Node(re.sub(r"[a-z]", "", name), name.upper(), suffix, bool(opening))


@dataclass(slots=True)
class _Leaf(Generic[T]):
    entry: T
    ranges: tuple[tuple[int, int] | None, ...]  # allowed suffix at each level that is on the wire
    levels: tuple[
        int | None, ...
    ]  # of each suffix of the pattern: its level, None where its node is left out


@dataclass(slots=True)
class _Branch(Generic[T]):
    children: "dict[str, _Branch[T]]" = field(default_factory=lambda: {})
    leaf: _Leaf[T] | None = None


class HeaderTree(Generic[T]):
    """Finds the entry of a header in time proportional to its length, however many headers there are."""

    def __init__(self) -> None:
        self._root: _Branch[T] = _Branch()

    def add(self, pattern: str, entry: T) -> None:
        """Enter all legal spellings of a pattern; a later entry replaces an earlier one."""
        for nodes, ranges, levels in spellings(pattern):
            self._insert(nodes, _Leaf(entry, ranges, levels))

    def find(self, tokens: list[str]) -> tuple[T, tuple[int, ...]]:
        """Entry and numeric suffixes; raises ScpiError -113, -112 or -114."""
        branch = self._root
        suffixes: list[int | None] = []
        for token in tokens:
            branch, suffix = _step(branch, token.upper())
            suffixes.append(suffix)
        if branch.leaf is None:
            raise ScpiError(-113)
        _check_suffixes(branch.leaf.ranges, suffixes)
        return branch.leaf.entry, tuple(_suffix(suffixes, level) for level in branch.leaf.levels)

    def _insert(self, nodes: tuple[Node, ...], leaf: _Leaf[T]) -> None:
        branch = self._root
        for node in nodes:
            child = branch.children.get(node.long) or _Branch()
            child = branch.children.setdefault(node.short, child)
            branch.children[node.long] = child
            branch = child
        branch.leaf = leaf


def _suffix_levels(nodes: tuple[Node, ...], present: tuple[bool, ...]) -> tuple[int | None, ...]:
    levels: list[int | None] = []
    level = 0
    for node, here in zip(nodes, present, strict=True):
        if node.suffix is not None:
            levels.append(level if here else None)
        level += here
    return tuple(levels)


def _step(branch: _Branch[T], token: str) -> tuple[_Branch[T], int | None]:
    if (child := branch.children.get(token)) is not None:
        return child, None
    match = _TOKEN.match(token)
    if match and (child := branch.children.get(match.group(1))) is not None and match.group(2):
        if len(match.group(2)) > _LONGEST_SUFFIX:
            raise ScpiError(-114)
        return child, int(match.group(2))
    raise ScpiError(-112 if len(token.lstrip("*")) > _LONGEST_MNEMONIC else -113)


def _check_suffixes(ranges: tuple[tuple[int, int] | None, ...], suffixes: list[int | None]) -> None:
    for allowed, suffix in zip(ranges, suffixes, strict=True):
        if suffix is None:
            continue
        if allowed is None:
            raise ScpiError(-113)
        if not allowed[0] <= suffix <= allowed[1]:
            raise ScpiError(-114)


def _suffix(suffixes: list[int | None], level: int | None) -> int:
    value = None if level is None else suffixes[level]
    return 1 if value is None else value
