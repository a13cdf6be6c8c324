# SPDX-License-Identifier: Apache-2.0
"""Names and types of all parameters and commands of a DLC pro, from ``toptica_tree.txt``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

Kind = Literal["b", "i", "r", "s", "x"]
"""Boolean, integer, real, string, binary."""
ROOT = "DLCpro"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parameter: its type, and whether it may be written at all."""

    kind: Kind
    mutable: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A command: types of its arguments and return value, and what its streams carry (None: it has none)."""

    arguments: tuple[Kind, ...] = ()
    reads: Kind | None = None
    prints: Kind | None = None
    returns: Kind | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """All parameters and commands by their full names (``laser1:dl:cc:current-set``)."""

    leaves: Mapping[str, Leaf]
    commands: Mapping[str, Command]
    lowered: Mapping[str, str]

    def spelled(self, name: str) -> str:
        """A parameter's name as the device spells it: clients need not keep to upper and lower case."""
        return name if name in self.leaves else self.lowered.get(name.lower(), name)

    def under(self, group: str) -> Iterator[str]:
        """Names of the parameters in a group (all of them for an empty name), in the tree's order."""
        start = f"{group}:" if group else ""
        return (name for name in self.leaves if name == group or name.startswith(start))


@cache
def tree() -> Tree:
    """The tree of firmware 3.3.3."""
    text = files("heraldlink_sim.faces").joinpath("toptica_tree.txt").read_text(encoding="utf-8")
    groups = _groups(text)
    leaves: dict[str, Leaf] = {}
    commands: dict[str, Command] = {}
    _grow(groups, ROOT, "", leaves, commands)
    return Tree(leaves, commands, {name.lower(): name for name in leaves})


def _groups(text: str) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    words: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        found = line.split()
        if not line.startswith(" "):
            words = groups[found.pop(0)] = []
        words.extend(found)
    return groups


def _grow(
    groups: Mapping[str, list[str]],
    group: str,
    path: str,
    leaves: dict[str, Leaf],
    commands: dict[str, Command],
) -> None:
    for word in groups[group]:
        if word.startswith("!"):
            name, command = _command(word[1:])
            commands[path + name] = command
            continue
        name, _, kind = word.partition(":")
        if kind in groups:
            _grow(groups, kind, f"{path}{name}:", leaves, commands)
        else:
            leaves[path + name] = Leaf(cast(Kind, kind.lower()), kind.isupper())


def _command(word: str) -> tuple[str, Command]:
    """Take ``name(args)<input>output=return`` apart, from its end."""
    word, _, returns = word.partition("=")
    word, _, prints = word.partition(">")
    word, _, reads = word.partition("<")
    name, _, arguments = word.rstrip(")").partition("(")
    kinds = cast("tuple[Kind, ...]", tuple(arguments))
    return name, Command(kinds, _kind(reads), _kind(prints), _kind(returns))


def _kind(letter: str) -> Kind | None:
    return cast("Kind | None", letter or None)
