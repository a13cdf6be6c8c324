# SPDX-License-Identifier: Apache-2.0
"""Date and time of a Tektronix generator: kept as they were set, and standing still, so that runs repeat."""

from heraldlink_sim.scpi import Integer, ScpiDevice, command, query


class CalendarCommands(ScpiDevice):
    """``SYSTem:DATE`` and ``SYSTem:TIME``."""

    _date_parts = (2026, 1, 1)
    _time_parts = (0, 0, 0)

    @command("SYSTem:DATE", Integer(2000, 2099), Integer(1, 12), Integer(1, 31))
    def _set_date(self, year: int, month: int, day: int) -> None:
        self._date_parts = (year, month, day)

    @query("SYSTem:DATE")
    def _date(self) -> str:
        return ",".join(map(str, self._date_parts))

    @command("SYSTem:TIME", Integer(0, 23), Integer(0, 59), Integer(0, 59))
    def _set_time(self, hour: int, minute: int, second: int) -> None:
        self._time_parts = (hour, minute, second)

    @query("SYSTem:TIME")
    def _time(self) -> str:
        return ",".join(map(str, self._time_parts))
