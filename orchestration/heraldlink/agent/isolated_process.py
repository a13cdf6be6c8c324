# SPDX-License-Identifier: Apache-2.0
"""The process of one isolated instrument: ``python -m heraldlink.agent.isolated_process DESCRIPTOR``.

It opens the instrument, then answers calls of its roles one by one. When the pipe closes it makes the
instrument safe and ends. Started by an instrument worker only.
"""

import contextlib
import signal
import socket
import sys
from pathlib import Path

import msgspec

from heraldlink.agent.framed import Closed, receive, send


class Open(msgspec.Struct, frozen=True):
    """The first message: which instrument of which Station file; addresses as in `load_station`."""

    station: str
    name: str
    addresses: dict[str, str]


class Opened(msgspec.Struct, frozen=True):
    """The answer to it: the roles it plays, or what went wrong."""

    roles: tuple[str, ...]
    error: str = ""
    misconfigured: bool = False


def main(descriptor: int) -> int:
    """Serve until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = socket.socket(fileno=descriptor)
    with contextlib.suppress(Closed):
        serve(pipe, msgspec.msgpack.decode(receive(pipe), type=Open))
    return 0


def serve(pipe: socket.socket, wanted: Open) -> None:
    """Open the instrument, answer calls, make it safe in the end. Raises Closed."""
    from heraldlink.agent.role_calls import Asked, Told, perform, roles_of, tell
    from heraldlink_drivers.errors import StationError
    from heraldlink_drivers.station import load_station

    try:
        loaded = load_station(Path(wanted.station), wanted.addresses, frozenset({wanted.name}))
    except Exception as error:  # every failure is the worker's to tell
        opened = Opened((), " ".join(str(error).split()), isinstance(error, StationError))
        send(pipe, msgspec.msgpack.encode(opened))
        return
    device = loaded.roles[wanted.name]
    send(pipe, msgspec.msgpack.encode(Opened(roles_of(device))))
    try:
        while True:
            asked = msgspec.msgpack.decode(receive(pipe), type=Asked)
            try:
                told = tell(perform(device, asked))
            except Exception as error:  # the instrument's, named by its driver
                text = " ".join(str(error).split()) or type(error).__name__
                told = Told(error=kind_of(error), text=text)
            send(pipe, msgspec.msgpack.encode(told))
    finally:
        with contextlib.suppress(Exception):
            device.safe_state()
        loaded.close()


def kind_of(error: Exception) -> str:
    """What a caller has to tell apart: a wrong value, an instrument that does not answer, anything else."""
    if isinstance(error, ValueError):
        return "value"
    return "lost" if isinstance(error, ConnectionError | TimeoutError) else "fault"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
