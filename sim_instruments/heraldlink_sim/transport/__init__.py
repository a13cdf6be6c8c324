# SPDX-License-Identifier: Apache-2.0
"""Real wires for simulated instruments: raw TCP and HiSLIP."""

from heraldlink_sim.transport.background import EventLoopThread
from heraldlink_sim.transport.hislip import serve_hislip
from heraldlink_sim.transport.raw import serve_raw
from heraldlink_sim.transport.scpi_server import scpi_server
from heraldlink_sim.transport.server import Device, Dropped, Listener, Listening, Server

__all__ = [
    "Device",
    "Dropped",
    "EventLoopThread",
    "Listener",
    "Listening",
    "Server",
    "scpi_server",
    "serve_hislip",
    "serve_raw",
]
