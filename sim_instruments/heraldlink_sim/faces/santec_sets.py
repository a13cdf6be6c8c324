# SPDX-License-Identifier: Apache-2.0
"""The two command sets of a Santec TSL: mnemonics in common, formats not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.santec_format import Quantity, Reading, Seconds, exponent, signed
from heraldlink_sim.faces.santec_quirks import ALWAYS, OPTIONAL
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi import Integer, Number, ScpiDevice, ScpiError, Setting
from heraldlink_sim.scpi.compile import Entry
from heraldlink_sim.scpi.lexer import Argument

_KNOWN = (-102, -103, -108, -109, -113, -148, -200, -222, -410)
_ERRORS: Mapping[int, int] = {-104: -148, -121: -148, -131: -103, -138: -103, -224: -222, -114: -113}
_SOURCE = re.compile(r"(SOURCE|SOUR|CHANNEL|CHAN)[01]?")
_OF_SOURCE = re.compile(r"(WAV(ELENGTH)?|FREQ(UENCY)?|POW(ER)?|COHC(TRL)?|AM|READ(OUT)?)")


class SantecSets(ScpiDevice):
    """Formats of the set in force, and errors under the numbers that this laser knows."""

    error_capacity: ClassVar[int] = 10
    command_s: ClassVar[float] = 4.7e-3  # round trip on LAN [FIELD]
    quirks: ClassVar[tuple[Quirk, ...]] = (*ALWAYS, *OPTIONAL)

    command_set = Setting("SYSTem:COMMunicate:CODe", Integer(0, 1, default=1))

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)

    @property
    def scpi(self) -> bool:
        """Whether the SCPI set is in force."""
        return self.command_set.get() == 1

    def report(self, error: ScpiError) -> None:
        """Keep an error under one of the numbers that this laser knows; it gives no details."""
        code = _ERRORS.get(error.code, error.code)
        if code not in _KNOWN and not -400 < code <= -300:  # injected ones come as they are
            code = -410 if code <= -400 else -200 if code <= -200 else -102
        super().report(ScpiError(code))

    def find_header(self, tokens: list[str]) -> tuple[Entry, tuple[int, ...]]:
        """Find a header without ``[:SOURce[n]][:CHANnel[m]]``, which all of the source may begin with."""
        rest = tokens
        for _ in range(2):
            if rest and _SOURCE.fullmatch(rest[0].upper()):
                rest = rest[1:]
        if rest is not tokens and not (rest and _OF_SOURCE.fullmatch(rest[0].upper())):
            raise ScpiError(-113)
        return super().find_header(rest)

    def _ask(
        self, setting: Setting[object], arguments: tuple[Argument, ...], suffixes: tuple[int, ...]
    ) -> str:
        answer = super()._ask(setting, arguments, suffixes)
        if isinstance(setting.kind, Integer):
            return self.whole(int(answer))
        if isinstance(setting.kind, Number):
            return self.plain(float(answer), digits=1 if isinstance(setting.kind, Seconds) else 2)
        return answer

    def whole(self, value: int) -> str:
        """Answer a whole number."""
        return signed(value) if self.scpi else str(value)

    def plain(self, value: float, digits: int = 2) -> str:
        """Answer a number that has no unit, or always the same."""
        return exponent(value) if self.scpi else f"{value:.{digits}f}"

    def read(self, quantity: Quantity, number: Reading) -> float:
        """Value in SI units of what a client wrote."""
        return quantity.read(number, scpi=self.scpi)

    def answer(self, quantity: Quantity, value: float, word: str = "") -> str:
        """Answer ``value``, or the limit that ``word`` asks for; Legacy takes no word."""
        if word and not self.scpi:
            raise ScpiError(-108)
        limit = quantity.limit(word)
        return quantity.answer(value if limit is None else limit, scpi=self.scpi)

    def legacy(self) -> None:
        """Refuse a header that only the Legacy set has."""
        if self.scpi:
            raise ScpiError(-113)
