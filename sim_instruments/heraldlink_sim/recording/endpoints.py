# SPDX-License-Identifier: Apache-2.0
"""Where an instrument listens and which protocol it speaks there, from its address and its model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from heraldlink_sim.errors import TranscriptError
from heraldlink_sim.recording.transcript import MAIN, Service

_VISA = re.compile(
    r"TCPIP\d*::(?P<host>[^:]+|\[[^]]+\])(?:::(?P<sub>hislip\d+)(?:,(?P<hislip>\d+))?)?"
    r"(?:::(?P<socket>\d+))?::(?P<kind>INSTR|SOCKET)$",
    re.IGNORECASE,
)
_URL = re.compile(r"(?P<scheme>tcp|http|ws)://(?P<host>[^:/]+)(?::(?P<port>\d+))?/?$")
_HISLIP_PORT = 4880
_HTTP_PORT = 80

PROTOCOLS = ("raw", "hislip", "zmq", "datalink", "websq", "stream", "decop", "lines", "http")

_BY_MODEL: Mapping[str, Mapping[str, Service]] = {
    "Santec TSL-570": {MAIN: Service("raw", b"\r")},
    "SRS DG645": {MAIN: Service("raw", b"\r\n")},
    "Lake Shore 372": {MAIN: Service("raw", b"\r\n")},
    "ID Quantique ID900": {MAIN: Service("zmq"), ".datalink": Service("datalink")},
    "ID Quantique ID1000": {MAIN: Service("zmq"), ".datalink": Service("datalink")},
    "Single Quantum EOS": {MAIN: Service("websq"), ".counts": Service("stream")},
    "TOPTICA DLC pro": {MAIN: Service("decop"), ".monitoring": Service("lines")},
    "Bluefors": {MAIN: Service("http")},
    "Single Quantum Retina": {MAIN: Service("http")},
}
"""Protocols and terminators of models whose addresses do not tell them."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address, taken apart. ``shape``: how an address of the same kind on another port is written."""

    service: Service
    host: str
    port: int
    shape: str

    def at(self, host: str, port: int) -> str:
        """The same kind of address elsewhere."""
        return self.shape.format(host=host, port=port)


def endpoint(address: str, model: str = "", suffix: str = MAIN, protocol: str = "") -> Endpoint:
    """Take an address apart. Raises TranscriptError if its protocol cannot be told.

    ``protocol`` wins over what model and address tell.
    """
    known = _known(model, suffix, protocol)
    if found := _VISA.match(address):
        return _visa(found, known)
    if (found := _URL.match(address)) is None:
        raise TranscriptError(f"{address!r} is no address: TCPIP::HOST::PORT::SOCKET, tcp://HOST:PORT, ...")
    service = known or (Service("http") if found["scheme"] == "http" else None)
    if service is None:
        told = "name its model or its protocol (" + ", ".join(PROTOCOLS) + ")"
        raise TranscriptError(f"{address}: which protocol? {told}")
    port = int(found["port"] or _HTTP_PORT)
    return Endpoint(service, found["host"], port, found["scheme"] + "://{host}:{port}")


def _known(model: str, suffix: str, protocol: str) -> Service | None:
    if protocol and protocol not in PROTOCOLS:
        raise TranscriptError(f"there is no protocol {protocol!r}; there are: {', '.join(PROTOCOLS)}")
    table = _BY_MODEL.get(model, {})
    found = table.get(suffix)
    if found is None and suffix in ("@socket", "@hislip"):
        found = table.get(MAIN)
    return Service(protocol, found.terminator if found else b"\n") if protocol else found


def _visa(found: re.Match[str], known: Service | None) -> Endpoint:
    host = found["host"]
    if found["sub"]:
        port = int(found["hislip"] or _HISLIP_PORT)
        shape = f"TCPIP::{{host}}::{found['sub']},{{port}}::INSTR"
        return Endpoint(Service("hislip"), host, port, shape)
    if found["kind"].upper() == "SOCKET" and found["socket"]:
        service = known if known and known.protocol == "raw" else Service("raw")
        return Endpoint(service, host, int(found["socket"]), "TCPIP::{host}::{port}::SOCKET")
    raise TranscriptError(f"{found[0]}: only sockets and HiSLIP are recorded, not VXI-11")


def suffixes(addresses: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The instrument's name (the shortest key), and addresses by service suffix (``-`` for the main one)."""
    name = min(addresses, key=len)
    return name, {key.removeprefix(name) or MAIN: address for key, address in addresses.items()}
