# SPDX-License-Identifier: Apache-2.0
"""Record one instrument: proxies before all its addresses, one transcript."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from heraldlink_sim.recording.endpoints import Endpoint, endpoint, suffixes
from heraldlink_sim.recording.marks import Scrubber
from heraldlink_sim.recording.proxy import TcpProxy
from heraldlink_sim.recording.tape import Tape
from heraldlink_sim.recording.transcript import MAIN
from heraldlink_sim.recording.zmq_proxy import ZmqProxy
from heraldlink_sim.transport.server import Listener, Listening


class _Ending:
    """Closes the transcript together with the proxies."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    async def close(self) -> None:
        self._tape.close()

    def refuse(self, refusing: bool) -> None:
        """Nobody connects to a file."""


async def serve_recording(
    addresses: Mapping[str, str],
    transcript: Path,
    *,
    model: str = "",
    protocol: str = "",
    host: str = "127.0.0.1",
    ports: Mapping[str, int] | None = None,
    scrub: bool = False,
) -> Listening:
    """Stand before all ``addresses`` of one instrument, by name, and write down what passes.

    The shortest name is the instrument's; the addresses returned have the same names. ``protocol``: of the
    main address, where neither it nor ``model`` tells. ``ports``: to listen on by name, else free ones.
    ``scrub``: leave serial numbers and IP addresses out of the transcript (not out of what clients see).
    Raises TranscriptError for an address that cannot be recorded, OSError if a port is taken.
    """
    name, by_suffix = suffixes(addresses)
    targets = {
        suffix: endpoint(address, model, suffix, protocol if suffix == MAIN else "")
        for suffix, address in by_suffix.items()
    }
    services = {suffix: target.service for suffix, target in targets.items()}
    tape = Tape(transcript, name, model, services, Scrubber().scrubbed if scrub else None)
    listeners: list[Listener] = [_Ending(tape)]
    found: dict[str, str] = {}
    try:
        for suffix, target in targets.items():
            key = name if suffix == MAIN else name + suffix
            found[key], listener = await _proxy(target, suffix, tape, host, (ports or {}).get(key, 0))
            listeners.insert(0, listener)
    except BaseException:
        for listener in listeners:
            await listener.close()
        raise
    return Listening(found, tuple(listeners))


async def _proxy(target: Endpoint, suffix: str, tape: Tape, host: str, port: int) -> tuple[str, Listener]:
    if target.service.protocol in ("zmq", "datalink"):
        proxy = ZmqProxy(target, suffix, tape, host, port)
        return proxy.address, proxy
    server = await TcpProxy(target, suffix, tape).listen(host, port)
    return server.address, server
