# SPDX-License-Identifier: Apache-2.0
"""A node's operating point as a list of settings: each can be applied, read back and compared."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass

from heraldlink.agent.blame import blaming
from heraldlink.messages.values import Deviation
from heraldlink_drivers.roles import ReadsTogether

Value = bool | int | float | tuple[float, ...]
Seen = dict[tuple[str, str], Value]
"""Values by instrument and setting, as they were read last."""
Stretch = Callable[[str], AbstractContextManager[None]]
"""What is read inside the context leaves in one exchange; see `ReadsTogether`."""
NONE: Mapping[str, Stretch] = {}
NOTHING: Mapping[str, Callable[[], None]] = {}


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


def deviations(
    settings: Sequence[Setting],
    node: str,
    seen: Seen | None = None,
    stretches: Mapping[str, Stretch] = NONE,
    beside: Mapping[str, Callable[[], None]] = NOTHING,
) -> list[Deviation]:
    """All deviations of the settings, in their order; ``seen`` takes every value that was read.

    ``stretches``: of instruments that read several settings in one exchange; ``beside``: what else of such an
    instrument is read in the same one.
    """
    values: Seen = {}
    for device in dict.fromkeys(setting.device for setting in settings):
        own = [setting for setting in settings if setting.device == device]
        with blaming(device), stretches.get(device, apart)(", ".join(setting.name for setting in own)):
            values |= {(device, setting.name): setting.read_back() for setting in own}
            if device in beside:
                beside[device]()
    if seen is not None:
        seen |= values
    found = (setting.difference(node, values[setting.device, setting.name]) for setting in settings)
    return [item for item in found if item]


def together(instrument: object) -> Stretch:
    """How an instrument reads several settings in one exchange, or one by one if it does not."""
    return instrument.reading_together if isinstance(instrument, ReadsTogether) else apart


def apart(_: str) -> AbstractContextManager[None]:
    """One exchange for each setting."""
    return nullcontext()


def quietly(action: Callable[[], None]) -> None:
    """Do something whose failure changes nothing any more."""
    with suppress(Exception):
        action()
