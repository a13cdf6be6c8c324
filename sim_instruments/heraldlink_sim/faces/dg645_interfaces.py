# SPDX-License-Identifier: Apache-2.0
"""Front panel and interfaces of a DG645: ``DISP``, ``IFCF``, ``EPHY``, ``XTRM`` and their like.

They are kept and answered; none of them changes how this one is served. Parameters of ``IFCF``: DG645 user
manual; 0 RS-232, 1 its rate, 2 GPIB, 3 its address, 4 LAN, 5 DHCP, 6 auto-IP, 7 static IP, 8 raw sockets, 9
telnet, 10 VXI-11, 11 to 13 address, mask and gateway. [?]: ``EPHY`` 0 autonegotiation, 1 fast, 2 full duplex.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from heraldlink_sim.faces.dg645_grammar import ILLEGAL_SET, ILLEGAL_VALUE, DelayError, expect, whole

DISPLAYS, CHANNELS = 14, 9
_RATES = (4800, 9600, 19200, 38400, 57600, 115200)
_SWITCHES = (0, 2, 4, 5, 6, 7, 8, 9, 10)
_RATE, _GPIB_ADDRESS, _FIRST_IP, _LAST = 1, 3, 11, 13
_IP = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}", re.ASCII)
_STANDARD_END = (13, 10, 0)


class Interfaces:
    """What the commands of this module have set."""

    def __init__(self, mac: str) -> None:
        self._mac = mac
        self._display = (2, 0)
        self._config: dict[int, str] = dict.fromkeys(_SWITCHES, "1")
        self._config |= {_RATE: "9600", _GPIB_ADDRESS: "15"}
        self._config |= {11: "0.0.0.0", 12: "0.0.0.0", 13: "0.0.0.0"}  # noqa: S104  as it is answered
        self._link = [1, 1, 1]

    def run(self, name: str, query: bool, arguments: Sequence[str]) -> str | None:
        """Carry out a command or query; raises DelayError."""
        return getattr(self, f"_{name.lower()}")(query, arguments)  # type: ignore[no-any-return]

    def _disp(self, query: bool, arguments: Sequence[str]) -> str | None:
        if query:
            expect(arguments, 0)
            return f"{self._display[0]},{self._display[1]}"
        if len(arguments) == 1:  # displays that belong to no channel
            arguments = (*arguments, "0")
        expect(arguments, 2)
        self._display = whole(arguments[0], 0, DISPLAYS), whole(arguments[1], 0, CHANNELS)
        return None

    def _ifcf(self, query: bool, arguments: Sequence[str]) -> str | None:
        expect(arguments, 1 if query else 2)
        number = whole(arguments[0], 0, _LAST)
        if query:
            return self._config[number]
        self._config[number] = _checked(number, arguments[1])
        return None

    def _ephy(self, query: bool, arguments: Sequence[str]) -> str | None:
        expect(arguments, 1 if query else 2)
        number = whole(arguments[0], 0, 2)
        if query:
            return str(self._link[number])
        self._link[number] = whole(arguments[1], 0, 1)
        return None

    def _emac(self, query: bool, arguments: Sequence[str]) -> str:
        _only_asked(query, arguments)
        return self._mac

    def _lock(self, query: bool, arguments: Sequence[str]) -> str:
        _only_asked(query, arguments)
        return "1"

    def _unlk(self, query: bool, arguments: Sequence[str]) -> str:
        _only_asked(query, arguments)
        return "1"

    def _xtrm(self, query: bool, arguments: Sequence[str]) -> None:
        """CR LF is what this one sends; anything else is refused."""
        codes = tuple(whole(text, 0, 255) for text in arguments)
        if query or not codes or codes != _STANDARD_END[: len(codes)] or len(codes) < 2:
            raise DelayError(ILLEGAL_VALUE)


def _checked(number: int, text: str) -> str:
    if number >= _FIRST_IP:
        if _IP.fullmatch(text) is None or any(int(part) > 255 for part in text.split(".")):
            raise DelayError(ILLEGAL_VALUE)
        return text
    if number == _RATE:
        if (rate := whole(text, 0, 10**6)) not in _RATES:
            raise DelayError(ILLEGAL_VALUE)
        return str(rate)
    return str(whole(text, 0, 30 if number == _GPIB_ADDRESS else 1))


def _only_asked(query: bool, arguments: Sequence[str]) -> None:
    expect(arguments, 0)
    if not query:
        raise DelayError(ILLEGAL_SET)
