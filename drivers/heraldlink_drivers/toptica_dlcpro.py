# SPDX-License-Identifier: Apache-2.0
"""TOPTICA DLC pro with a CTL laser, over the vendor's ``toptica-lasersdk``.

Parameter names and units from that library's tree for firmware 3.3.3 (mA, degrees Celsius, V, nm, mW there;
SI here). Level 3 (normal), which a connection has from the start, is enough for all of them.
"""

from collections.abc import Callable
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING, Self, TypeVar, cast

from qcodes import validators as vals
from qcodes.instrument import Instrument, InstrumentBaseKWArgs
from qcodes.parameters import Parameter

from heraldlink_drivers._addresses import host_and_port
from heraldlink_drivers._decop import DecopSession, DecopWatch, Value
from heraldlink_drivers._readings import reached, switched
from heraldlink_drivers._safety import take_all
from heraldlink_drivers.errors import DriverError

if TYPE_CHECKING:
    from typing_extensions import Unpack

COMMAND_PORT = 1998
MONITORING_PORT = 1999
_STEP_m, _STEP_W = 1e-15, 1e-9
ZERO_C_K = 273.15
T = TypeVar("T", bool, int, float, str)


class TopticaDLCpro(Instrument):
    """DLC pro: ``TopticaDLCpro("pump", "tcp://192.168.1.30")``.

    ``monitoring``: address of the monitoring line, if it is not port 1999 of the same host. ``timeout``: for
    one answer, s. ``max_power_W``: most that ``set_power_W`` takes.

    Connecting reads the wavelength limits, the current clip and who it is, and writes nothing.

    A CTL has no shutter. ``shutter_open`` is the diode's current driver (``laser1:dl:cc:enabled``), and
    ``emission`` the release of the laser: emission button and ``laser1:enabled``, with interlock and key
    closed. Light leaves when both hold; ``emitting`` reads whether it does. After opening, the laser takes
    seconds to find its frequency again: for fast switching use an attenuator. Power is set through the power
    stabilisation, whose set point must be calibrated in mW at the output [?].
    """

    def __init__(
        self,
        name: str,
        address: str,
        monitoring: str | None = None,
        timeout: float = 5.0,
        max_power_W: float = 0.1,
        **kwargs: "Unpack[InstrumentBaseKWArgs]",
    ) -> None:
        super().__init__(name, **kwargs)
        self.lock = RLock()
        self._watches: list[DecopWatch] = []
        host, port = host_and_port(name, address, COMMAND_PORT)
        self._monitoring_at = host_and_port(name, monitoring or f"tcp://{host}", MONITORING_PORT)
        self._command_port, self._timeout_s = port, timeout
        self._session = DecopSession(name, host, port, timeout)
        ends = ("laser1:ctl:wavelength-min", "laser1:ctl:wavelength-max", "laser1:dl:cc:current-clip")
        self._limits = [self._read(end, float) for end in ends]
        self._add_light(max_power_W)
        self._add_diode()
        self._add_piezo_and_scan()
        self._add_status()
        self.connect_message()

    def _add_light(self, max_power_W: float) -> None:
        low_nm, high_nm, _ = self._limits
        self.wavelength = self._scaled(
            "wavelength", "Wavelength set", "m", "laser1:ctl:wavelength-set", 1e-9, low_nm, high_nm
        )
        """Vacuum wavelength to which the laser is tuned (m), within the limits that it reports."""
        self.wavelength_measured = self._scaled(
            "wavelength_measured", "Wavelength", "m", "laser1:ctl:wavelength-act", 1e-9
        )
        """Wavelength where the grating stands (m); it follows ``wavelength`` in its own time."""
        self.power = self._scaled(
            "power", "Power set", "W", "laser1:power-stabilization:setpoint", 1e-3, 0.0, max_power_W * 1e3
        )
        """Set point of the power stabilisation (W)."""
        self.power_measured = self._scaled("power_measured", "Power", "W", "laser1:ctl:power:power-act", 1e-3)
        """Power at the laser's own photodiode (W)."""
        self.power_stabilization = self._switch(
            "power_stabilization", "Power stabilisation", "laser1:power-stabilization:enabled"
        )
        """Whether the power is held at its set point; if not, the diode current is as set."""
        self.emission_button = self._switch("emission_button", "Emission button", "emission-button-enabled")
        """Emission button of the controller."""
        self.laser_enabled = self._switch("laser_enabled", "Laser 1 enabled", "laser1:enabled")
        """Whether laser 1 may emit."""
        self.emitting = self._reading("emitting", "Light leaves the laser", "laser1:emission", bool)
        """Whether the laser emits."""

    def _add_diode(self) -> None:
        clip_mA = self._limits[2]
        self.diode_on = self._switch("diode_on", "Diode current on", "laser1:dl:cc:enabled")
        """Current driver of the diode."""
        self.current = self._scaled(
            "current", "Diode current set", "A", "laser1:dl:cc:current-set", 1e-3, 0.0, clip_mA
        )
        """Diode current (A), up to the clip that the laser reports; not used under power stabilisation."""
        self.current_measured = self._scaled(
            "current_measured", "Diode current", "A", "laser1:dl:cc:current-act", 1e-3
        )
        """Diode current as it is (A)."""
        self.temperature = self._scaled(
            "temperature", "Temperature set", "K", "laser1:dl:tc:temp-set", 1.0, 0.0, 60.0, ZERO_C_K
        )
        """Temperature of the diode (K); the laser refuses what is beyond its own limits."""
        self.temperature_measured = self._scaled(
            "temperature_measured", "Temperature", "K", "laser1:dl:tc:temp-act", 1.0, offset=ZERO_C_K
        )
        """Temperature of the diode as it is (K)."""
        self.temperature_ready = self._reading(
            "temperature_ready", "Temperature reached", "laser1:dl:tc:ready", bool
        )
        """Whether the diode has its temperature."""

    def _add_piezo_and_scan(self) -> None:
        self.piezo_voltage = self._scaled(
            "piezo_voltage", "Piezo voltage set", "V", "laser1:dl:pc:voltage-set", 1.0, -1.0, 150.0
        )
        """Piezo voltage (V); the laser refuses what is beyond its own limits."""
        self.piezo_voltage_measured = self._scaled(
            "piezo_voltage_measured", "Piezo voltage", "V", "laser1:dl:pc:voltage-act", 1.0
        )
        """Piezo voltage as it is (V)."""
        self.scan = self._switch("scan", "Scan", "laser1:scan:enabled")
        """Whether the scan generator runs."""
        self.scan_frequency = self._scaled(
            "scan_frequency", "Scan frequency", "Hz", "laser1:scan:frequency", 1.0, 0.02, 400.0
        )
        """Frequency of the scan (Hz)."""

    def _add_status(self) -> None:
        self.tuning = self._reading("tuning", "Tuning state", "laser1:ctl:state-txt", str)
        """What the wavelength tuning does, in the laser's words."""
        self.health = self._reading("health", "Health", "laser1:health-txt", str)
        """Health of the laser, in its own words."""
        self.interlock_open = self._reading("interlock_open", "Interlock open", "interlock-open", bool)
        """Whether the interlock keeps the laser off."""
        self.key_locked = self._reading("key_locked", "Key switch locked", "frontkey-locked", bool)
        """Whether the key switch keeps the laser off."""

    def _reading(self, name: str, label: str, path: str, kind: type[T]) -> "Parameter[T, Self]":
        def get() -> T:
            return self._read(path, kind)

        return cast("Parameter[T, Self]", self.add_parameter(name, label=label, get_cmd=get))

    def _switch(self, name: str, label: str, path: str) -> "Parameter[bool, Self]":
        def switch(on: bool) -> None:
            self._write(path, bool(on))

        return self.add_parameter(
            name,
            label=label,
            get_cmd=lambda: self._read(path, bool),
            set_cmd=switch,
            vals=vals.Bool(),
        )

    def _scaled(
        self,
        name: str,
        label: str,
        unit: str,
        path: str,
        scale: float,
        low: float = 0.0,
        high: float = 0.0,
        offset: float = 0.0,
    ) -> "Parameter[float, Self]":
        """A real number in another unit here than there; settable between ``low`` and ``high`` (there)."""
        settable = high > low

        def send(value: float) -> None:
            there = round((value - offset) / scale, 9)
            self._write(path, min(max(there, low), high))  # the conversion must not leave the range

        return self.add_parameter(
            name,
            label=label,
            unit=unit,
            get_cmd=lambda: self._read(path, float) * scale + offset,
            set_cmd=send if settable else False,
            vals=vals.Numbers(low * scale + offset, high * scale + offset) if settable else None,
        )

    def _read(self, path: str, kind: type[T]) -> T:
        with self.lock:
            return cast(T, self._session.get(path, kind))

    def _write(self, path: str, value: Value) -> None:
        with self.lock:
            self._session.set(path, value)

    def watch(
        self,
        parameter: str,
        kind: type[Value],
        callback: Callable[[datetime, Value], None],
        interval_s: float = 0.1,
    ) -> Callable[[], None]:
        """Call back with (time, value) whenever a parameter of the laser's tree changes; returns how to stop.

        ``parameter``: its name there, such as ``laser1:ctl:wavelength-act``, in the laser's unit. The
        callback runs in a thread of its own. Raises ConnectionLost if nobody answers.
        """
        host, port = self._monitoring_at
        watch = DecopWatch(self.name, host, (self._command_port, port), self._timeout_s)
        watch.add(parameter, kind, callback, interval_s)
        self._watches.append(watch)
        return watch.close

    def close(self) -> None:
        """Close the connections; the laser stays as it is."""
        for watch in getattr(self, "_watches", []):
            watch.close()
        if (session := getattr(self, "_session", None)) is not None:
            session.close()
        super().close()

    def get_idn(self) -> dict[str, str | None]:
        """Vendor, model, serial number and firmware."""
        vendor, model, serial, firmware = self.identity().split(",")
        return {"vendor": vendor, "model": model, "serial": serial, "firmware": firmware}

    def identity(self) -> str:
        """``TOPTICA,DLC pro CTL 1550,serial number,firmware``."""
        paths = ("laser1:product-name", "serial-number", "fw-ver")
        head, serial, firmware = (self._read(path, str).replace(",", " ") or "0" for path in paths)
        return f"TOPTICA,DLC pro {head},{serial},{firmware}"

    def errors(self) -> list[str]:
        """Messages of the system that were not read before."""
        with self.lock:
            if not self._read("system-messages:count-new", int):
                return []
            return self._session.text_of("system-messages:show-new").splitlines()

    # the role of a pump laser

    def wavelength_m(self) -> float:
        """Vacuum wavelength set, m."""
        return self.wavelength.get()

    def set_wavelength_m(self, wavelength_m: float) -> None:
        """Tune to a vacuum wavelength, m; ``wavelength_measured`` follows within seconds."""
        with self.lock:
            self.wavelength.set(wavelength_m)
            reached(self.name, "wavelength (m)", self.wavelength.get(), wavelength_m, _STEP_m)

    def power_W(self) -> float:
        """Power set, W."""
        return self.power.get()

    def set_power_W(self, power_W: float) -> None:
        """Set the power, W, and have it held there. Raises DriverError if it reads back other."""
        with self.lock:
            self.power.set(power_W)
            reached(self.name, "power (W)", self.power.get(), power_W, _STEP_W)
            self.power_stabilization.set(True)
            switched(self.name, "power stabilisation", self.power_stabilization.get(), True)

    def emission(self) -> bool:
        """Whether button, ``laser1:enabled``, interlock and key let the laser emit."""
        with self.lock:
            released = self.emission_button.get() and self.laser_enabled.get()
            return released and not self.interlock_open.get() and not self.key_locked.get()

    def set_emission(self, on: bool) -> None:
        """Press or release the emission button and enable or disable laser 1.

        Raises DriverError if it does not read back, as with an open interlock, or if the power is not held.
        """
        with self.lock:
            if on:
                self._must_hold_power()
                self.emission_button.set(True)
                self.laser_enabled.set(True)
                switched(self.name, "emission (button, key, interlock)", self.emission(), True)
                return
            take_all(lambda: self.laser_enabled.set(False), lambda: self.emission_button.set(False))
            switched(self.name, "emission", self.emission(), False)

    def shutter_open(self) -> bool:
        """Whether the diode's current driver is on."""
        return self.diode_on.get()

    def set_shutter_open(self, is_open: bool) -> None:
        """Switch the diode's current driver. Raises DriverError if it reads back other.

        Nor is it switched on where the power is not held.
        """
        with self.lock:
            if is_open:
                self._must_hold_power()
            self.diode_on.set(is_open)
            switched(self.name, "diode current", self.diode_on.get(), is_open)

    def _must_hold_power(self) -> None:
        """Raise DriverError where the light follows the diode's current, and not the set point."""
        if not self.power_stabilization.get():
            raise DriverError(
                f"{self.name}: power stabilisation is off, so that light is not what power_W says:"
                " setting the power switches it on"
            )

    def safe_state(self) -> None:
        """Diode off, laser disabled, button released; raises DriverError if the read-back disagrees."""
        with self.lock:
            take_all(
                lambda: self.diode_on.set(False),
                lambda: self.laser_enabled.set(False),
                lambda: self.emission_button.set(False),
                lambda: switched(self.name, "diode current", self.diode_on.get(), False),
                lambda: switched(self.name, "laser 1", self.laser_enabled.get(), False),
                lambda: switched(self.name, "emission", self.emitting.get(), False),
            )
