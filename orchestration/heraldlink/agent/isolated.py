# SPDX-License-Identifier: Apache-2.0
"""An instrument in a process of its own, in its role: a driver that hangs or crashes costs that process only.

``worker: {isolate: [NAME]}`` in a node's file. A call that takes too long, and a process that ends, raise
InstrumentLost naming the instrument; the next call starts a new process. Making it safe is not tried on a new
process the first time: that takes seconds, and the supervisor does it raw at once.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import cast

import msgspec

from heraldlink.agent.blame import InstrumentFault
from heraldlink.agent.framed import Closed, receive, send
from heraldlink.agent.isolated_process import Open, Opened
from heraldlink.agent.role_calls import TABLE, Member, Told, ask, result_of
from heraldlink.errors import ConfigurationError, InstrumentLost, ProcessLost
from heraldlink_drivers.roles import Device

CALL_S = 3.0
"""Shorter than the agent waits for a call of a slot: this process is given up before its node's worker is."""

LONG_CALLS = ("configure", "set_bias_A", "set_enabled", "set_wavelength_m", "upload")
"""Members that may take as long as the node's file says."""


class IsolatedProcess:
    """The process of one instrument, started when it is first needed and after it was lost."""

    def __init__(self, wanted: Open, start_s: float, call_s: float) -> None:
        self._wanted, self._start_s, self._call_s = wanted, start_s, call_s
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: socket.socket | None = None
        self._just_lost = False
        self.roles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The instrument's name."""
        return self._wanted.name

    @property
    def pid(self) -> int | None:
        """Its process id, None if it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and open the instrument. Raises InstrumentLost, ConfigurationError."""
        here, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                [sys.executable, "-m", "heraldlink.agent.isolated_process", str(there.fileno())],
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        self._pipe = here
        self._post(msgspec.msgpack.encode(self._wanted))
        opened = msgspec.msgpack.decode(self._await(self._start_s, "opening"), type=Opened)
        if opened.misconfigured:
            raise ConfigurationError(opened.error)
        if opened.error:
            self.close()
            raise InstrumentLost(opened.error)
        self.roles, self._just_lost = opened.roles, False

    def call(self, role: str, member: Member, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        """One call of a role. Raises what the driver would, or InstrumentLost."""
        if self._pipe is None:
            if member.name == "safe_state" and self._just_lost:
                self._just_lost = False
                raise InstrumentLost(f"{self.name}: its process is gone")
            self.start()
        limit_s = self._call_s if member.name in LONG_CALLS else min(CALL_S, self._call_s)
        self._post(ask(role, member, args, kwargs))
        told = msgspec.msgpack.decode(self._await(limit_s, member.name), type=Told)
        match told.error:
            case "":
                return result_of(member, told)
            case "value":
                raise ValueError(told.text)
            case "lost":
                raise InstrumentLost(told.text)
            case _:
                raise InstrumentFault(self.name, told.text)

    def close(self) -> None:
        """Let it make its instrument safe and end."""
        pipe, self._pipe = self._pipe, None
        if pipe:
            pipe.close()
        if self._process:
            try:
                self._process.wait(2.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _post(self, message: bytes) -> None:
        try:
            if self._pipe:
                self._pipe.settimeout(self._call_s)
                send(self._pipe, message)
        except (Closed, TimeoutError) as error:
            raise self._lost("its process ended") from error

    def _await(self, limit_s: float, what: str) -> bytes:
        until = time.monotonic() + limit_s
        try:
            if self._pipe is None:
                raise Closed("not started")
            self._pipe.settimeout(max(0.001, until - time.monotonic()))
            return receive(self._pipe)
        except TimeoutError as error:
            raise self._lost(f"its process did not finish {what} within {limit_s:g} s: killed") from error
        except Closed as error:
            raise self._lost("its process ended unexpectedly") from error

    def _lost(self, reason: str) -> ProcessLost:
        pipe, self._pipe = self._pipe, None
        if pipe:
            pipe.close()
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._just_lost = True
        return ProcessLost(f"{self.name}: {reason}")


def role_around(process: IsolatedProcess) -> Device:
    """An object with exactly the members of the roles that a started process's instrument plays."""
    members: dict[str, object] = {}
    for (role, name), member in TABLE.items():
        if role in process.roles:
            function = _forward(process, role, member)
            members[name] = property(function) if member.is_property else function
    return cast(Device, type(f"Isolated_{process.name}", (), members)())


def _forward(process: IsolatedProcess, role: str, member: Member) -> Callable[..., object]:
    def call(_self: object, *args: object, **kwargs: object) -> object:
        return process.call(role, member, args, kwargs)

    return call


class IsolatedInstruments:
    """All isolated instruments of a node; ``roles`` by name."""

    def __init__(
        self, station: Path, addresses: Mapping[str, str], names: Iterable[str], start_s: float, call_s: float
    ) -> None:
        self._processes = [
            IsolatedProcess(Open(str(station), name, dict(addresses)), start_s, call_s) for name in names
        ]
        self.roles: dict[str, Device] = {}
        try:
            for process in self._processes:
                process.start()
                self.roles[process.name] = role_around(process)
        except BaseException:
            self.close()
            raise

    def pid(self, name: str) -> int | None:
        """Process id of an instrument's process, None if it does not run."""
        return next(process.pid for process in self._processes if process.name == name)

    def close(self) -> None:
        """Let all of them end."""
        for process in self._processes:
            process.close()
