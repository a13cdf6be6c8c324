# SPDX-License-Identifier: Apache-2.0
"""Single Quantum EOS: bias, trigger levels and counts of superconducting nanowire detectors.

Protocol and labels from the vendor's public Python client (WebSQ): JSON on port 12000, one text line of
counts per measurement period on port 12345. Only ``DetectorEnable`` switches the bias; reading never does.
"""

import json
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Self, cast

from qcodes import validators as vals
from qcodes.instrument import Instrument, InstrumentBaseKWArgs
from qcodes.parameters import Parameter

from heraldlink_drivers._addresses import connect, host_and_port
from heraldlink_drivers._ahead import ReadAhead
from heraldlink_drivers._websq import WebSQSession
from heraldlink_drivers.errors import ConnectionLost, InstrumentError, Timeout

if TYPE_CHECKING:
    from typing_extensions import Unpack

CONTROL_PORT = 12000
COUNTS_PORT = 12345
MAX_BIAS_A = 100e-6
MAX_TRIGGER_LEVEL_V = 1.0


class SingleQuantumEOS(Instrument):
    """EOS detector driver: ``SingleQuantumEOS("snspds", "tcp://192.168.1.1")``.

    ``counts``: address of the counts port, if it is not port 12345 of the same host. ``timeout``: for one
    reply, s. Values of all detectors are set together, as the instrument does.
    """

    def __init__(
        self,
        name: str,
        address: str,
        counts: str | None = None,
        timeout: float = 4.0,
        **kwargs: "Unpack[InstrumentBaseKWArgs]",
    ) -> None:
        super().__init__(name, **kwargs)
        self.lock = RLock()
        self._ahead = ReadAhead(self._properties)
        host, port = host_and_port(name, address, CONTROL_PORT)
        self._counts_at = host_and_port(name, counts or f"tcp://{host}", COUNTS_PORT)
        self._control_at = host, port
        self._timeout_s = timeout
        self._session: WebSQSession | None = self._connect()
        self._detectors = int(cast(float, self._property("NumberOfDetectors")))
        self._add_settings()
        self._add_readings()
        self.connect_message()

    def _add_settings(self) -> None:
        levels = vals.Numbers(-MAX_TRIGGER_LEVEL_V, MAX_TRIGGER_LEVEL_V)
        self.bias: Parameter[Sequence[float], Self] = self.add_parameter(
            "bias",
            label="Bias currents",
            unit="A",
            get_cmd=self._getter("BiasCurrent", 1e-6),
            set_cmd=self._setter("SetAllBiasCurrents", "BiasCurrent", 1e-6),
            vals=vals.Sequence(vals.Numbers(0, MAX_BIAS_A), length=self._detectors),
        )
        """Bias current of each detector (A), 0 to 100 uA."""
        self.trigger_level: Parameter[Sequence[float], Self] = self.add_parameter(
            "trigger_level",
            label="Trigger levels",
            unit="V",
            get_cmd=self._getter("TriggerLevel", 1e-3),
            set_cmd=self._setter("SetAllTriggerLevels", "TriggerLevel", 1e-3),
            vals=vals.Sequence(levels, length=self._detectors),
        )
        """Trigger level of each detector (V)."""
        self.detectors_enabled: Parameter[bool, Self] = self.add_parameter(
            "detectors_enabled",
            label="Bias applied",
            get_cmd=self._get_enabled,
            set_cmd=self._set_enabled,
            vals=vals.Bool(),
        )
        """Whether the bias currents are applied."""
        self.measurement_period: Parameter[float, Self] = self.add_parameter(
            "measurement_period",
            label="Measurement period",
            unit="s",
            get_cmd=self._get_period,
            set_cmd=self._set_period,
            vals=vals.Numbers(1e-3, 60),
        )
        """Time over which the instrument counts (s)."""

    def _add_readings(self) -> None:
        self.count_rates: Parameter[tuple[float, ...], Self] = self.add_parameter(
            "count_rates",
            label="Count rates",
            unit="Hz",
            get_cmd=self.count_rates_Hz,
            vals=vals.Sequence(vals.Numbers(), length=self._detectors),
            snapshot_get=False,
        )
        """Count rate of each detector (Hz) over the next measurement period; reading waits for its end."""

    def close(self) -> None:
        """Close the connection; bias and settings stay."""
        self._disconnect()
        super().close()

    def get_idn(self) -> dict[str, str | None]:
        """Vendor, model and serial number; the firmware is not reported."""
        vendor, model, serial, _ = self.identity().split(",")
        return {"vendor": vendor, "model": model, "serial": serial, "firmware": None}

    def identity(self) -> str:
        """``Single Quantum,EOS,serial number,0``: it reports no firmware, perhaps no serial number [?]."""
        try:
            return f"Single Quantum,EOS,{self._property('SerialNumber')},0"
        except Timeout:
            return "Single Quantum,EOS,unknown,0"

    def errors(self) -> list[str]:
        """Errors that the instrument sent unasked; they are forgotten."""
        with self._exchange() as session:
            return session.take_errors()

    def _connect(self) -> WebSQSession:
        return WebSQSession(
            self.name, connect(self.name, *self._control_at, self._timeout_s), self._timeout_s
        )

    def _disconnect(self) -> None:
        if (session := getattr(self, "_session", None)) is not None:
            session.close()
        self._session = None

    @contextmanager
    def _exchange(self) -> Generator[WebSQSession, None, None]:
        """Hold the lock; after a reply that did not come, the next exchange has a new connection."""
        with self.lock:
            if self._session is None:
                self._session = self._connect()
            try:
                yield self._session
            except (Timeout, ConnectionLost):
                self._disconnect()
                raise

    def _property(self, label: str) -> object:
        with self._exchange() as session:
            known = self._ahead.take(label)
            return session.property(label) if known is None else json.loads(known)

    @contextmanager
    def reading_together(self, what: str) -> Generator[None, None, None]:
        """Properties read inside come from one answer, which has all of them anyway."""
        with self.lock, self._ahead.stretch(what):
            yield

    def _properties(self, labels: Sequence[str]) -> list[str]:
        """Values of several properties, as JSON."""
        with self._exchange() as session:
            found = session.properties(labels)
        return [json.dumps(found[label]) for label in labels]

    def _command(self, command: str, label: str, value: object) -> None:
        """Send a command and wait until its property has the new value."""
        shown = f"{command} {value}"
        with self._exchange() as session:
            session.command(command, label, value)
            deadline = time.monotonic() + self._timeout_s
            while not _equal(found := session.property(label, shown), value):
                if time.monotonic() > deadline:
                    raise InstrumentError(self.name, shown, 0, f"{label} stays at {found}")

    def _getter(self, label: str, unit: float) -> Callable[[], tuple[float, ...]]:
        def get() -> tuple[float, ...]:
            values = cast("list[float]", self._property(label))
            return tuple(float(value) * unit for value in values)

        return get

    def _setter(self, command: str, label: str, unit: float) -> Callable[[Sequence[float]], None]:
        def set_values(values: Sequence[float]) -> None:
            self._command(command, label, [round(float(value) / unit, 6) for value in values])

        return set_values

    def _get_enabled(self) -> bool:
        return bool(self._property("DetectorEnable"))

    def _set_enabled(self, on: bool) -> None:
        self._command("DetectorEnable", "DetectorEnable", on)

    def _get_period(self) -> float:
        return float(cast(float, self._property("InptMeasurementPeriod"))) * 1e-3

    def _set_period(self, period_s: float) -> None:
        self._command("SetMeasurementPeriod", "InptMeasurementPeriod", round(period_s * 1e3, 6))

    def find_bias_A(self, dark_Hz: Sequence[float], timeout_s: float = 120.0) -> tuple[float, ...]:
        """Let the instrument search and set the bias currents (A) at which the dark counts are ``dark_Hz``.

        No light may reach the detectors, which must be enabled. Raises InstrumentError if it is refused,
        Timeout if it is not done in time.
        """
        if len(dark_Hz) != self._detectors:
            raise ValueError(f"{self.name}: {len(dark_Hz)} dark count rates for {self._detectors} detectors")
        with self.lock:
            self._command("DarkCountsAutoIV", "DarkCountsAutoIV", [float(rate) for rate in dark_Hz])
            self._command("AutoCaliBiasCurrents", "StartAutoIV", True)
            with self._exchange() as session:
                deadline = time.monotonic() + timeout_s
                while session.property("StartAutoIV", "AutoCaliBiasCurrents"):
                    if time.monotonic() > deadline:
                        session.command("AutoCaliBiasCurrents", "StartAutoIV", False)
                        raise Timeout(f"{self.name}: no bias currents found within {timeout_s} s")
            return tuple(
                float(bias) * 1e-6 for bias in cast("list[float]", self._property("BiasCurrentAutoIV"))
            )

    # the role of a detector bias

    @property
    def detector_count(self) -> int:
        """Number of detectors; they count from 1."""
        return self._detectors

    def bias_A(self) -> tuple[float, ...]:
        """Bias current of each detector, A."""
        return tuple(self.bias.get())

    def set_bias_A(self, bias_A: Sequence[float]) -> None:
        """Set the bias current of all detectors, A."""
        self.bias.set(tuple(bias_A))

    def enabled(self) -> bool:
        """Whether the bias is applied."""
        return self.detectors_enabled.get()

    def set_enabled(self, on: bool) -> None:
        """Apply or remove the bias."""
        self.detectors_enabled.set(on)

    def trigger_level_V(self) -> tuple[float, ...]:
        """Trigger level of each detector, V."""
        return tuple(self.trigger_level.get())

    def set_trigger_level_V(self, trigger_level_V: Sequence[float]) -> None:
        """Set the trigger level of all detectors, V."""
        self.trigger_level.set(tuple(trigger_level_V))

    def count_rates_Hz(self) -> tuple[float, ...]:
        """Count rate of each detector (Hz) over the next measurement period; waits for its end."""
        period_s = self._get_period()
        counts = self._next_line(period_s + self._timeout_s).split(",")[1:]
        return tuple(int(float(count)) / period_s for count in counts)

    def _next_line(self, timeout_s: float) -> str:
        """First line of a new connection to the counts port: a connection kept open holds old lines."""
        with connect(self.name, *self._counts_at, timeout_s) as connection, connection.makefile("r") as lines:
            try:
                line = lines.readline()
            except TimeoutError as error:
                raise Timeout(f"{self.name}: no counts within {timeout_s} s") from error
        if not line.endswith("\n"):
            raise ConnectionLost(f"{self.name}: the counts port closed the connection")
        return line.strip()

    def safe_state(self) -> None:
        """Leave the bias as it is: ramping it up again costs a calibration."""


def _equal(found: object, wanted: object) -> bool:
    """Whether a property has the value that was sent, but for the rounding of its text."""
    if isinstance(wanted, bool) or not isinstance(wanted, list | float | int):
        return found == wanted
    sent, got = _numbers(cast(object, wanted)), _numbers(found)
    return len(sent) == len(got) and all(
        abs(a - b) <= 1e-3 * max(1.0, abs(a)) for a, b in zip(sent, got, strict=True)
    )


def _numbers(value: object) -> list[float]:
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    return [float(item) for item in items if isinstance(item, int | float)]
