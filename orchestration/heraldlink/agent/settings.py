# SPDX-License-Identifier: Apache-2.0
"""A node's operating point as a list of settings: each can be applied, read back and compared."""

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from heraldlink.agent.blame import blaming
from heraldlink.messages.values import Deviation

Value = bool | int | float | tuple[float, ...]
Seen = dict[tuple[str, str], Value]
"""Values by instrument and setting, as they were read last."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One declared value of one instrument. ``write`` is None for what a program upload sets.

    Read-backs may differ by ``relative`` or ``absolute`` (in the value's unit), whichever is larger.
    """

    device: str
    name: str
    wanted: Value
    read: Callable[[], Value]
    write: Callable[[], None] | None = None
    relative: float = 1e-6
    absolute: float = 0.0

    def apply(self) -> None:
        """Write the declared value."""
        if self.write:
            with blaming(self.device):
                self.write()

    def read_back(self) -> Value:
        """The value as the instrument has it."""
        with blaming(self.device):
            return self.read()

    def deviation(self, node: str) -> Deviation | None:
        """How the read-back differs, None if it does not."""
        return self.difference(node, self.read_back())

    def difference(self, node: str, found: Value) -> Deviation | None:
        """How a value that was read differs, None if it does not."""
        if self.fits(found):
            return None
        return Deviation(node, self.device, f"{self.name} is {show(found)}, declared {show(self.wanted)}")

    def fits(self, found: Value) -> bool:
        """Whether a read-back is as declared."""
        if isinstance(self.wanted, bool) or isinstance(found, bool):
            return found == self.wanted
        wanted, read = as_tuple(self.wanted), as_tuple(found)
        return len(wanted) == len(read) and all(
            math.isclose(one, other, rel_tol=self.relative, abs_tol=self.absolute)
            for one, other in zip(wanted, read, strict=True)
        )


def as_tuple(value: Value) -> tuple[float, ...]:
    """One or more numbers."""
    return value if isinstance(value, tuple) else (float(value),)


def show(value: Value) -> str:
    """A value in a sentence."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "(" + ", ".join(f"{item:.9g}" for item in value) + ")"
    return f"{value:.9g}"


def deviations(settings: Iterable[Setting], node: str, seen: Seen | None = None) -> list[Deviation]:
    """All deviations of the settings, in their order; ``seen`` takes every value that was read."""
    found: list[Deviation] = []
    for setting in settings:
        value = setting.read_back()
        if seen is not None:
            seen[setting.device, setting.name] = value
        if item := setting.difference(node, value):
            found.append(item)
    return found


def quietly(action: Callable[[], None]) -> None:
    """Do something whose failure changes nothing any more."""
    with suppress(Exception):
        action()
