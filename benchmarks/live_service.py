# SPDX-License-Identifier: Apache-2.0
"""A time-stamp service that sends blocks and waits for their heralds, in a process of its own.

    python benchmarks/live_service.py HERALDS_ADDRESS BLOCKS

It speaks the DataLink service's protocol for two RAW channels, prints its port, sends blocks one by one and
times each until its heralds are back; then it ends the acquisition and prints the times (s) as JSON.
"""

import json
import sys
import time

import numpy as np
import zmq

CHANNEL_TAGS = 4096
PERIOD_s = 2 * CHANNEL_TAGS / 10e6
"""Time between blocks: an ID900 takes 10 M events/s."""
ATTEMPTS = 20_000
"""Attempts that a block spans."""


def records(block: int, channel: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    """(ps, reference index) of one channel in one block."""
    random = np.random.default_rng((block, channel))
    index = np.sort(random.choice(ATTEMPTS, CHANNEL_TAGS, replace=False)) + block * ATTEMPTS
    return np.stack((random.integers(0, 1_000_000, CHANNEL_TAGS), index), axis=1).astype("<u8")


class Service:
    """The service's sockets, and the subscriber's."""

    def __init__(self, heralds: str) -> None:
        context = zmq.Context.instance()
        self.requests, self.heralds = context.socket(zmq.REP), context.socket(zmq.SUB)
        self.port = self.requests.bind_to_random_port("tcp://127.0.0.1")
        self.heralds.connect(heralds)
        self.heralds.subscribe(b"heralds")
        self.poller = zmq.Poller()
        for socket in (self.requests, self.heralds):
            self.poller.register(socket, zmq.POLLIN)
        self.streams: list[zmq.SyncSocket] = []
        self.sent = self.records = 0

    def answer(self) -> None:
        """One request."""
        request = self.requests.recv()
        if request.startswith(b"start-stream"):
            self.streams.append(zmq.Context.instance().socket(zmq.PAIR))
            port = self.streams[-1].bind_to_random_port("tcp://127.0.0.1")
            self.requests.send(json.dumps({"id": f"{len(self.streams)}", "port": port}).encode())
        elif request.startswith(b"status"):
            state = {"acquisitions_count": self.records, "timestamps_count": self.sent, "errors": []}
            self.requests.send(json.dumps(state).encode())
        else:
            self.requests.send(b'{"status": {}}')

    def block(self, parts: list[bytes]) -> float:
        """Send a block; how long its heralds take to come back, infinite if they do not in 50 ms.

        The next one is due when the device, at its limit, has as many tags again.
        """
        self.sent += CHANNEL_TAGS
        begun = time.perf_counter()
        for stream, part in zip(self.streams, parts, strict=True):
            stream.send(part)
        took = float("inf")
        while (wait := (0.05 if took == float("inf") else PERIOD_s) + begun - time.perf_counter()) > 0:
            events = dict(self.poller.poll(wait * 1e3))
            if self.requests in events:
                self.answer()
            if self.heralds in events:
                took = min(took, time.perf_counter() - begun)
                self.heralds.recv_multipart()
        return took


def main(heralds: str, blocks: int) -> None:
    """See the module."""
    prepared = [[records(number, channel).tobytes() for channel in (1, 2)] for number in range(blocks)]
    service = Service(heralds)
    print(json.dumps({"port": service.port}), flush=True)
    while len(service.streams) < 2:
        service.answer()
    took = [service.block(parts) for parts in prepared]
    service.records = 1
    for _ in range(4):
        service.answer()
    print(json.dumps(took[5:]), flush=True)  # the first ones start threads, subscription and compiled code
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
