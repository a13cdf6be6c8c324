# SPDX-License-Identifier: Apache-2.0
"""Bluefors cryostat through the HTTP interface (generation 1) of its control software.

Paths and answers from the vendor's reference as users quote it: values are texts, each with its time, its
status and whether it is outdated. Port 49099 (HTTP, on the control computer itself) or 49098 (HTTPS, with a
key from Settings, API keys).
"""

import ssl
import time
from collections.abc import Mapping
from math import inf, isfinite
from threading import RLock
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import quote

from qcodes.instrument import Instrument, InstrumentBaseKWArgs
from qcodes.parameters import Parameter

from heraldlink_drivers._http import HttpSession, Reply
from heraldlink_drivers.errors import DriverError, InstrumentError, Timeout

if TYPE_CHECKING:
    from typing_extensions import Unpack

SENSORS: Mapping[str, int] = {"t50k": 1, "t4k": 2, "tmagnet": 3, "tstill": 5, "tmixing": 6, "tfse": 9}
"""Channel numbers by the names of sensors; those of a standard LD or XLD system."""
NEVER_WRITTEN = frozenset({"v15", "v17", "v18"})
"""Valves that no program may move: a wrong move vents the mixture."""
GOOD = frozenset({"SYNCHRONIZED", "INDEPENDENT"})
BF = "mapper.bf"


