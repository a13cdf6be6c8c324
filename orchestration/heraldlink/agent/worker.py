# SPDX-License-Identifier: Apache-2.0
"""The instrument worker's process: ``python -m heraldlink.agent.worker DESCRIPTOR``.

It answers calls from its pipe one by one. When the pipe closes (the agent ended or died) it parks its
instruments and ends. Started by the agent only.
"""

import contextlib
import signal
import socket
import sys

from heraldlink.agent.pipe import Closed, Pipe
from heraldlink.errors import ProtocolError
from heraldlink.messages.header import Body, kind_of
from heraldlink.messages.worker import (
    Choose,
    Fault,
    Fence,
    Fenced,
    ParkAll,
    ReadBack,
    ReadOne,
    ReadTags,
    Start,
    Started,
    Unload,
)
from heraldlink.startup import only_growing

UNFENCED = (Choose, ParkAll, ReadBack, ReadOne, ReadTags, Unload)
"""Orders that bring no instrument out of its safe state; they are done whoever commands."""


def main(descriptor: int) -> int:
    """Serve until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Pipe(socket.socket(fileno=descriptor))
    crew, floor = None, 0
    try:
        while True:
            message = pipe.wait()
            body = message.body
            if isinstance(body, Fence):
                floor = max(floor, body.floor)
                pipe.send(Fenced(floor))
            elif isinstance(body, Start):
                crew, reply = start(body)
                pipe.send(reply)
            elif message.header.lease < floor and not isinstance(body, UNFENCED):
                pipe.send(stale(body, message.header.lease, floor))
            elif crew is None:
                pipe.send(Fault("", "the instruments are not open"))
            else:
                tell(pipe, *crew.answer(body))
    except Closed:
        if crew:
            with contextlib.suppress(Exception):
                crew.answer(ParkAll())
            crew.close()
    return 0


def stale(body: Body, lease: int, floor: int) -> Fault:
    """The refusal of an order from before control was lost."""
    order = kind_of(type(body)).removeprefix("w.")
    return Fault(
        "", f"the order {order!r} came under lease {lease}, which has ended: nothing below {floor} is done"
    )


def tell(pipe: Pipe, body: Body, arrays: tuple[bytes, ...] = ()) -> None:
    """Send a reply; one that no message can hold is a Fault, not the end of the worker."""
    try:
        pipe.send(body, arrays)
    except Closed:
        raise
    except ProtocolError as error:
        pipe.send(Fault("", str(error)))


def start(body: Start) -> "tuple[Crew | None, Body]":
    """Open the node's instruments; a Fault names the one that cannot be opened."""
    from heraldlink.agent.crew import Crew, fault_of

    try:
        with only_growing():
            crew = Crew(body.config, body.addresses)
        return crew, Started(crew.instruments)
    except Exception as error:  # every failure is the agent's to tell
        return None, fault_of(error, [])


if __name__ == "__main__":
    with only_growing():
        from heraldlink.agent.crew import Crew

    sys.exit(main(int(sys.argv[1])))
