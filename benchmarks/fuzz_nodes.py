# SPDX-License-Identifier: Apache-2.0
"""A million broken frames to every socket of a real node: no crash, no growth, always in step.

A midpoint's five channels (command, link, safety, event, record), started by ``heraldlink up`` beside a
bench, get messages that are garbage, spoiled ones of every kind the channel knows, and whole ones with wild
values; seeded. Of the safety channel's kinds only ping and get_safety: a whole abort, stop or clear is an
order that takes its time and no broken message. After each batch a question on the command and the safety
channel must be answered by itself.

Strangers then ask a second node, which asks for keys, on raw TCP connections in nine ways. What comes back is
read as ZMTP (tests/fault_lab/zmtp.py says what a server may tell somebody it does not know); anything else
fails the run, and so does a connection that stays open. The first node, which asks for no keys, must be seen
to answer the same strangers on every channel: the measurement can fail. Exit code 1 with what was not
survived.

    python benchmarks/fuzz_nodes.py --frames 1000000 --seed 7
"""

import random
import sys
import tempfile
from collections import Counter
from itertools import cycle
from pathlib import Path
from time import monotonic, perf_counter

import zmq
from measure import Row, WrongAnswer, arguments, below, report, run
from node_fuzz import Lair, Maker, Prober, resident_MB

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fault_lab.strangers import CHANNELS, Visit, visit

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
STRANGERS = 360
"""Ten in each of nine ways on each of four channels."""


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


def strangers(closed: Lair, seed: int) -> list[Visit]:
    """Visits to a node that asks for keys. Raises WrongAnswer if one of them was answered, or stays open."""
    visits = visit({channel: closed.address(channel) for channel in CHANNELS}, STRANGERS, seed)
    wrong = Counter(item.wrong for item in visits if item.wrong)
    if wrong:
        told = "; ".join(f"{number} x {what}" for what, number in wrong.most_common(5))
        raise WrongAnswer(f"{wrong.total()} of {STRANGERS} strangers were answered: {told}")
    return visits


def control(lair: Lair, seed: int) -> int:
    """Strangers whom the node without keys answered. Raises WrongAnswer unless each channel did."""
    visits = visit({channel: lair.address(channel) for channel in CHANNELS}, 9 * len(CHANNELS), seed, 10, 1.0)
    silent = set(CHANNELS) - {item.channel for item in visits if item.way == "NULL" and item.leak}
    if silent:
        raise WrongAnswer(f"no stranger was answered by a node without keys on {sorted(silent)}")
    return sum(bool(item.leak) for item in visits)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with tempfile.TemporaryDirectory() as name, Lair(Path(name) / "open") as lair:
        attackers = [Attacker(context, lair, channel, options.seed) for channel in TYPES]
        prober = Prober(context, lair)
        prober.settle()
        sent, begun = 0, perf_counter()
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
        known = control(lair, options.seed)
        lair.verify()
        with Lair(Path(name) / "keys", keys=True) as closed:
            visits = strangers(closed, options.seed)
            closed.verify()
    context.destroy(linger=0)
    rows = [
        Row("frames survived, on five channels", sent, ""),
        Row("answers they got", sum(attacker.answers for attacker in attackers), ""),
        Row("slowest status between two batches", prober.slowest_s * 1e3, "ms"),
        Row("time for each frame", duration_s / sent * 1e6, "us"),
        Row("strangers whom a node without keys answers (control)", known, ""),
        Row("frames of strangers to a node with keys", sum(item.frames for item in visits), ""),
        below("answers to strangers", sum(bool(item.wrong) for item in visits), "", 1),
        below("growth of memory after the first fifth", grown_MB, "MB", 50),
        below("more open files", more_files, "", 8),
    ]
    report(rows, options.json)


if __name__ == "__main__":
    run(main)
