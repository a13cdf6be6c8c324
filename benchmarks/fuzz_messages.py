# SPDX-License-Identifier: Apache-2.0
"""Broken program messages for an instrument, made from what it understands."""

import random
from collections.abc import Callable

from heraldlink_sim.scpi import ScpiDevice, Setting
from heraldlink_sim.scpi.declare import actions_of
from heraldlink_sim.scpi.headers import parse

_WORDS = (
    b"ON OFF MIN MAX DEF 0 1 2 -1 1e9 1.5E-3 .5 5 E 3 1E400 -9E999 1E99999 NAN INF NINF #HFF #Q7 #B101 #HZZ "
    b"5MHZ 5 kHz 10DBM 3XYZ 99999999999999999999 (@1,2) (@1:3) (@ (1 ) EXT INT ABCDEFGHIJKLMN"
).split(b" ")
_STRINGS = (b'"a"', b"'b;c,d'", b'"x""y"', b'"open', b"'open", b'""', b'"#15"')
_BLOCKS = (b"#15abcde", b"#10", b"#0abc", b"#3x12", b"#9", b"#", b"#2100123456789", b"#15a;\n,b")
_COMMON = (b"*RST", b"*CLS", b"*OPC", b"*OPC?", b"*WAI", b"*STB?", b"*ESR?", b"*IDN?", b"*SRE 32", b"*TST?")
_SEPARATORS = (b";", b";", b";", b";:", b" ; ", b";;", b",", b":", b" ", b"\n", b"\r\n")


class Maker:
    """Draws messages for one class of instruments."""

    def __init__(self, kind: type[ScpiDevice], drawn: random.Random) -> None:
        self._random = drawn
        self._headers = _headers(kind)
        self._mutations: tuple[Callable[[bytearray], None], ...] = (
            self._flip, self._insert, self._remove, self._repeat, self._random_bytes,
        )  # fmt: skip

    def message(self) -> bytes:
        """One message of a few units, mostly mutated."""
        pieces: list[bytes] = []
        for _ in range(self._random.choice((1, 1, 1, 2, 3, 8))):
            pieces += (self._unit(), self._random.choice(_SEPARATORS))
        message = bytearray(b"".join(pieces[:-1]))
        for _ in range(self._random.choice((0, 0, 1, 1, 2, 5))):
            self._random.choice(self._mutations)(message)
        return bytes(message)

    def _unit(self) -> bytes:
        choose = self._random.choice
        if self._random.random() < 0.15:
            return choose(_COMMON)
        header = choose(self._headers) + choose((b"", b"", b"?", b"? ", b" "))
        return header + b",".join(self._argument() for _ in range(choose((0, 1, 1, 1, 2, 3))))

    def _argument(self) -> bytes:
        return self._random.choice(self._random.choice((_WORDS, _WORDS, _STRINGS, _BLOCKS)))

    def _place(self, message: bytearray) -> int:
        return self._random.randrange(len(message) + 1)

    def _flip(self, message: bytearray) -> None:
        if message:
            message[self._random.randrange(len(message))] = self._random.randrange(256)

    def _insert(self, message: bytearray) -> None:
        place = self._place(message)
        message[place:place] = self._random.choice((*_STRINGS, *_BLOCKS, *_SEPARATORS, *_WORDS))

    def _remove(self, message: bytearray) -> None:
        place = self._place(message)
        del message[place : place + self._random.randrange(6)]

    def _repeat(self, message: bytearray) -> None:
        place = self._place(message)
        message[place:place] = message[place : place + 12] * self._random.choice((1, 3, 40))

    def _random_bytes(self, message: bytearray) -> None:
        place = self._place(message)
        message[place:place] = self._random.randbytes(self._random.randrange(12))


def _headers(kind: type[ScpiDevice]) -> list[bytes]:
    """A short and a long spelling of every header that a class declares."""
    patterns: set[str] = set()
    for base in kind.__mro__:
        for member in vars(base).values():
            if isinstance(member, Setting):
                patterns.add(member.pattern)
            patterns.update(action.pattern for action in actions_of(member))
    found: set[bytes] = set()
    for pattern in sorted(patterns):
        nodes = parse(kind.spelled(pattern))
        found.add(":".join(node.short for node in nodes if not node.optional).encode())
        found.add(":".join(node.long + ("2" if node.suffix else "") for node in nodes).encode())
    return sorted(header for header in found if header)
