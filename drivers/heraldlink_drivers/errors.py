# SPDX-License-Identifier: Apache-2.0
"""Errors of the drivers, ordered by whose fault it is.

::

    DriverError
    ├── StationError        the Station or address file is wrong (file and key are named)
    ├── ProgramError        a program does not fit the instrument (ValueError)
    ├── InstrumentError     the instrument reported an error (instrument, command, code, text)
    ├── Timeout             the instrument answered, but did not reach a state in time
    ├── ConnectionLost      the instrument does not answer any more
    └── RecordIncomplete    a record arrived with fewer tags than the instrument announced
"""


class DriverError(Exception):
    """Anything that a driver raises by itself.

    QCoDeS adds to the arguments of an error what it was doing; the text stays the driver's sentence.
    """

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class StationError(DriverError):
    """The Station or the address file is wrong; the text names file and key."""


class ProgramError(DriverError, ValueError):
    """A program that the instrument cannot play; the text names the instrument and the limit."""


class InstrumentError(DriverError):
    """The instrument reported an error.

    ``instrument`` is its name, ``command`` what was sent, ``code`` the instrument's number (0 if it has
    none) and ``text`` its words.
    """

    def __init__(self, instrument: str, command: str, code: int, text: str) -> None:
        shown = command if len(command) <= 120 else command[:117] + "..."
        number = f" {code}" if code else ""
        super().__init__(f"{instrument}: error{number} ({text}) after {shown!r}")
        self.instrument, self.command, self.code, self.text = instrument, command, code, text

    def __reduce__(self) -> tuple[type["InstrumentError"], tuple[str, str, int, str]]:
        """Copy with all four fields (exceptions are copied by their arguments)."""
        return type(self), (self.instrument, self.command, self.code, self.text)


class Timeout(DriverError, TimeoutError):
    """The instrument answers but did not reach the awaited state in time."""


class ConnectionLost(DriverError, ConnectionError):
    """The instrument does not answer; the text names it and its address."""


class RecordIncomplete(DriverError):
    """Fewer tags arrived than the instrument announced; the record must not be used."""
