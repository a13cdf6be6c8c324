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
from heraldlink.messages.header import Body
from heraldlink.messages.worker import Fault, ParkAll, Start, Started


def main(descriptor: int) -> int:
    """Serve until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Pipe(socket.socket(fileno=descriptor))
    crew = None
    try:
        while True:
            body = pipe.wait().body
            if isinstance(body, Start):
                crew, reply = start(body)
                pipe.send(reply)
            elif crew is None:
                pipe.send(Fault("", "the instruments are not open"))
            else:
                pipe.send(*crew.answer(body))
    except Closed:
        if crew:
            with contextlib.suppress(Exception):
                crew.answer(ParkAll())
            crew.close()
    return 0


def start(body: Start) -> "tuple[Crew | None, Body]":
    """Open the node's instruments; a Fault names the one that cannot be opened."""
    from heraldlink.agent.crew import Crew, fault_of

    try:
        crew = Crew(body.config, body.addresses)
        return crew, Started(crew.instruments)
    except Exception as error:  # every failure is the agent's to tell
        return None, fault_of(error, [])


if __name__ == "__main__":
    from heraldlink.agent.crew import Crew

    sys.exit(main(int(sys.argv[1])))
