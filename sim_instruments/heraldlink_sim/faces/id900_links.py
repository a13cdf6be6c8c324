# SPDX-License-Identifier: Apache-2.0
"""Which blocks of the Time Controller can be linked to which.

The manual (page 68) lets a combiner take blocks "from level n-1 and n-2". Levels here: inputs 0, delays and
generators 1, combiners 1-8, 9-16 and 17-24 the next three; the wiring of the vendor's COUNT preset and of all
public clients fits them, the numbers themselves are in no source [?]. Nor is the list of what the other
blocks take: a delay takes an input, a generator's trigger an input or a delay, ENABle a generator, and
everything else any event but a generator's, which reaches it through a combiner as in the vendor's examples.
"""

from __future__ import annotations

from typing import Literal

from heraldlink_sim.faces.id900_names import matches, short, split_number

Purpose = Literal["delay", "trigger", "combine", "tag", "gate", "output"]

COMBINERS_PER_LEVEL = 8
_NUMBERS: dict[str, range] = {
    "STARt": range(1),
    "INPUt": range(1, 5),
    "DELAy": range(1, 9),
    "GENerator": range(1, 9),
    "RECord": range(1),
    "TSCOmbiner": range(1, 25),
}
_LEVELS = {"STAR": 0, "INPU": 0, "DELA": 1, "GEN": 1, "REC": 1}
_GENERATORS = ("GEN", "REC")

SOURCES: tuple[str, ...] = tuple(
    short(name) + (str(number) if number else "") for name, numbers in _NUMBERS.items() for number in numbers
)


def block_of(text: str) -> str | None:
    """Return the short name of the source that a client names, None if there is no such source."""
    letters, number = split_number(text)
    for name, numbers in _NUMBERS.items():
        if matches(name, letters):
            if number == 1 and 0 in numbers:
                number = 0
            return short(name) + (str(number) if number else "") if number in numbers else None
    return None


def level(name: str) -> int:
    """Return the place of a source in the signal path."""
    letters, number = split_number(name)
    return 2 + (number - 1) // COMBINERS_PER_LEVEL if letters == "TSCO" else _LEVELS[letters]


def can_link(source: str, block: str, purpose: Purpose) -> bool:
    """Whether the device can lead ``source`` into a port of ``block``."""
    generator = split_number(source)[0] in _GENERATORS
    if purpose == "combine":
        return level(block) - level(source) in (1, 2)
    if purpose == "gate":
        return generator
    if purpose in ("delay", "trigger"):
        return not generator and level(source) <= (purpose == "trigger")
    return not generator


def addresses(block: str, purpose: Purpose) -> tuple[str, ...]:
    """Return the sources that a port takes (``LINK:ADDResses?``, manual page 88)."""
    return tuple(source for source in SOURCES if can_link(source, block, purpose))
