# SPDX-License-Identifier: Apache-2.0
"""Instruments by model name: makes a face and serves it in its own protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from heraldlink_sim.bench_config import InstrumentConfig, Model
from heraldlink_sim.faces.eos_server import serve_eos
from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900
from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A
from heraldlink_sim.faces.rohde_schwarz_sgs100a import RohdeSchwarzSGS100A
from heraldlink_sim.faces.santec_tsl570 import SantecTSL570
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS
from heraldlink_sim.faces.srs_dg645 import StanfordDG645
from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A
from heraldlink_sim.transport import Device, serve_raw
from heraldlink_sim.transport.hislip import serve_hislip

Face = (
    SantecTSL570
    | KeysightN7764A
    | SingleQuantumEOS
    | IDQuantiqueID900
    | TektronixAWG70002A
    | StanfordDG645
    | RohdeSchwarzSGS100A
)


class Closable(Protocol):
    """A listening server."""

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        ...


@dataclass(frozen=True, slots=True)
class Listening:
    """A served instrument: its addresses by name (``hub_tc``, ``hub_tc.datalink``) and its server."""

    addresses: dict[str, str]
    server: Closable


def make_face(name: str, config: InstrumentConfig, tick_period_ps: int) -> Face:
    """Return a new instrument as it is when its power comes on; serial numbers begin with ``SIM-``."""
    serial = f"SIM-{name}"
    makers: dict[Model, Callable[[], Face]] = {
        "Santec TSL-570": lambda: SantecTSL570(serial),
        "Keysight N7764A": lambda: KeysightN7764A(serial),
        "Single Quantum EOS": lambda: SingleQuantumEOS(serial, config.detectors),
        "ID Quantique ID900": lambda: _time_controller(serial, config, tick_period_ps),
        "Tektronix AWG70002A": lambda: TektronixAWG70002A(serial),
        "SRS DG645": lambda: StanfordDG645(serial),
        "R&S SGS100A": lambda: RohdeSchwarzSGS100A(serial),
    }
    return makers[config.model]()


def _time_controller(serial: str, config: InstrumentConfig, tick_period_ps: int) -> IDQuantiqueID900:
    levels_V = {str(name): level_V for name, level_V in config.levels_V.items()}
    face = IDQuantiqueID900(serial, levels_V, tick_period_ps)
    for command in config.startup:
        face.execute(command)
    return face


async def serve(name: str, face: Face, config: InstrumentConfig, host: str) -> Listening:
    """Serve a face in its instrument's protocol. Raises OSError if a port is taken."""
    if isinstance(face, IDQuantiqueID900):
        tagger = await serve_id900(face, host, config.port, config.second_port)
        return Listening({name: tagger.address, f"{name}.datalink": tagger.datalink_address}, tagger)
    if isinstance(face, SingleQuantumEOS):
        box = await serve_eos(face, host, config.port, config.second_port)
        return Listening({name: box.address, f"{name}.counts": box.counts_address}, box)
    server = await _scpi(face, config, host)
    return Listening({name: server.address}, server)


class _Addressed(Closable, Protocol):
    @property
    def address(self) -> str: ...


def _scpi(face: Device, config: InstrumentConfig, host: str) -> Awaitable[_Addressed]:
    """Laser and delay generator have a raw socket with their own terminator; the others speak HiSLIP."""
    if config.model == "Santec TSL-570":
        return serve_raw(face, host, config.port, b"\r")
    if config.model == "SRS DG645":
        return serve_raw(face, host, config.port, b"\r\n")
    return serve_hislip(face, host, config.port)
