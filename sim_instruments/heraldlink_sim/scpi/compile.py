# SPDX-License-Identifier: Apache-2.0
"""From the declarations of a class to one tree of its headers."""

from collections.abc import Callable, Iterator
from typing import cast

from heraldlink_sim.scpi.declare import Setting, actions_of
from heraldlink_sim.scpi.headers import HeaderTree
from heraldlink_sim.scpi.values import Parameter

_INDEFINITE = ("*IDN", "*OPT")


class Entry:
    """What stands behind one header: a setting, or a method for the command and one for the query.

    ``indefinite``: its answer has no end but that of the message (IEEE 488.2, 8.7.11), so that no other
    query may follow. ``polls``: it answers the status byte, which tells of answers before it.
    """

    __slots__ = ("indefinite", "methods", "polls", "setting")

    def __init__(self, pattern: str) -> None:
        self.setting: Setting[object] | None = None
        self.methods: dict[bool, tuple[str, tuple[Parameter[object], ...]]] = {}
        self.indefinite = pattern in _INDEFINITE
        self.polls = pattern == "*STB"


def _members(cls: type[object]) -> Iterator[tuple[str, object]]:
    """Declared members, base classes first, so that a subclass replaces a header."""
    for base in reversed(cls.__mro__):
        yield from vars(base).items()


def refuse_hidden_methods(cls: type[object]) -> None:
    """A handler that shares its name, but no header, with an inherited member would break the base class."""
    for name, member in vars(cls).items():
        patterns = {action.pattern for action in actions_of(member)}
        for base in cls.__mro__[1:]:
            hidden = vars(base).get(name)
            if patterns and hidden is not None and not patterns & {a.pattern for a in actions_of(hidden)}:
                raise TypeError(f"{cls.__name__}.{name} hides {base.__name__}.{name}: choose another name")


def compile_headers(cls: type[object], spelled: Callable[[str], str]) -> HeaderTree[Entry]:
    """The tree of all headers that a class declares; ``spelled`` fills in its model's patterns."""
    entries: dict[str, Entry] = {}
    for name, member in _members(cls):
        if isinstance(member, Setting):
            setting = cast(Setting[object], member)
            entries.setdefault(setting.pattern, Entry(setting.pattern)).setting = setting
            continue
        for action in actions_of(member):
            entry = entries.setdefault(action.pattern, Entry(action.pattern))
            entry.methods[action.query] = (name, action.parameters)
    tree: HeaderTree[Entry] = HeaderTree()
    for pattern, entry in entries.items():
        tree.add(spelled(pattern), entry)
    return tree
