# SPDX-License-Identifier: Apache-2.0
"""What each kind of fault does to one message and its answer.

An act gets the message and ``proceed``, which passes it on towards the instrument, and returns the answer or
raises Dropped or Repeated (:mod:`heraldlink_sim.transport.server`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from heraldlink_sim.faults.kinds import Kind
from heraldlink_sim.faults.strikes import Injected
from heraldlink_sim.faults.swallow import swallowed
from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.transport.server import Device, Dropped, Repeated, Reporting

Proceed = Callable[[bytes], Awaitable[bytes]]
STORM = 512
"""Errors of a storm: more than any queue holds."""


class Struck(Protocol):
    """What an act may know of the line it works on."""

    @property
    def device(self) -> Device:
        """The instrument."""
        ...

    @property
    def serial(self) -> str:
        """Its serial number."""
        ...

    @property
    def previous(self) -> bytes:
        """The last answer that the instrument gave."""
        ...

    def power_cycle(self) -> None:
        """Take the instrument's power away and give it back; all connections break."""
        ...


Act = Callable[[Injected, Struck, bytes, Proceed], Awaitable[bytes]]


async def _delay(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    """The message is executed at once; its answer comes late."""
    answer = await proceed(message)
    delay_s = fault.config.delay_s + fault.config.jitter_s * fault.random.uniform(-1, 1)
    await asyncio.sleep(max(0.0, delay_s))
    return answer


async def _drop(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    if fault.config.after_bytes is None:
        raise Dropped
    raise Dropped((await proceed(message))[: fault.config.after_bytes])


async def _truncate(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    if answer := await proceed(message):
        kept = len(answer) // 2 if fault.config.after_bytes is None else fault.config.after_bytes
        raise Dropped(answer[:kept], closes=fault.config.then == "closed")
    return answer


async def _garbage(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    return fault.random.randbytes(len(await proceed(message)))


async def _stale(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    previous = line.previous
    answer = await proceed(message)
    return (previous or answer) if answer else answer


async def _duplicate(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    if answer := await proceed(message):
        raise Repeated(answer)
    return answer


async def _stuck(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    answer = await proceed(message)
    if not answer:
        return answer
    if fault.config.text is not None:
        return fault.config.text.encode("latin-1", "replace")
    return fault.answers.setdefault(bytes(message), answer)


async def _wrong_identity(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    """Another instrument: the text for ``*IDN?``, or in any answer another serial number of equal length."""
    answer = await proceed(message)
    if fault.config.text is not None:
        asked = message.strip().upper() == b"*IDN?"
        return fault.config.text.encode("latin-1", "replace") if asked else answer
    serial = line.serial.encode()
    return answer.replace(serial, other_serial(serial)) if serial else answer


async def _ignore(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    rest, acknowledgement = swallowed(line.device, message)
    return await proceed(rest) if rest else acknowledgement


async def _hang(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    await fault.lifted.wait()
    return await proceed(message)


async def _storm(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    storm(line.device)
    return await proceed(message)


async def _reset(fault: Injected, line: Struck, message: bytes, proceed: Proceed) -> bytes:
    line.power_cycle()
    raise Dropped


ACTS: dict[Kind, Act] = {
    "reset": _reset,
    "drop": _drop,
    "truncate": _truncate,
    "duplicate": _duplicate,
    "stale": _stale,
    "garbage": _garbage,
    "wrong-idn": _wrong_identity,
    "stuck": _stuck,
    "error-storm": _storm,
    "delay": _delay,
    "ignore-write": _ignore,
    "hang": _hang,
}
"""In the order in which they lie on the line, the client's end first."""


def storm(device: Device) -> None:
    """Report errors until the queue overflows."""
    if isinstance(device, Reporting):
        for _ in range(STORM):
            device.report(ScpiError(-200))


def other_serial(serial: bytes) -> bytes:
    """Another serial number of a simulated instrument, of equal length."""
    head = serial[:4]
    return head + bytes(ord("9") if byte != ord("9") else ord("8") for byte in serial[4:])