class BlueforsController(Instrument):
    """Cryostat: ``BlueforsController("fridge", "http://127.0.0.1:49099")``; elsewhere over HTTPS with a key.

    ``key``: key of the interface. ``certificate``: file with the certificate that the control computer shows.
    ``unlocked=True`` allows ``write_value``; without it nothing is ever written, and valves v15, v17 and v18
    are never written at all. Connecting sends ``GET /system`` and ``GET`` of the temperatures.
    """

    def __init__(
        self,
        name: str,
        address: str,
        key: str = "",
        certificate: str | None = None,
        unlocked: bool = False,
        timeout: float = 5.0,
        **kwargs: "Unpack[InstrumentBaseKWArgs]",
    ) -> None:
        super().__init__(name, **kwargs)
        self.lock = RLock()
        self._key, self._unlocked, self._timeout_s = key, unlocked, timeout
        context = ssl.create_default_context(cafile=certificate) if certificate else None
        self._session = HttpSession(name, address, timeout, context)
        self._idn = self.identity()
        self._sensors = self._found_sensors()
        for sensor, channel in self._sensors.items():
            self._add_temperature(sensor, channel)
        self._add_gas()
        self.connect_message()

    def _add_temperature(self, sensor: str, channel: int) -> None:
        self.add_parameter(
            sensor,
            label=f"Temperature of {sensor[1:]} (channel {channel})",
            unit="K",
            get_cmd=lambda: self.temperature_K(channel),
        )

    def _add_gas(self) -> None:
        self.flow: Parameter[float, Self] = self.add_parameter(
            "flow", label="Flow of mixture", unit="mol/s", get_cmd=lambda: self.number(f"{BF}.flow")
        )
        """Flow of the mixture (mol/s) [?: some installations report mmol/s]."""
        for number in range(1, 7):
            self.add_parameter(
                f"p{number}",
                label=f"Pressure {number}",
                unit="Pa",
                get_cmd=lambda path=f"{BF}.pressures.p{number}": self.number(path) * 1e5,
                docstring="Pressure (Pa); the control software reports bar [?].",
            )

    def _found_sensors(self) -> dict[str, int]:
        found = self._get(f"values/{BF.replace('.', '/')}/temperatures")
        names = {path.rpartition(".")[2] for path in found}
        return {name: channel for name, channel in SENSORS.items() if name in names}

    def close(self) -> None:
        """Close the connection."""
        if (session := getattr(self, "_session", None)) is not None:
            session.close()
        super().close()

    def get_idn(self) -> dict[str, str | None]:
        """Vendor, model, name of the system and version of its software."""
        vendor, model, serial, firmware = self._idn.split(",")
        return {"vendor": vendor, "model": model, "serial": serial, "firmware": firmware}

    def identity(self) -> str:
        """``Bluefors,Control Software,system name,version``."""
        system = self._get("system")
        name, version = (str(system.get(field, "")) for field in ("system_name", "system_version"))
        words = (word.replace(",", " ") or "0" for word in (name, version))
        return ",".join(("Bluefors", "Control Software", *words))

    def errors(self) -> list[str]:
        """None: the interface answers errors at once."""
        return []

    def safe_state(self) -> None:
        """Leave the cryostat as it is."""

    # values

    def value(self, path: str) -> Mapping[str, object]:
        """Latest value of a path (``mapper.bf.flow``): ``value``, ``date`` (ms), ``status``, ``outdated``.

        Raises InstrumentError if there is none.
        """
        return self._latest(path)[0]

    def number(self, path: str) -> float:
        """Number at a path. Raises DriverError, saying why, if it is not valid or outdated."""
        return self._valid(path, self.value(path))

    def _latest(self, path: str) -> tuple[Mapping[str, object], float | None]:
        """Latest value, and the controller's clock."""
        reply = self._request("GET", f"/values/{quote(path.replace('.', '/'))}")
        node = _mapping(_mapping(_mapping(reply.content).get("data")).get(path))
        self._raise_error(node, path)
        latest = _mapping(_mapping(node.get("content")).get("latest_value"))
        if not latest:
            raise DriverError(f"{self.name}: {path} has no value")
        return latest, reply.date_s

    def _valid(self, path: str, latest: Mapping[str, object]) -> float:
        status, text = latest.get("status"), latest.get("value")
        if status not in GOOD or latest.get("outdated") is not False:
            age = "outdated" if latest.get("outdated") else "not outdated"
            raise DriverError(f"{self.name}: {path} is {status}, {age} ({text})")
        try:
            number = float(str(text))
        except ValueError:
            number = inf
        if not isfinite(number):
            raise DriverError(f"{self.name}: {path} is {text!r}, no number")
        return number

    def write_value(self, path: str, value: float | str) -> None:
        """Write a value and return when the hardware has it.

        Raises ValueError, before anything is sent, for valves v15, v17 and v18, and for everything unless
        ``unlocked``; InstrumentError if it is refused; Timeout if it is not synchronized in time.
        """
        self._may_write(path)
        content = {"data": {path: {"content": {"value": str(value)}}}}
        with self.lock:
            reply = self._request("POST", "/values/", content)
            self._raise_error(_mapping(_mapping(_mapping(reply.content).get("data")).get(path)), path)
            deadline = time.monotonic() + self._timeout_s
            while not _equal(latest := self.value(path), value):
                if time.monotonic() > deadline:
                    raise Timeout(f"{self.name}: {path} is {latest.get('value')} ({latest.get('status')})")

    def _may_write(self, path: str) -> None:
        parts = path.lower().replace("/", ".").split(".")
        if forbidden := NEVER_WRITTEN.intersection(part.strip() for part in parts):
            raise ValueError(f"{self.name}: valve {min(forbidden)} is never written by a program")
        if not self._unlocked:
            raise ValueError(f"{self.name}: {path} is not written: open the driver with unlocked=True")

    def _get(self, target: str) -> Mapping[str, object]:
        return _mapping(_mapping(self._request("GET", f"/{target}").content).get("data"))

    def _request(self, method: str, target: str, content: object = None) -> Reply:
        key = f"?key={quote(self._key)}" if self._key else ""
        with self.lock:
            reply = self._session.request(method, target + key, content)
        self._raise_error(_mapping(reply.content), f"{method} {target}")
        if reply.status != 200:
            raise InstrumentError(self.name, f"{method} {target}", reply.status, "HTTP status")
        return reply

    def _raise_error(self, node: Mapping[str, object], what: str) -> None:
        if error := _mapping(node.get("error")):
            code = error.get("code")
            text = str(error.get("description") or error.get("name") or "")
            raise InstrumentError(self.name, what, code if isinstance(code, int) else 0, text)

    # the role of a thermometer

    @property
    def channels(self) -> tuple[int, ...]:
        """Numbers of the channels that are measured."""
        return tuple(sorted(self._sensors.values()))

    def temperature_K(self, channel: int) -> float:
        """Temperature of a channel, K. Raises DriverError if the reading is not valid or outdated."""
        kelvin = self.number(path := self._path(channel))
        if kelvin <= 0:
            raise DriverError(f"{self.name}: {path} is {kelvin} K: out of the sensor's range")
        return kelvin

    def age_s(self, channel: int) -> float:
        """How old the reading is by the controller's own clock, s; infinite if there is none."""
        latest, now_s = self._latest(self._path(channel))
        date_ms = latest.get("date")
        if not isinstance(date_ms, int | float) or date_ms <= 0:
            return inf
        return max(0.0, (time.time() if now_s is None else now_s) - date_ms * 1e-3)

    def _path(self, channel: int) -> str:
        for sensor, number in self._sensors.items():
            if number == channel:
                return f"{BF}.temperatures.{sensor}"
        raise ValueError(f"{self.name}: there is no channel {channel}, only {self.channels}")


def _mapping(found: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}


def _equal(latest: Mapping[str, object], wanted: float | str) -> bool:
    if latest.get("status") not in GOOD:
        return False
    try:
        return float(str(latest.get("value"))) == float(wanted)
    except ValueError:
        return str(latest.get("value")) == str(wanted)
