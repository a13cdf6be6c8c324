# SPDX-License-Identifier: Apache-2.0
"""Real wires for simulated instruments: raw TCP and HiSLIP."""

from heraldlink_sim.transport.background import EventLoopThread
from heraldlink_sim.transport.hislip import serve_hislip
from heraldlink_sim.transport.raw import serve_raw
from heraldlink_sim.transport.server import Device, Server

__all__ = ["Device", "EventLoopThread", "Server", "serve_hislip", "serve_raw"]
