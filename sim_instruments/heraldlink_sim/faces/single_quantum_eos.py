# SPDX-License-Identifier: Apache-2.0
"""Single Quantum EOS detector driver (WebSQ control): labels over JSON, counts as text lines.

Pure: no socket and no clock. Labels, requests and commands follow the vendor's own Python client: a request
``labelProps`` is answered with one message per label whose value is ``{"value", "bounds", "units"}``; a
command is answered by a broadcast of the plain new value to every client; a mistake by a label ``Error``.
Powers up with the detectors disabled and no bias. Bounds of bias and trigger level are this model's own.

``AutoCaliBiasCurrents`` steps the bias, one measurement period each, until all detectors have the dark counts
of ``DarkCountsAutoIV`` (per second [?]); ``StartAutoIV`` is true meanwhile, ``BiasCurrentAutoIV`` is what was
found. ``IVScanEnable`` scans from ``IVScanStart`` to ``IVScanEnd`` by ``IVScanIncrement``, which are set by
messages that only have a label; ``IVHistory`` and ``TemperatureHistory`` are asked for by request.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.errors import SimulationError, TransportError
from heraldlink_sim.faces.eos_messages import decode, encode
from heraldlink_sim.faces.eos_scans import MAX_SCAN_uA, Scan, found_bias_uA
from heraldlink_sim.world.rack import BiasState

MAX_BIAS_uA = 100.0
MAX_TRIGGER_mV = 1000.0
LINE_RESISTANCE_OHM = 10.0
LATCHED_RESISTANCE_OHM = 1000.0
"""Of a nanowire that stays normal-conducting; what a box shows of it differs between models [?]."""
PERIOD_BOUNDS_ms = (1.0, 60_000.0)
MAX_DARK_Hz = 1e6
COMMAND_COST_S = 1e-3
SWITCHED_ON = datetime(2026, 1, 1)
SCAN_LABELS = {"IVScanStart": "start_uA", "IVScanEnd": "stop_uA", "IVScanIncrement": "step_uA"}
WIRE_LOG_LENGTH = 2000


class LabelError(SimulationError):
    """A request or command that the device refuses; the text goes out under the label Error."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one message causes: ``reply`` to its sender, ``broadcast`` to every client."""

    reply: bytes = b""
    broadcast: bytes = b""


def _to_nobody(message: bytes) -> None:
    """Stand in until a server listens."""


