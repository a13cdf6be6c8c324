# SPDX-License-Identifier: Apache-2.0
"""Every SCPI instrument listens twice: on a raw socket and on HiSLIP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal, Protocol, runtime_checkable

from heraldlink_sim.clock import Clock
from heraldlink_sim.transport.hislip import serve_hislip
from heraldlink_sim.transport.raw import serve_raw
from heraldlink_sim.transport.server import Device, Listening


class Ports(Protocol):
    """The ports that a bench file gives an instrument; 0 takes a free one."""

    @property
    def port(self) -> int:
        """Port of the primary transport."""
        ...

    @property
    def second_port(self) -> int:
        """Port of the other one."""
        ...


@runtime_checkable
class Timed(Protocol):
    """A face that knows what time it is on the bench."""

    @property
    def clock(self) -> Clock:
        """Its clock."""
        ...


@runtime_checkable
class Doorkeeper(Protocol):
    """A face that hangs up on some who connect to its socket."""

    def admits_connection(self) -> bool:
        """Whether the one who connects now may stay."""
        ...


ScpiServe = Callable[[Device, object, Ports, str, str], Awaitable[Listening]]


def scpi_server(
    primary: Literal["raw", "hislip"] = "hislip",
    terminator: bytes = b"\n",
    read_terminator: bytes | None = None,
    *,
    block_ends_message: bool = False,
    connections: int | None = None,
    idle_s: float | None = None,
) -> ScpiServe:
    """Make the ``serve`` of a model.

    ``name`` is its primary address, ``name@socket`` or ``name@hislip`` the other one. The other arguments
    are those of :func:`heraldlink_sim.transport.raw.serve_raw`; ``idle_s`` goes by the clock of the face.
    """
    raw_server = partial(
        serve_raw,
        terminator=terminator,
        read_terminator=read_terminator,
        block_ends_message=block_ends_message,
        connections=connections,
        idle_s=idle_s,
    )

    async def serve(device: Device, face: object, config: Ports, host: str, name: str) -> Listening:
        raw_port, hislip_port = (config.port, config.second_port)
        if primary == "hislip":
            raw_port, hislip_port = hislip_port, raw_port
        clock = face.clock if isinstance(face, Timed) else None
        admits = face.admits_connection if isinstance(face, Doorkeeper) else None
        raw = await raw_server(device, host, raw_port, clock=clock, admits=admits)
        try:
            hislip = await serve_hislip(device, host, hislip_port)
        except BaseException:
            await raw.close()
            raise
        names = (name, f"{name}@hislip") if primary == "raw" else (f"{name}@socket", name)
        return Listening({names[0]: raw.address, names[1]: hislip.address}, (raw, hislip))

    return serve
