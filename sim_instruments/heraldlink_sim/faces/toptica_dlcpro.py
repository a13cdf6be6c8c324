# SPDX-License-Identifier: Apache-2.0
"""TOPTICA DLC pro with a CTL 1550, as bench files know it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from heraldlink_sim.faces.decop_server import serve_decop
from heraldlink_sim.faces.toptica_controller import TopticaDLCpro
from heraldlink_sim.model import InstrumentConfig, Listening, Model, Place
from heraldlink_sim.transport.server import Device

__all__ = ["MODEL", "DlcProConfig", "TopticaDLCpro", "serve_decop"]


class DlcProConfig(InstrumentConfig):
    """``second_port``: that of the monitoring line; ``discovery_port``: UDP, 60010 on a real one.

    ``passwords``: those of user levels 0 to 2; the vendor's are not public, none: no way to these levels.
    """

    discovery_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    passwords: dict[int, str] = Field(default_factory=dict[int, str])


def _make(place: Place, config: DlcProConfig) -> TopticaDLCpro:
    return TopticaDLCpro(place.serial, place.clock, config.passwords)


async def _serve(
    device: Device, face: TopticaDLCpro, config: DlcProConfig, host: str, name: str
) -> Listening:
    server = await serve_decop(face, host, config.port, config.second_port, device, config.discovery_port)
    return Listening({name: server.address, f"{name}.monitoring": server.monitoring_address}, (server,))


MODEL = Model("TOPTICA DLC pro", "laser", _make, _serve, DlcProConfig, scpi=False)
