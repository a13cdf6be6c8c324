# SPDX-License-Identifier: Apache-2.0
"""Commands for the curves of a Lake Shore 372: ``CRVHDR``, ``CRVPT``, ``CRVDEL`` and ``INCRV``."""

from __future__ import annotations

from collections.abc import Sequence

from heraldlink_sim.faces.lakeshore_curves import CURVE_POINTS, Curve
from heraldlink_sim.faces.lakeshore_grammar import COMMAND_ERROR, Input, Int, Quoted, Real, Refusal
from heraldlink_sim.faces.lakeshore_inputs import CURVE, Inputs
from heraldlink_sim.faces.lakeshore_records import Settings

_ANY_CURVE, _USER_CURVE, _INDEX = Int(1, 59), Int(21, 59), Int(1, CURVE_POINTS)
_ANY = Real(-1e9, 1e9)


class CurveCommands:
    """Reads and writes the curves of ``inputs``; standard curves cannot be written."""

    def __init__(self, settings: Settings, inputs: Inputs) -> None:
        self._settings, self._inputs = settings, inputs

    def header(self, arguments: Sequence[str]) -> str:
        """Name, serial number, format, temperature limit (K) and coefficient."""
        (number,) = _counted(arguments, 1)
        curve = self._inputs.curves.get(_ANY_CURVE.parse(number), Curve())
        return f"{curve.name},{curve.serial},{curve.form},{curve.limit_K:+g},{curve.coefficient}"

    def set_header(self, arguments: Sequence[str]) -> None:
        """As it is answered, behind the curve's number."""
        number, name, serial, form, limit_K, coefficient = _counted(arguments, 6)
        parsed = _USER_CURVE.parse(number), Int(3, 7).parse(form), Real(0, 2000).parse(limit_K)
        curve = self._inputs.curves.setdefault(parsed[0], Curve())
        curve.coefficient = Int(1, 2).parse(coefficient)
        curve.name, curve.serial = Quoted().parse(name), Quoted("", 10).parse(serial)
        curve.limit_K = parsed[2]
        curve.change_form(parsed[1])
        self._inputs.forget()

    def point(self, arguments: Sequence[str]) -> str:
        """Sensor units and temperature (K)."""
        number, index = _counted(arguments, 2)
        curve = self._inputs.curves.get(_ANY_CURVE.parse(number), Curve())
        units, kelvin = curve.point(_INDEX.parse(index))
        return f"{units:+.6g},{kelvin:+.6g}"

    def set_point(self, arguments: Sequence[str]) -> None:
        """Curve, number of the point, sensor units, temperature (K), and perhaps a spline's curvature."""
        number, index, units, kelvin = _counted(arguments[:4], 4)
        if len(arguments) > 5:
            raise Refusal(COMMAND_ERROR)
        parsed = _USER_CURVE.parse(number), _INDEX.parse(index)
        point = _ANY.parse(units), _ANY.parse(kelvin)
        self._inputs.curves.setdefault(parsed[0], Curve()).set_point(parsed[1], point)
        self._inputs.forget()

    def delete(self, arguments: Sequence[str]) -> None:
        """A user's curve."""
        (number,) = _counted(arguments, 1)
        self._inputs.curves.pop(_USER_CURVE.parse(number), None)
        self._inputs.forget()

    def of_input(self, arguments: Sequence[str]) -> str:
        """Number of the curve that an input uses."""
        (channel,) = _counted(arguments, 1)
        return str(self._settings.get("INSET", Input().parse(channel))[CURVE])

    def set_input(self, arguments: Sequence[str]) -> None:
        """Input and curve; 0, or a curve without points, is none."""
        channel, number = _counted(arguments, 2)
        curve = Int(0, 59).parse(number)
        known = curve if curve in self._inputs.curves else 0
        self._settings.replace("INSET", CURVE, known, Input().parse(channel))
        self._inputs.forget()


def _counted(arguments: Sequence[str], number: int) -> Sequence[str]:
    if len(arguments) != number:
        raise Refusal(COMMAND_ERROR)
    return arguments
