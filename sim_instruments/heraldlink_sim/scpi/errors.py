# SPDX-License-Identifier: Apache-2.0
"""Errors of an instrument: the numbers of SCPI-1999 volume 2 chapter 21, and the queue that keeps them.

A handler raises :class:`ScpiError` with one of the numbers below; the device puts it into its queue, sets the
bit of the event status register, and stays in step with the client.
"""

from collections import deque

TEXTS: dict[int, str] = {
    0: "No error",
    -100: "Command error",
    -101: "Invalid character",
    -102: "Syntax error",
    -103: "Invalid separator",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -110: "Command header error",
    -111: "Header separator error",
    -112: "Program mnemonic too long",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -120: "Numeric data error",
    -121: "Invalid character in number",
    -123: "Exponent too large",
    -124: "Too many digits",
    -128: "Numeric data not allowed",
    -131: "Invalid suffix",
    -134: "Suffix too long",
    -138: "Suffix not allowed",
    -141: "Invalid character data",
    -144: "Character data too long",
    -148: "Character data not allowed",
    -150: "String data error",
    -151: "Invalid string data",
    -158: "String data not allowed",
    -160: "Block data error",
    -161: "Invalid block data",
    -168: "Block data not allowed",
    -170: "Expression error",
    -171: "Invalid expression",
    -178: "Expression data not allowed",
    -200: "Execution error",
    -203: "Command protected",
    -213: "Init ignored",
    -220: "Parameter error",
    -221: "Settings conflict",
    -222: "Data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -225: "Out of memory",
    -230: "Data corrupt or stale",
    -240: "Hardware error",
    -241: "Hardware missing",
    -250: "Mass storage error",
    -256: "File name not found",
    -257: "File name error",
    -300: "Device-specific error",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
    -400: "Query error",
    -410: "Query INTERRUPTED",
    -420: "Query UNTERMINATED",
    -430: "Query DEADLOCKED",
    -440: "Query UNTERMINATED after indefinite response",
}

OVERFLOW = -350


class ScpiError(Exception):
    """One entry of the error queue: a number of :data:`TEXTS` (or a device's own) and a detail."""

    def __init__(self, code: int, detail: str = "", text: str | None = None) -> None:
        self.code = code
        self.detail = detail
        self.text = TEXTS.get(code, "Device-specific error") if text is None else text
        super().__init__(f"{code}, {self.message}")

    @property
    def message(self) -> str:
        """Standard text, and after a semicolon the detail (the bare command that failed, say)."""
        return f"{self.text};{self.detail}" if self.detail else self.text

    @property
    def event_bit(self) -> int:
        """Bit of the standard event status register which this number raises (IEEE 488.2, 11.5.1)."""
        classes = {1: 0x20, 2: 0x10, 3: 0x08, 4: 0x04}
        return classes.get(-self.code // 100 if self.code < 0 else 3, 0x08)


class ErrorQueue:
    """First in, first out; when full the newest entry becomes ``-350`` and the old ones stay."""

    def __init__(self, capacity: int = 30) -> None:
        self._capacity = capacity
        self._entries: deque[ScpiError] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, error: ScpiError) -> None:
        """Add one error at the end."""
        if len(self._entries) < self._capacity:
            self._entries.append(error)
        else:
            self._entries[-1] = ScpiError(OVERFLOW)

    def pop(self) -> ScpiError:
        """Take the oldest error, or number 0 when there is none."""
        return self._entries.popleft() if self._entries else ScpiError(0)

    def drain(self) -> list[ScpiError]:
        """Take all errors, oldest first."""
        entries = list(self._entries)
        self._entries.clear()
        return entries

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
