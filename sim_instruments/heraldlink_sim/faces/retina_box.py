# SPDX-License-Identifier: Apache-2.0
"""What a Retina does with its requests: settings, bias, sweeps, counts and recordings.

Pure but for the clock. Powers up with all channels off and no bias; reading never switches anything on.
"""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Literal, cast

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.http_server import request_of, response
from heraldlink_sim.faces.retina_settings import (
    COUNTING,
    MCU,
    OFF,
    SWEEPING,
    CYCLE_ms,
    SettingsError,
    Tree,
    merged,
    power_up,
)
from heraldlink_sim.faces.snspd_curves import dark_rate_Hz, monitor_V
from heraldlink_sim.world.rack import BiasState

RECORD = struct.Struct("<BBBxffIIId")
"""mcuId, cuId, cuStatus, monitor voltage (V), bias (A), counts, cycles, rank, time (s)."""
COMMAND_COST_S = 1e-3
WIRE_LOG_LENGTH = 2000
LOG_LENGTH = 1000
RECORDING_LENGTH = 100_000
MOST_STEPS = 100_000
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602


class RpcError(SimulationError):
    """A call that is refused; ``code`` is JSON-RPC's number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class RetinaBox:
    """A box with so many detectors; rank n is detector n."""

    def __init__(self, serial: str = "SIM-0001", detectors: int = 2, clock: Clock | None = None) -> None:
        self.serial, self.detectors, self.clock = serial, detectors, clock or SteppedClock()
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        self.latched = False
        self._rates_Hz = (0.0,) * detectors
        self.power_cycle()

    # --- faults

    def power_cycle(self) -> None:
        """As after the mains were off for a moment."""
        self._settings = power_up(self.detectors)
        self.latched = False
        self._fractions = [0.0] * self.detectors
        self._started_s = self.clock.now_s()
        self._sweep: dict[int, tuple[float, Tree]] = {}
        self._recording: list[dict[str, object]] | None = None
        self._recorded_ranks: frozenset[int] = frozenset()
        self._log: deque[str] = deque(["started"], maxlen=LOG_LENGTH)

    def latch(self) -> None:
        """All detectors stay normal-conducting until their bias was 0 or they were switched off."""
        self.latched = True

    def unlatch(self) -> None:
        """Let the detectors cool down."""
        self.latched = False

    def swallow(self, message: bytes) -> bytes | None:
        """What is answered to a setting that does nothing; None for anything else."""
        call = _object(request_of(message).body)
        if call.get("method") not in ("setSettings", "setNetworkSettings"):
            return None
        return self._result(call.get("id"), self._settings)

    # --- the wire

    def respond(self, message: bytes) -> bytes:
        """Answer one HTTP request with a response."""
        self.wire_log.append(("in", message))
        self.clock.spend(COMMAND_COST_S)
        request = request_of(message)
        if request.target.split("?")[0].rstrip("/") != "/api":
            answer = response({"error": "not found"}, 404)
        elif request.method != "POST":
            answer = response({"error": "POST only"}, 405)
        else:
            answer = self._call(_object(request.body))
        self.wire_log.append(("out", answer))
        return answer

    async def execute(self, message: bytes) -> bytes:
        """Answer one request."""
        return self.respond(message)

    def _call(self, call: Mapping[str, object]) -> bytes:
        try:
            if not call:
                raise RpcError(PARSE_ERROR, "Not a JSON object")
            if call.get("jsonrpc") != "2.0" or not isinstance(call.get("method"), str):
                raise RpcError(INVALID_REQUEST, "No JSON-RPC 2.0 request")
            method = self._methods().get(str(call["method"]))
            if method is None:
                raise RpcError(NO_METHOD, f"No method {call['method']}")
            return self._result(call.get("id"), method(_params(call.get("params"))))
        except (RpcError, SettingsError) as error:
            code = error.code if isinstance(error, RpcError) else INVALID_PARAMS
            described = {"code": code, "message": str(error), "data": {"message": str(error)}}
            return response({"jsonrpc": "2.0", "id": call.get("id"), "error": described})

    def _result(self, number: object, result: object) -> bytes:
        return response({"jsonrpc": "2.0", "id": number, "result": result})

    def _methods(self) -> Mapping[str, Callable[[Tree], object]]:
        return {
            "getSettings": lambda _: self._settings,
            "setSettings": self._set,
            "getDevices": lambda _: {"devices": self._settings["devices"]},
            "getBackend": lambda _: {"backend": self._backend()},
            "startRecording": self._start_recording,
            "stopRecording": lambda _: self._stop_recording(),
            "startIV": lambda _: self._start_all(),
            "stopIV": lambda _: self._stop_sweeps(),
            "IVStatus": lambda _: {"running": self.sweeping, "progress": self._progress()},
            "getIvData": lambda _: self._curves(),
            "getIvFile": self._file,
            "getLog": lambda params: {"log": list(self._log)[-_count(params.get("lines", 1000)) :]},
            "rebootSystem": lambda _: self._reboot(),
            "setNetworkSettings": lambda params: self._set({"backend": {"network": params}}),
        }

    # --- settings

    def _set(self, change: Tree) -> Tree:
        new = merged(self._settings, change)
        for rank in range(1, self.detectors + 1):
            self._switch(rank, _channel(self._settings, rank), _channel(new, rank))
        self._settings = new
        if all(self.bias_A(rank) == 0 or self._status(rank) == OFF for rank in range(1, self.detectors + 1)):
            self.latched = False
        self._log.append(f"setSettings {json.dumps(change)[:200]}")
        return self._settings

    def _switch(self, rank: int, old: Tree, new: Tree) -> None:
        """Begin or end a sweep where the status changes."""
        if new["cuStatus"] == SWEEPING and (old["cuStatus"] != SWEEPING or rank not in self._sweep):
            _steps(new)
            self._sweep[rank] = (self.clock.now_s(), dict(new))

    def _reboot(self) -> str:
        self.power_cycle()
        return "rebooting"

    def _status(self, rank: int) -> int:
        """Status of a channel; a sweep that is over leaves it counting."""
        configuration = _channel(self._settings, rank)
        if configuration["cuStatus"] == SWEEPING and self._passed(rank) >= 1.0:
            configuration["cuStatus"] = COUNTING
        return cast(int, configuration["cuStatus"])

    def bias_A(self, rank: int) -> float:
        """Bias current that is set for a channel."""
        return float(cast(float, _channel(self._settings, rank)["biasI"]))

    @property
    def period_s(self) -> float:
        """Integration time."""
        return 1e-3 * cast(float, cast(Tree, self._settings["backend"])["intTime"])

    def _backend(self) -> Tree:
        temperatures = [{"time": self.clock.now_s(), "temp1": 2.5, "temp2": 38.0}]
        about = {"serialNumber": self.serial, "version": "1.4.0", "temperatures": temperatures}
        return cast(Tree, self._settings["backend"]) | about

    # --- sweeps

    @property
    def sweeping(self) -> bool:
        """Whether a sweep runs."""
        return any(self._status(rank) == SWEEPING for rank in range(1, self.detectors + 1))

    def _start_all(self) -> str:
        units = {
            str(rank): {"configuration": {"cuStatus": SWEEPING}} for rank in range(1, self.detectors + 1)
        }
        self._set({"devices": {str(MCU): {"channels": units}}})
        return "started"

    def _stop_sweeps(self) -> str:
        for rank in range(1, self.detectors + 1):
            if self._status(rank) == SWEEPING:
                _channel(self._settings, rank)["cuStatus"] = COUNTING
                begun_s, sweep = self._sweep[rank]
                sweep["stoppedAt"] = (self.clock.now_s() - begun_s) / _duration_s(sweep)
        return "success"

    def _passed(self, rank: int) -> float:
        """How far the last sweep of a channel came, 0 to 1."""
        begun_s, sweep = self._sweep[rank]
        passed = (self.clock.now_s() - begun_s) / _duration_s(sweep)
        return min(1.0, passed, float(cast(float, sweep.get("stoppedAt", 1.0))))

    def _progress(self) -> float:
        return min((self._passed(rank) for rank in self._sweep), default=0.0)

    def _curves(self) -> Tree:
        """Counts and monitor voltages by rank over the common list of currents; None where none was taken."""
        points = {rank: self._curve(rank) for rank in self._sweep}
        currents = sorted({bias for curve in points.values() for bias in curve})
        counts: Tree = {"biasI": currents}
        volts: Tree = {"biasI": currents}
        for rank in range(1, self.detectors + 1):
            curve = points.get(rank, {})
            counts[str(rank)] = [curve[bias][0] if bias in curve else None for bias in currents]
            volts[str(rank)] = [curve[bias][1] if bias in curve else None for bias in currents]
        return {"counts": counts, "monitorV": volts}

    def _curve(self, rank: int) -> dict[float, tuple[int, float]]:
        _, sweep = self._sweep[rank]
        steps = _steps(sweep)
        seconds = cast(float, sweep["biasSweepT"]) * CYCLE_ms * 1e-3
        done = int(steps * self._passed(rank) + 1e-9)
        start, stop = cast(float, sweep["biasIStart"]), cast(float, sweep["biasIStop"])
        step = cast(float, sweep["biasIStep"]) * (1 if stop >= start else -1)
        taken = [round(start + step * index, 12) for index in range(done)]
        return {
            bias: (0 if self.latched else int(dark_rate_Hz(bias) * seconds), monitor_V(bias, self.latched))
            for bias in taken
        }

    def _file(self, params: Tree) -> Tree:
        curves = self._curves()
        if params.get("datatype") == "json":
            return {"ivData": json.dumps(curves)}
        separator = "," if params.get("datatype") == "csv" else "\t"
        volts = cast("dict[str, list[object]]", curves["monitorV"])
        rows = [
            separator.join(volts),
            *(separator.join(map(str, row)) for row in zip(*volts.values(), strict=True)),
        ]
        return {"ivData": f"# {params.get('details', '')}\n" + "\n".join(rows) + "\n"}

    # --- counts

    def frame(self) -> bytes:
        """The records of one integration period, by rank; a stepped clock moves on by it."""
        self.clock.spend(self.period_s)
        return b"".join(self._record(rank) for rank in range(1, self.detectors + 1))

    def _record(self, rank: int) -> bytes:
        status, bias_A = self._status(rank), self.bias_A(rank)
        on = status != OFF
        expected = self._fractions[rank - 1] + self._rates_Hz[rank - 1] * self.period_s * self._counts(rank)
        counts = int(expected)
        self._fractions[rank - 1] = expected - counts
        volts = monitor_V(bias_A, self.latched) if on else 0.0
        time_s, cycles = self.clock.now_s() - self._started_s, round(self.period_s * 1e3 / CYCLE_ms)
        if self._recording is not None and rank in self._recorded_ranks:
            row: dict[str, object] = {"rank": rank, "time": time_s, "counts": counts, "monitorV": volts}
            self._recording = [*self._recording[-RECORDING_LENGTH:], row]
        return RECORD.pack(MCU, rank, status, volts, bias_A, counts & 0xFFFFFFFF, cycles, rank, time_s)

    def _counts(self, rank: int) -> bool:
        return self._status(rank) == COUNTING and not self.latched

    def _start_recording(self, params: Tree) -> str:
        channels = params.get("channels", [])
        if not isinstance(channels, list):
            raise RpcError(INVALID_PARAMS, "channels must be a list of ranks")
        ranks = [rank for rank in cast("list[object]", channels) if isinstance(rank, int)]
        if any(not 1 <= rank <= self.detectors for rank in ranks) or len(ranks) != len(channels):  # pyright: ignore[reportUnknownArgumentType]
            raise RpcError(INVALID_PARAMS, f"channels must be ranks 1 to {self.detectors}")
        self._recorded_ranks = frozenset(ranks or range(1, self.detectors + 1))
        self._recording = []
        return "recording"

    def _stop_recording(self) -> object:
        if self._recording is None:
            raise RpcError(INVALID_REQUEST, "No recording runs")
        rows, self._recording = self._recording, None
        return {"data": rows}

    # --- the world

    def state(self) -> BiasState:
        """Return what arrived over the wire."""
        ranks = range(1, self.detectors + 1)
        levels = [float(cast(float, _channel(self._settings, rank)["triggerV"])) for rank in ranks]
        on = all(self._status(rank) == COUNTING for rank in ranks) and not self.latched
        return BiasState(on, tuple(self.bias_A(rank) for rank in ranks), tuple(levels))

    def observe(self, rates_Hz: tuple[float, ...]) -> None:
        """Take the mean count rate of each detector. Raises SimulationError for a wrong number of them."""
        if len(rates_Hz) != self.detectors:
            raise SimulationError(f"Retina has {self.detectors} detectors, not {len(rates_Hz)}")
        self._rates_Hz = tuple(rates_Hz)

    def settings(self) -> Tree:
        """A copy of the settings, for tests."""
        return deepcopy(self._settings)


def _channel(settings: Tree, rank: int) -> Tree:
    devices = cast("dict[str, dict[str, dict[str, dict[str, Tree]]]]", settings["devices"])
    return devices[str(MCU)]["channels"][str(rank)]["configuration"]


def _steps(sweep: Mapping[str, object]) -> int:
    span = abs(cast(float, sweep["biasIStop"]) - cast(float, sweep["biasIStart"]))
    steps = int(span / cast(float, sweep["biasIStep"]) + 1e-6) + 1
    if steps > MOST_STEPS:
        raise SettingsError(f"a sweep has at most {MOST_STEPS} steps")
    return steps


def _duration_s(sweep: Mapping[str, object]) -> float:
    return _steps(sweep) * cast(float, sweep["biasSweepT"]) * CYCLE_ms * 1e-3


def _object(text: bytes) -> dict[str, object]:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def _params(found: object) -> Tree:
    if isinstance(found, dict):
        return cast(Tree, found)
    if found is None or found == []:
        return {}
    raise RpcError(INVALID_PARAMS, "params must be an object")


def _count(lines: object) -> int:
    return lines if isinstance(lines, int) and not isinstance(lines, bool) and lines > 0 else LOG_LENGTH
