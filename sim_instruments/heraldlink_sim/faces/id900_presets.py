# SPDX-License-Identifier: Apache-2.0
"""What ``DEVIce:CONFiguration:LOAD`` links: commands in the device's own words.

No source lists the presets [?]; they are inferred from what the vendor's examples do after loading them.
Those enable no input and read the inputs' delays afterwards, so that a preset keeps both; INIT keeps nothing.
HISTO: inputs 1 to 4 behind a delay and a combiner that only passes them on (TSCO5 to TSCO8), which histograms
and RAW blocks take as stops, with STARt as reference. INIT too. COUNT: the wiring of
``acquisitions/coincidences.py``, where the pair i/j is a second delay of j that must fall into a window that
i opens, a triple a pair in the window of a pair, and 1/2/3/4 the triple 1/3/4 in the window of 1/2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

WINDOW_ps = 10_000
"""Coincidence window of the COUNT preset until a client sets another [?]."""

_PAIRS: Mapping[int, tuple[int, int]] = {6: (1, 2), 7: (1, 3), 8: (1, 4), 3: (2, 3), 4: (2, 4), 5: (3, 4)}
_SECOND_DELAYS: Mapping[int, int] = {2: 6, 3: 7, 4: 8}
_GATED: Mapping[int, tuple[int, int, int]] = {
    13: (7, 6, 0),
    14: (8, 6, 1),
    15: (8, 7, 0),
    16: (4, 3, 0),
    24: (15, 6, 1),
}
"""Combiner: (what passes, what opens its gate, begin of the gate in windows); each is two windows long."""


def commands(preset: str) -> Iterator[str]:
    """Commands of a preset; none for BLANK."""
    if preset != "BLANK":
        yield from _delays()
    if preset in ("INIT", "HISTO"):
        yield from _histograms()
    if preset == "COUNT":
        yield from _coincidences()


def _delays() -> Iterator[str]:
    for number in range(1, 5):
        yield f"DELA{number}:LINK INPU{number}"
    yield "DELA5:LINK STAR"


def _histograms() -> Iterator[str]:
    for number in range(1, 5):
        through = f"TSCO{number + 4}"
        yield f"{through}:FIR:LINK DELA{number};:{through}:OPIN ONLYFIR;OPOU ONLYFIR"
        for block in (f"HIST{number}", f"RAW{number}"):
            yield f"{block}:REF:LINK STAR;:{block}:STOP:LINK {through}"


def _coincidences() -> Iterator[str]:
    for channel, number in _SECOND_DELAYS.items():
        yield f"DELA{number}:LINK INPU{channel};VALU {WINDOW_ps * (channel - 1)}"
    for number, (first, second) in _PAIRS.items():
        begin_ps = WINDOW_ps * (2 * second - 3) // 2
        yield from _gate(
            number, f"DELA{_SECOND_DELAYS[second]}", f"DELA{first}", begin_ps, begin_ps + WINDOW_ps
        )
    for number, (passed, opening, begin) in _GATED.items():
        begin_ps = WINDOW_ps * begin
        yield from _gate(number, f"TSCO{passed}", f"TSCO{opening}", begin_ps, begin_ps + 2 * WINDOW_ps)


def _gate(number: int, passing: str, opening: str, begin_ps: int, end_ps: int) -> Iterator[str]:
    block = f"TSCO{number}"
    yield f"{block}:FIR:LINK {passing};:{block}:OPIN ONLYFIR;OPOU MUTE;WIND:ENAB ON"
    yield f"{block}:WIND:BEGI:LINK {opening};DELA {begin_ps};:{block}:WIND:END:LINK {opening};DELA {end_ps}"
