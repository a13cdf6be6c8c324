# SPDX-License-Identifier: Apache-2.0
"""ID900 and ID1000 on the network: ZeroMQ control, the DataLink service, a PAIR socket for each stream."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Literal

import zmq
from pydantic import Field

from heraldlink_sim.faces.id900_datalink import DataLinkError, DataLinkService
from heraldlink_sim.faces.id900_sockets import PairStream, RequestPort, Socket
from heraldlink_sim.faces.id900_timestamps import TimestampFile, place_of
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900
from heraldlink_sim.model import InstrumentConfig, Listening, Model, Place
from heraldlink_sim.transport.server import Device


class Id900Server:
    """A time controller that listens; addresses are ``tcp://host:port``."""

    def __init__(
        self,
        device: IDQuantiqueID900,
        host: str,
        port: int,
        datalink_port: int,
        door: Device | None = None,
        folder: Path | None = None,
    ) -> None:
        self._context: zmq.Context[Socket] = zmq.Context()
        self._host, self._folder, self._device = host, folder, device
        self._streams: list[PairStream] = []
        hosts = {host, "localhost", "127.0.0.1"}
        self.datalink = DataLinkService(hosts, self._open_stream, time.monotonic, self._open_file)
        self._ports: list[RequestPort] = []
        try:
            self._ports.append(RequestPort(self._context, door or device, host, port))
            self._ports.append(RequestPort(self._context, self.datalink, host, datalink_port))
        except zmq.ZMQError as error:
            self._close_sockets()
            raise OSError(error.errno, str(error)) from error
        self.port, self.datalink_port = (each.port for each in self._ports)
        device.record_listeners.append(self.datalink.record)
        self.address = f"tcp://{host}:{self.port}"
        self.datalink_address = f"tcp://{host}:{self.datalink_port}"

    async def close(self) -> None:
        """Stop listening, end all streams and files, and free the ports."""
        self._device.record_listeners.remove(self.datalink.record)
        self.datalink.close()
        self._close_sockets()
        await asyncio.sleep(0)

    def _close_sockets(self) -> None:
        for each in (*self._ports, *self._streams):
            each.close()
        self._context.destroy(linger=0)

    def refuse(self, refusing: bool) -> None:
        """Answer nobody, until told otherwise: what ZeroMQ shows of an instrument that hangs up."""
        for port in self._ports:
            port.refusing = refusing

    def _open_stream(self, port: int) -> PairStream:
        self._streams = [stream for stream in self._streams if not stream.done]
        try:
            self._streams.append(PairStream(self._context, self._host, port))
        except zmq.ZMQError as error:
            raise DataLinkError(f"Cannot bind stream port {port}: {error}") from error
        return self._streams[-1]

    def _open_file(self, name: str) -> TimestampFile:
        if self._folder is None:
            raise DataLinkError(f"Unable to open file '{name}': the service has no folder to write to")
        if (place := place_of(self._folder, name)) is None:
            raise DataLinkError(f"Unable to open file '{name}': outside the service's folder")
        try:
            return TimestampFile(place)
        except OSError as error:
            raise DataLinkError(f"Unable to open file '{name}': {error.strerror or error}") from error


async def serve_id900(
    device: IDQuantiqueID900,
    host: str = "127.0.0.1",
    port: int = 0,
    datalink_port: int = 0,
    door: Device | None = None,
    folder: Path | None = None,
) -> Id900Server:
    """Serve a time controller on its two ports; 0 takes a free port. Raises OSError if one is taken.

    Requests of the control port go through ``door`` if it is given. ``folder``: where ``start-save`` writes.
    """
    return Id900Server(device, host, port, datalink_port, door, folder)


InputName = Literal["STAR", "INPU1", "INPU2", "INPU3", "INPU4"]


class TimeControllerConfig(InstrumentConfig):
    """``second_port``: DataLink service; ``startup``: commands of the power-up configuration.

    ``levels_V``: pulse heights on its input cables. ``folder``: where the service writes files of time stamps
    (None: nowhere). ``identity``: reply to ``*IDN?``, with ``{serial}``. ``hires_ps``: bin in high
    resolution.
    ``idle``: what ``STAGe?`` says of a record that neither waits nor plays.
    """

    startup: tuple[str, ...] = ()
    levels_V: dict[InputName, float] = Field(default_factory=dict[InputName, float])
    folder: Path | None = None
    identity: str | None = None
    hires_ps: int = Field(default=1, ge=1, le=100)
    idle: Literal["STOPPED", "IDLE"] = "STOPPED"


def _make(identity: str, place: Place, config: TimeControllerConfig) -> IDQuantiqueID900:
    levels_V = {str(name): level_V for name, level_V in config.levels_V.items()}
    return IDQuantiqueID900(
        place.serial,
        levels_V,
        place.tick_period_ps,
        place.clock,
        identity=config.identity or identity,
        hires_ps=config.hires_ps,
        quirks=config.quirks,
        idle=config.idle,
        startup=config.startup,
    )


async def _serve(
    device: Device, face: IDQuantiqueID900, config: TimeControllerConfig, host: str, name: str
) -> Listening:
    server = await serve_id900(face, host, config.port, config.second_port, device, config.folder)
    return Listening({name: server.address, f"{name}.datalink": server.datalink_address}, (server,))


def _model(number: str) -> Model[IDQuantiqueID900, TimeControllerConfig]:
    make = partial(_make, f"IDQ,{number},{{serial}},2.4.0")
    return Model(f"ID Quantique {number}", "tagger", make, _serve, TimeControllerConfig, scpi=False)


MODEL = _model("ID900")
MODEL_ID1000 = _model("ID1000")
