# SPDX-License-Identifier: Apache-2.0
"""A million broken frames to every socket of a real node: no crash, no growth, always in step.

A midpoint's five channels (command, link, safety, event, record), started by ``heraldlink up`` beside a
bench, get messages that are garbage, spoiled ones of every kind the channel knows, and whole ones with wild
values; seeded. Of the safety channel's kinds only ping and get_safety: a whole abort, stop or clear is an
order that takes its time and no broken message. After each batch a question on the command and the safety
channel must be answered by itself. Another node, which asks for keys, gets bytes of strangers straight to its
ports: it must answer none. Exit code 1 with what was not survived.

    python benchmarks/fuzz_nodes.py --frames 1000000 --seed 7
"""

import random
import socket
import tempfile
from itertools import cycle
from pathlib import Path
from time import monotonic, perf_counter

import zmq
from measure import Row, WrongAnswer, arguments, below, report, run
from node_fuzz import Lair, Maker, Prober, resident_MB

from heraldlink.messages.command import COMMAND_TYPES
from heraldlink.messages.link import LINK_TYPES
from heraldlink.messages.record import RECORD_TYPES
from heraldlink.messages.safety import SAFETY_TYPES
from heraldlink.sockets import configure

ASKING = {kind: SAFETY_TYPES[kind] for kind in ("ping", "get_safety")}
TYPES = {
    "command": COMMAND_TYPES,
    "link": LINK_TYPES,
    "safety": ASKING,
    "record": RECORD_TYPES,
    "event": {},
}
BATCH = 500
STRANGERS = 300
GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"


class Attacker:
    """One connection to one channel, which is made anew when the node has cut it off."""

    def __init__(
        self, context: "zmq.Context[zmq.Socket[bytes]]", lair: Lair, channel: str, seed: int
    ) -> None:
        drawn = random.Random(f"{seed} {channel}")
        self._maker = Maker(TYPES[channel], drawn, ends=("alice", "bob"))
        self._socket = context.socket(zmq.XSUB if channel == "event" else zmq.DEALER)
        configure(self._socket, "command")
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.connect(lair.address(channel))
        self.answers = 0

    def attack(self, frames: int) -> int:
        """Send messages of about so many frames in all; how many they were."""
        sent, until_s = 0, monotonic() + 30
        while sent < frames:
            message = self._maker.message()
            if self._socket.poll(1000, zmq.POLLOUT):
                self._socket.send_multipart(message)
                sent += len(message)
            elif monotonic() > until_s:
                raise WrongAnswer("a channel takes nothing for 30 s")
            self._drain()
        return sent

    def _drain(self) -> None:
        while self._socket.poll(0, zmq.POLLIN):
            self._socket.recv_multipart()
            self.answers += 1


def strangers(lair: Lair, drawn: random.Random) -> tuple[int, int]:
    """Connections without a key straight to the ports of a node that asks for keys: (frames, answers)."""
    frames = answers = 0
    for number in range(STRANGERS):
        channel = ("command", "safety", "record", "event")[number % 4]
        host, _, port = lair.address(channel).removeprefix("tcp://").rpartition(":")
        with socket.create_connection((host, int(port)), 5) as stranger:
            stranger.settimeout(0.05)
            payloads = [b"\x00\x05hello", drawn.randbytes(drawn.randrange(200)), READY]
            try:
                stranger.sendall(
                    drawn.choice((GREETING, GREETING, drawn.randbytes(64), b"GET / HTTP/1.1\r\n\r\n"))
                )
                for _ in range(100):
                    stranger.sendall(drawn.choice(payloads))
                    frames += 1
            except OSError:
                pass
            answers += message_in(stranger)
    return frames, answers


def message_in(stranger: socket.socket) -> bool:
    """Whether more than a greeting (64 bytes) and an ERROR command (0x04 0x06 ERROR) has come."""
    found = b""
    try:
        while part := stranger.recv(4096):
            found += part
    except OSError:
        pass
    rest = found[64:]
    return bool(rest) and not rest.startswith(b"\x04")


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with tempfile.TemporaryDirectory() as name, Lair(Path(name) / "open") as lair:
        attackers = [Attacker(context, lair, channel, options.seed) for channel in TYPES]
        prober, sent, begun = Prober(context, lair), 0, perf_counter()
        warm_MB, warm_files = 0.0, 0
        for attacker in cycle(attackers):
            if sent >= options.frames:
                break
            sent += attacker.attack(BATCH)
            prober.check()
            if not warm_MB and sent >= options.frames // 5:
                warm_MB, warm_files = resident_MB(lair.pids()), lair.files()
        duration_s = perf_counter() - begun
        grown_MB, more_files = resident_MB(lair.pids()) - warm_MB, lair.files() - warm_files
        lair.verify()
        with Lair(Path(name) / "keys", keys=True) as closed:
            frames, answers = strangers(closed, random.Random(options.seed))
            closed.verify()
        if answers:
            raise WrongAnswer(f"{answers} of {STRANGERS} strangers were answered")
    context.destroy(linger=0)
    rows = [
        Row("frames survived, on five channels", sent, ""),
        Row("answers they got", sum(attacker.answers for attacker in attackers), ""),
        Row("slowest status between two batches", prober.slowest_s * 1e3, "ms"),
        Row("time for each frame", duration_s / sent * 1e6, "us"),
        Row("frames of strangers to a node with keys", frames, ""),
        below("answers to strangers", answers, "", 1),
        below("growth of memory after the first fifth", grown_MB, "MB", 50),
        below("more open files", more_files, "", 8),
    ]
    report(rows, options.json)


if __name__ == "__main__":
    run(main)
