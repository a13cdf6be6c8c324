# SPDX-License-Identifier: Apache-2.0
"""Who answers for an instrument of a bench: its simulator, a recording proxy, a transcript, itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from heraldlink_sim.model import InstrumentConfig
from heraldlink_sim.recording.record import serve_recording
from heraldlink_sim.recording.replay import serve_replay
from heraldlink_sim.transport.server import Device, Listening

_TRANSPORTS = ("socket", "hislip")


class Sourced(Protocol):
    """What must be known of an instrument of a bench."""

    @property
    def name(self) -> str:
        """Its name on the bench."""
        ...

    @property
    def config(self) -> InstrumentConfig:
        """Its section of the bench file."""
        ...

    async def serve(self, device: Device, host: str, ports: bool = True) -> Listening:
        """Serve the simulator on the ports of its section, or on free ones."""
        ...


async def serve_source(instrument: Sourced, line: Device, host: str) -> Listening:
    """Serve an instrument as its section says; the simulator answers through ``line``.

    Raises TranscriptError, OSError if a port is taken.
    """
    config, name = instrument.config, instrument.name
    if config.source == "simulated":
        return await instrument.serve(line, host)
    if config.source == "real":
        return Listening(targets(name, config), ())
    file = config.transcript or Path(f"{name}.transcript")
    if config.source == "replayed":
        ports = {name: config.port}
        return await serve_replay(
            file, name=name, host=host, order=config.order, timing=config.timing, ports=ports
        )
    if config.target is None:
        return await _recorded_simulator(instrument, line, host, file)
    addresses = targets(name, config)
    return await serve_recording(
        addresses, file, model=config.model, host=host, ports=_ports(addresses, config)
    )


async def _recorded_simulator(instrument: Sourced, line: Device, host: str, file: Path) -> Listening:
    behind = await instrument.serve(line, host, ports=False)
    config = instrument.config
    try:
        before = await serve_recording(
            behind.addresses, file, model=config.model, host=host, ports=_ports(behind.addresses, config)
        )
    except BaseException:
        for listener in behind.listeners:
            await listener.close()
        raise
    return Listening(before.addresses, (*before.listeners, *behind.listeners))


def targets(name: str, config: InstrumentConfig) -> dict[str, str]:
    """Addresses of the instrument somewhere else, by name as a bench gives them."""
    others = {
        f"{name}{'@' if key in _TRANSPORTS else '.'}{key}": address for key, address in config.targets.items()
    }
    return {name: config.target or "", **others}


def _ports(names: Iterable[str], config: InstrumentConfig) -> dict[str, int]:
    first, *others = names
    return {first: config.port} | dict.fromkeys(others[:1], config.second_port)
