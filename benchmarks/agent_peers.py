# SPDX-License-Identifier: Apache-2.0
"""Servers to compare a node with, each in a process of its own: ``python benchmarks/agent_peers.py KIND``.

``bare`` answers a REQ with pyzmq alone, ``asyncio`` with zmq.asyncio, ``array`` returns a message of this
project with its arrays, ``frames`` any message as it is. ``least`` answers a status as the least of nodes:
one poll of its channels, the question decoded, the answer encoded, nothing checked or kept. All with CURVE,
whose keys (public and secret of the server) are arguments, and no list of clients. Each prints its address
and ends with its standard input.
"""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import zmq
from zmq.asyncio import Context as AsyncContext

from heraldlink.messages.command import COMMAND_TYPES, NodeStatus
from heraldlink.messages.header import VERSION, Header, Message, decode, encode, kind_of

ANSWER = 400
"""Bytes of an answer: about those of a node's status."""
OTHER_CHANNELS = 4
"""Link, safety, event and record, beside the command channel."""
STATUS = NodeStatus(
    "alice", "end", "READY", True, 1, {f"alice_{part}": "A name as it tells it" for part in range(6)},
    {"bob": True, "midpoint": True},
)  # fmt: skip


@contextmanager
def served(kind: str, *keys: str) -> Iterator[str]:
    """Run a server; its address."""
    command = [sys.executable, __file__, kind, *keys]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(10)


def _listen(socket: "zmq.Socket[bytes] | zmq.asyncio.Socket", public: str, secret: str) -> None:
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_PUBLICKEY, public.encode())
    socket.setsockopt(zmq.CURVE_SECRETKEY, secret.encode())
    socket.bind("tcp://127.0.0.1:0")
    print(socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)


def _bare(public: str, secret: str) -> None:
    socket = zmq.Context().socket(zmq.REP)
    _listen(socket, public, secret)
    answer = bytes(ANSWER)
    while True:
        socket.recv()
        socket.send(answer)


async def _asyncio(public: str, secret: str) -> None:
    socket = AsyncContext().socket(zmq.REP)
    _listen(socket, public, secret)
    answer = bytes(ANSWER)
    while True:
        await socket.recv()
        await socket.send(answer)


def _array(public: str, secret: str) -> None:
    socket = zmq.Context().socket(zmq.ROUTER)
    _listen(socket, public, secret)
    while True:
        peer, *frames = socket.recv_multipart()
        socket.send_multipart([peer, *encode(decode(frames, COMMAND_TYPES))], copy=False)


def _frames(public: str, secret: str) -> None:
    socket = zmq.Context().socket(zmq.ROUTER)
    _listen(socket, public, secret)
    while True:
        socket.send_multipart(socket.recv_multipart(), copy=False)


def _least(public: str, secret: str) -> None:
    context, poller = zmq.Context(), zmq.Poller()
    socket = context.socket(zmq.ROUTER)
    for channel in (socket, *(context.socket(zmq.ROUTER) for _ in range(OTHER_CHANNELS))):
        poller.register(channel, zmq.POLLIN)
    _listen(socket, public, secret)
    while True:
        poller.poll()
        peer, *frames = socket.recv_multipart()
        asked = decode(frames, COMMAND_TYPES).header
        header = Header(VERSION, kind_of(NodeStatus), asked.request_id, 0, 1, "alice")
        socket.send_multipart([peer, *encode(Message(header, STATUS))])


def _serve(kind: str, public: str, secret: str) -> None:
    if kind == "bare":
        _bare(public, secret)
    elif kind == "array":
        _array(public, secret)
    elif kind == "least":
        _least(public, secret)
    elif kind == "frames":
        _frames(public, secret)
    else:
        asyncio.run(_asyncio(public, secret))


if __name__ == "__main__":
    threading.Thread(target=_serve, args=sys.argv[1:4], daemon=True).start()
    sys.stdin.read()