class SingleQuantumEOS:
    """One box with ``detectors`` channels."""

    def __init__(self, serial: str = "SIM-0001", detectors: int = 2, clock: Clock | None = None) -> None:
        self.serial, self.clock = serial, clock or SteppedClock()
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        self.on_broadcast: Callable[[bytes], None] = _to_nobody
        self._start(detectors)

    def _start(self, detectors: int) -> None:
        self.enabled = self.latched = False
        self.period_ms = 100.0
        self.bias_uA = [0.0] * detectors
        self.trigger_mV = [0.0] * detectors
        self._rates_Hz = (0.0,) * detectors
        self._fractions = [0.0] * detectors
        self._elapsed_s = 0.0
        self._dark_Hz = [100.0] * detectors
        self._found_uA = [0.0] * detectors
        self._auto, self._scan = Scan(), Scan()

    # --- faults

    def power_cycle(self) -> None:
        """As after the mains were off for a moment."""
        self._start(len(self.bias_uA))

    def latch(self) -> None:
        """All detectors stay normal-conducting: no counts, a high bias voltage, until the bias was off."""
        self.latched = True

    def unlatch(self) -> None:
        """Let the detectors cool down."""
        self.latched = False

    def swallow(self, message: bytes) -> bytes | None:
        """Say of a message whether it is a setting; one is acknowledged by nothing but its effect."""
        try:
            return b"" if "command" in decode(message) else None
        except TransportError:
            return None

    # --- the wire

    def respond(self, message: bytes) -> bytes:
        """Answer one JSON object to its sender; what concerns all clients goes to ``on_broadcast``."""
        self.wire_log.append(("in", message))
        self.clock.spend(COMMAND_COST_S)
        self._look()
        try:
            answer = self.execute(decode(message))
        except TransportError as error:
            answer = Answer(reply=encode("Error", str(error)))
        for data in filter(None, (answer.reply, answer.broadcast)):
            self.wire_log.append(("out", data))
        if answer.broadcast:
            self.on_broadcast(answer.broadcast)
        return answer.reply

    def execute(self, message: Mapping[str, object]) -> Answer:
        """Answer one message of a client."""
        try:
            if "command" in message:
                return Answer(broadcast=self._command(str(message["command"]), message.get("value")))
            if "request" in message:
                return Answer(reply=self._request(str(message["request"])))
            if message.get("label") in SCAN_LABELS:
                return Answer(broadcast=self._set_scan(str(message["label"]), message.get("value")))
            raise LabelError("message has neither command nor request")
        except LabelError as error:
            return Answer(reply=encode("Error", str(error)))

    def _request(self, name: str) -> bytes:
        labels = self._labels()
        if name in ("IVHistory", "TemperatureHistory"):
            return b"".join(encode(label, value) for label, value in self._history(name).items())
        if name == "labelProps":
            return b"".join(encode(label, properties) for label, properties in labels.items())
        if name not in labels:
            raise LabelError(f"unknown label {name}")
        return encode(name, labels[name]["value"])

    def _command(self, name: str, value: object) -> bytes:
        if name == "DetectorEnable":
            if not isinstance(value, bool):
                raise LabelError("DetectorEnable: value must be true or false")
            self.enabled = value
            self.latched &= value
            return encode("DetectorEnable", value)
        if name == "SetAllBiasCurrents":
            self.bias_uA = self._per_detector(name, value, 0.0, MAX_BIAS_uA)
            self.latched &= any(self.bias_uA)
            return encode("BiasCurrent", self.bias_uA)
        if name == "SetAllTriggerLevels":
            self.trigger_mV = self._per_detector(name, value, -MAX_TRIGGER_mV, MAX_TRIGGER_mV)
            return encode("TriggerLevel", self.trigger_mV)
        if name == "SetMeasurementPeriod":
            self.period_ms = _number(name, value, *PERIOD_BOUNDS_ms)
            return encode("InptMeasurementPeriod", self.period_ms)
        if name == "DarkCountsAutoIV":
            self._dark_Hz = self._per_detector(name, value, 0.0, MAX_DARK_Hz)
            return encode(name, self._dark_Hz)
        if name in ("AutoCaliBiasCurrents", "IVScanEnable"):
            return self._start_or_stop(name, value)
        if name == "RecordCountsReset":
            self._elapsed_s, self._fractions = 0.0, [0.0] * len(self.bias_uA)
            return encode(name, True)
        raise LabelError(f"command {name} is not available")

    # --- scans

    def _start_or_stop(self, name: str, value: object) -> bytes:
        label, scan = ("StartAutoIV", self._auto) if name == "AutoCaliBiasCurrents" else (name, self._scan)
        if not isinstance(value, bool):
            raise LabelError(f"{name}: value must be true or false")
        if value and not self.enabled:
            raise LabelError(f"{name}: detectors are disabled")
        if value and (self._auto.running or self._scan.running):
            raise LabelError(f"{name}: a scan is running")
        if value:
            scan.begin(self.clock.now_s(), self.period_ms * 1e-3)
        elif scan.running:
            scan.stop(self.clock.now_s())
        return encode(label, scan.running)

    def _set_scan(self, label: str, value: object) -> bytes:
        if self._scan.running:
            raise LabelError(f"{label}: a scan is running")
        low = 1e-3 if label == "IVScanIncrement" else -MAX_SCAN_uA
        setattr(self._scan, SCAN_LABELS[label], number := _number(label, value, low, MAX_SCAN_uA))
        return encode(label, number)

    def _look(self) -> None:
        """End the scans that are over, and tell all clients."""
        now_s = self.clock.now_s()
        if self._scan.over(now_s):
            self._scan.stop(now_s)
            self.on_broadcast(encode("IVScanEnable", False))
        if self._auto.over(now_s):
            self._auto.stop(now_s)
            if not self.latched:
                self._found_uA = found_bias_uA(self._dark_Hz)
                self.bias_uA = list(self._found_uA)
            self.on_broadcast(encode("BiasCurrentAutoIV", self._found_uA))
            self.on_broadcast(encode("BiasCurrent", self.bias_uA) + encode("StartAutoIV", False))

    def _history(self, name: str) -> dict[str, object]:
        now_s, detectors = self.clock.now_s(), len(self.bias_uA)
        if name == "IVHistory":
            scan = self._scan if self._scan.begun_s is not None else self._auto
            counts = scan.rows(now_s, "y", detectors, self.latched)
            return {
                "ic_scan_history": counts,
                "iv_scan_history": scan.rows(now_s, "v", detectors, self.latched),
            }
        times = [SWITCHED_ON + timedelta(seconds=now_s - 60 * minute) for minute in range(4, -1, -1)]
        curves = {"T": 2.5, "T2": 40.0, "V_avrg": 1.2, "BoardTemp1": 35.0, "BoardTemp2": 36.0}
        memory: dict[str, object] = {key: [value] * len(times) for key, value in curves.items()}
        memory["x"] = [time.strftime("%d-%b-%y %H:%M:%S.%f") for time in times]
        return {"temperature_long_memory": memory}

    def _per_detector(self, name: str, value: object, low: float, high: float) -> list[float]:
        if not isinstance(value, list) or len(value) != len(self.bias_uA):  # pyright: ignore[reportUnknownArgumentType]
            raise LabelError(f"{name}: value must be a list of {len(self.bias_uA)} numbers")
        return [_number(name, item, low, high) for item in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    def _labels(self) -> dict[str, dict[str, object]]:
        ohm = LATCHED_RESISTANCE_OHM if self.latched else LINE_RESISTANCE_OHM
        volts = [self.enabled * bias * 1e-6 * ohm for bias in self.bias_uA]
        return {
            "SerialNumber": {"value": self.serial},
            "NumberOfDetectors": {"value": len(self.bias_uA)},
            "DetectorEnable": {"value": self.enabled},
            "BiasCurrent": {"value": self.bias_uA, "bounds": [0.0, MAX_BIAS_uA], "units": "uA"},
            "TriggerLevel": {
                "value": self.trigger_mV,
                "bounds": [-MAX_TRIGGER_mV, MAX_TRIGGER_mV],
                "units": "mV",
            },
            "BiasVoltage": {"value": volts, "units": "V"},
            "InptMeasurementPeriod": {
                "value": self.period_ms,
                "bounds": list(PERIOD_BOUNDS_ms),
                "units": "ms",
            },
            "DarkCountsAutoIV": {"value": self._dark_Hz, "bounds": [0.0, MAX_DARK_Hz], "units": "1/s"},
            "BiasCurrentAutoIV": {"value": self._found_uA, "units": "uA"},
            "IVScanStart": {"value": self._scan.start_uA, "bounds": [-MAX_SCAN_uA, MAX_SCAN_uA]},
            "IVScanEnd": {"value": self._scan.stop_uA, "bounds": [-MAX_SCAN_uA, MAX_SCAN_uA]},
            "IVScanIncrement": {"value": self._scan.step_uA, "units": "uA"},
            "IVScanEnable": {"value": self._scan.running},
            "StartAutoIV": {"value": self._auto.running},
        }

    def counts_line(self) -> bytes:
        """Return the line of one measurement period, ``time,c1,c2``, and go on to the next period.

        Counts are rate times period, fractions carried over; ``time`` (s) is the sum of periods so far.
        """
        period_s = self.period_ms * 1e-3
        self.clock.spend(period_s)
        self._look()
        self._elapsed_s += period_s
        counts: list[int] = []
        for index, rate_Hz in enumerate(self._rates_Hz):
            expected = self._fractions[index] + rate_Hz * period_s * (self.enabled and not self.latched)
            counts.append(int(expected))
            self._fractions[index] = expected - int(expected)
        return (",".join([f"{self._elapsed_s:.6f}", *map(str, counts)]) + "\n").encode()

    # --- the world

    def state(self) -> BiasState:
        """Return what arrived over the wire."""
        return BiasState(
            enabled=self.enabled and not self.latched,
            bias_A=tuple(bias * 1e-6 for bias in self.bias_uA),
            trigger_level_V=tuple(level * 1e-3 for level in self.trigger_mV),
        )

    def observe(self, rates_Hz: tuple[float, ...]) -> None:
        """Take the mean count rate of each detector. Raises SimulationError for a wrong number of them."""
        if len(rates_Hz) != len(self.bias_uA):
            raise SimulationError(f"EOS has {len(self.bias_uA)} detectors, not {len(rates_Hz)}")
        self._rates_Hz = tuple(rates_Hz)


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LabelError(f"{name}: value must be a number")
    if not low <= value <= high:
        raise LabelError(f"{name}: value is outside {low:g}..{high:g}")
    return float(value)
