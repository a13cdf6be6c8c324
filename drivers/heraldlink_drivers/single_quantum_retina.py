# SPDX-License-Identifier: Apache-2.0
"""Single Quantum Retina and Atlas: bias, trigger levels, counts and sweeps of nanowire detectors.

JSON-RPC 2.0 over HTTP (``POST /api``) and frames of counts over a WebSocket (``/counts``), as the vendor's
public client has them. Only ``enable`` switches channels on; reading never does.
"""

import struct
import time
from collections.abc import Mapping, Sequence
from itertools import count
from math import ceil
from threading import RLock
from typing import TYPE_CHECKING, Self, cast

from qcodes import validators as vals
from qcodes.instrument import Instrument, InstrumentBaseKWArgs
from qcodes.parameters import Parameter
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from heraldlink_drivers._http import HttpSession
from heraldlink_drivers._readings import reached
from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError, Timeout

if TYPE_CHECKING:
    from typing_extensions import Unpack

RECORD = struct.Struct("<3BxffIIId")
CYCLE_S = 0.01
OFF, ON, SWEEP = 0, 1, 2
MAX_BIAS_A = 100e-6
MAX_TRIGGER_LEVEL_V = 10.0


class SingleQuantumRetina(Instrument):
    """Retina: ``SingleQuantumRetina("snspds", "http://192.168.1.1")``.

    ``timeout``: for one reply, s. ``ramp_step_A``: most by which a bias current is changed at once; a larger
    change goes in such steps, so that no detector is driven across its plateau in one jump.
    Connecting calls ``getSettings`` and ``getBackend`` only.
    """

    def __init__(
        self,
        name: str,
        address: str,
        timeout: float = 5.0,
        ramp_step_A: float = 1e-6,
        **kwargs: "Unpack[InstrumentBaseKWArgs]",
    ) -> None:
        super().__init__(name, **kwargs)
        self.lock = RLock()
        self._numbers, self._timeout_s, self._ramp_step_A = count(1), timeout, ramp_step_A
        self._session = HttpSession(name, address, timeout)
        self._counts_at = "ws" + address.removeprefix("http").rstrip("/") + "/counts"
        self._places = self._rank_map()
        self._add_settings()
        self._add_readings()
        self.connect_message()

    def _add_settings(self) -> None:
        number = self.detector_count
        self.bias: Parameter[Sequence[float], Self] = self.add_parameter(
            "bias",
            label="Bias currents",
            unit="A",
            get_cmd=lambda: self._each("biasI"),
            set_cmd=self._ramp,
            vals=vals.Sequence(vals.Numbers(0, MAX_BIAS_A), length=number),
        )
        """Bias current of each detector (A), 0 to 100 uA; changed in steps of ``ramp_step_A``."""
        levels = vals.Numbers(-MAX_TRIGGER_LEVEL_V, MAX_TRIGGER_LEVEL_V)
        self.trigger_level: Parameter[Sequence[float], Self] = self.add_parameter(
            "trigger_level",
            label="Trigger levels",
            unit="V",
            get_cmd=lambda: self._each("triggerV"),
            set_cmd=self._set_levels,
            vals=vals.Sequence(levels, length=number),
        )
        """Trigger level of each detector (V), -10 to 10 V."""
        self.detectors_enabled: Parameter[bool, Self] = self.add_parameter(
            "detectors_enabled",
            label="Channels on",
            get_cmd=self._get_enabled,
            set_cmd=self._set_enabled,
            vals=vals.Bool(),
        )
        """Whether all channels are biased and count [?: ``cuStatus`` 1]."""
        self.integration_time: Parameter[float, Self] = self.add_parameter(
            "integration_time",
            label="Integration time",
            unit="s",
            get_cmd=self._get_integration_time,
            set_cmd=self._set_integration_time,
            vals=vals.Numbers(CYCLE_S, 60),
        )
        """Time over which the instrument counts (s), in steps of 10 ms."""

    def _add_readings(self) -> None:
        self.count_rates: Parameter[tuple[float, ...], Self] = self.add_parameter(
            "count_rates",
            label="Count rates",
            unit="Hz",
            get_cmd=self.count_rates_Hz,
            vals=vals.Sequence(vals.Numbers(), length=self.detector_count),
            snapshot_get=False,
        )
        """Count rate of each detector (Hz) over the next integration time; reading waits for its end."""

    def close(self) -> None:
        """Close the connection; bias and settings stay."""
        if (session := getattr(self, "_session", None)) is not None:
            session.close()
        super().close()

    def get_idn(self) -> dict[str, str | None]:
        """Vendor, model, serial number and firmware."""
        vendor, model, serial, firmware = self.identity().split(",")
        return {"vendor": vendor, "model": model, "serial": serial, "firmware": firmware}

    def identity(self) -> str:
        """``Single Quantum,Retina,serial number,version``; 0 for what it does not tell [?]."""
        backend = _mapping(_mapping(self.rpc("getBackend")).get("backend"))
        serial, version = (
            str(backend.get(key, "0")).replace(",", " ") or "0" for key in ("serialNumber", "version")
        )
        return f"Single Quantum,Retina,{serial},{version}"

    def errors(self) -> list[str]:
        """None: the interface answers errors at once."""
        return []

    # calls

    def rpc(self, method: str, **params: object) -> object:
        """Call a method of the box and return its result.

        Raises InstrumentError if it is refused, ConnectionLost for an answer to another call.
        """
        with self.lock:
            number = next(self._numbers)
            content = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            reply = self._session.request("POST", "/api", content)
            answer = _mapping(reply.content)
            if error := _mapping(answer.get("error")):
                code, text = error.get("code"), _mapping(error.get("data")).get("message")
                shown = str(text or error.get("message"))
                raise InstrumentError(self.name, method, code if isinstance(code, int) else 0, shown)
            if reply.status != 200 or answer.get("id") != number or "result" not in answer:
                self._session.close()
                raise ConnectionLost(f"{self.name}: HTTP {reply.status} is no answer to {method}")
            return answer["result"]

    def _rank_map(self) -> tuple[tuple[str, str], ...]:
        """(mcuId, cuId) of each detector, by rank."""
        ranks = _mapping(_mapping(self._settings().get("frontend")).get("rankMap"))
        places = {int(rank): cast("list[object]", place) for rank, place in ranks.items()}
        if sorted(places) != list(range(1, len(places) + 1)):
            raise DriverError(f"{self.name}: ranks are {sorted(places)}, not 1 to {len(places)}")
        return tuple((str(places[rank][0]), str(places[rank][1])) for rank in sorted(places))

    def _settings(self) -> Mapping[str, object]:
        return _mapping(self.rpc("getSettings"))

    def _each(self, key: str) -> tuple[float, ...]:
        devices = _mapping(self._settings().get("devices"))
        values: list[float] = []
        for mcu, cu in self._places:
            unit = _mapping(_mapping(_mapping(devices.get(mcu)).get("channels")).get(cu))
            values.append(float(cast(float, _mapping(unit.get("configuration"))[key])))
        return tuple(values)

    def _set_each(self, **settings: Sequence[float]) -> None:
        """Set keys of all channels in one call, one value per detector."""
        devices: dict[str, dict[str, dict[str, object]]] = {}
        for index, (mcu, cu) in enumerate(self._places):
            configuration = {key: values[index] for key, values in settings.items()}
            channels = devices.setdefault(mcu, {"channels": {}})["channels"]
            channels[cu] = {"configuration": configuration}
        self.rpc("setSettings", devices=devices)

    def _set_checked(self, key: str, values: Sequence[float]) -> None:
        self._set_each(**{key: values})
        found = self._each(key)
        if any(abs(a - b) > 1e-6 * max(1e-6, abs(a)) for a, b in zip(values, found, strict=True)):
            raise DriverError(f"{self.name}: {key} is {found} after being set to {tuple(values)}")

    def _set_levels(self, levels_V: Sequence[float]) -> None:
        with self.lock:
            self._set_checked("triggerV", [float(level) for level in levels_V])

    def _ramp(self, bias_A: Sequence[float]) -> None:
        with self.lock:
            begin = self._each("biasI")
            wanted = [float(bias) for bias in bias_A]
            longest = max(abs(b - a) for a, b in zip(begin, wanted, strict=True))
            steps = max(1, ceil(longest / self._ramp_step_A - 1e-9))
            for step in range(1, steps):
                ways = zip(begin, wanted, strict=True)
                self._set_each(biasI=[round(a + (b - a) * step / steps, 12) for a, b in ways])
            self._set_checked("biasI", wanted)

    def _get_enabled(self) -> bool:
        return all(status != OFF for status in self._each("cuStatus"))

    def _set_enabled(self, on: bool) -> None:
        with self.lock:
            self._set_checked("cuStatus", [ON if on else OFF] * self.detector_count)

    def _get_integration_time(self) -> float:
        return 1e-3 * float(cast(float, _mapping(self._settings().get("backend"))["intTime"]))

    def _set_integration_time(self, time_s: float) -> None:
        with self.lock:
            self.rpc("setSettings", backend={"intTime": round(time_s / CYCLE_S) * round(CYCLE_S * 1e3)})
            reached(self.name, "integration time (s)", self._get_integration_time(), time_s, CYCLE_S / 2)

    # sweeps

    def sweep(
        self, start_A: float, stop_A: float, step_A: float, time_s: float = 0.1, timeout_s: float = 600.0
    ) -> dict[int, tuple[list[float], list[float], list[int]]]:
        """Sweep the bias of all detectors: currents (A), voltages (V) and counts by detector.

        ``time_s``: per step. The channels are on afterwards, at the bias that was set before. Raises
        ValueError, before anything is sent, for a bias beyond 100 uA, DriverError if the curves are not those
        of this sweep, and Timeout if it does not end in time (it is stopped then).
        """
        number = self.detector_count
        if step_A <= 0 or not 0 <= min(start_A, stop_A) <= max(start_A, stop_A) <= MAX_BIAS_A:
            raise ValueError(f"{self.name}: no sweep from {start_A} to {stop_A} A by {step_A} A")
        cycles = max(1, round(time_s / CYCLE_S))
        self._set_each(
            biasIStart=[start_A] * number,
            biasIStop=[stop_A] * number,
            biasIStep=[step_A] * number,
            biasSweepT=[cycles] * number,
            cuStatus=[SWEEP] * number,
        )
        deadline = time.monotonic() + timeout_s
        while any(status == SWEEP for status in self._each("cuStatus")):
            if time.monotonic() > deadline:
                self.rpc("stopIV")
                raise Timeout(f"{self.name}: sweep not done within {timeout_s} s")
        curves = self._curves()
        for rank, (currents_A, _, _) in curves.items():
            if not currents_A or abs(currents_A[0] - start_A) > step_A / 2:
                raise DriverError(f"{self.name}: detector {rank} has no curve that begins at {start_A} A")
        return curves

    def _curves(self) -> dict[int, tuple[list[float], list[float], list[int]]]:
        found = _mapping(self.rpc("getIvData"))
        counts, volts = (_lists(found.get(key)) for key in ("counts", "monitorV"))
        curves: dict[int, tuple[list[float], list[float], list[int]]] = {}
        for rank in range(1, self.detector_count + 1):
            rows = zip(counts["biasI"], volts[str(rank)], counts[str(rank)], strict=True)
            taken = [row for row in rows if row[2] is not None]
            curves[rank] = (
                [float(cast(float, row[0])) for row in taken],
                [float(cast(float, row[1])) for row in taken],
                [int(cast(int, row[2])) for row in taken],
            )
        return curves

    # the role of a detector bias

    @property
    def detector_count(self) -> int:
        """Number of detectors; they count from 1."""
        return len(self._places)

    def bias_A(self) -> tuple[float, ...]:
        """Bias current of each detector, A."""
        return tuple(self.bias.get())

    def set_bias_A(self, bias_A: Sequence[float]) -> None:
        """Ramp the bias current of all detectors, A."""
        self.bias.set(tuple(bias_A))

    def enabled(self) -> bool:
        """Whether all channels are on."""
        return self.detectors_enabled.get()

    def set_enabled(self, on: bool) -> None:
        """Switch all channels."""
        self.detectors_enabled.set(on)

    def trigger_level_V(self) -> tuple[float, ...]:
        """Trigger level of each detector, V."""
        return tuple(self.trigger_level.get())

    def set_trigger_level_V(self, trigger_level_V: Sequence[float]) -> None:
        """Set the trigger level of all detectors, V."""
        self.trigger_level.set(tuple(trigger_level_V))

    def count_rates_Hz(self) -> tuple[float, ...]:
        """Count rate of each detector (Hz) over the next integration time; waits for its end."""
        frame = self._next_frame(self._get_integration_time() + self._timeout_s)
        rates: dict[int, float] = {}
        for _, _, _, _, _, counts, cycles, rank, _ in RECORD.iter_unpack(frame):
            rates[rank] = counts / (cycles * CYCLE_S)
        if sorted(rates) != list(range(1, self.detector_count + 1)):
            raise DriverError(f"{self.name}: a frame of counts has detectors {sorted(rates)}")
        return tuple(rates[rank] for rank in sorted(rates))

    def _next_frame(self, timeout_s: float) -> bytes:
        """First frame of a new connection: one that is kept open holds old frames."""
        try:
            with connect(self._counts_at, open_timeout=self._timeout_s, close_timeout=1.0) as counts:
                frame = counts.recv(timeout_s)
        except TimeoutError as error:
            raise Timeout(f"{self.name}: no counts within {timeout_s} s") from error
        except (OSError, WebSocketException) as error:
            raise ConnectionLost(f"{self.name}: no counts from {self._counts_at} ({error!r})") from error
        if isinstance(frame, str) or not frame or len(frame) % RECORD.size:
            raise ConnectionLost(f"{self.name}: {len(frame)} bytes are no frame of counts")
        return bytes(frame)

    def safe_state(self) -> None:
        """Leave the bias as it is: ramping it up again costs a calibration."""


def _mapping(found: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}


def _lists(found: object) -> Mapping[str, list[object]]:
    return cast("Mapping[str, list[object]]", found) if isinstance(found, dict) else {}
