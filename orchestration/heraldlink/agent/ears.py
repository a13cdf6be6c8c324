# SPDX-License-Identifier: Apache-2.0
"""What a node's loop listens to: sockets and descriptors in one poll, set up anew only when they change."""

import math

import zmq

Source = zmq.Socket[bytes] | int


class Ears:
    """Waits for any of several sources; for one thread."""

    def __init__(self) -> None:
        self._poller, self._sources = zmq.Poller(), tuple[Source, ...]()

    def hear(self, sources: tuple[Source, ...], seconds: float) -> set[Source]:
        """The sources from which something can be read, as soon as there is one; none after ``seconds``."""
        if sources != self._sources:
            self._poller, self._sources = zmq.Poller(), sources
            for source in sources:
                self._poller.register(source, zmq.POLLIN)
        milliseconds = math.ceil(max(0.0, seconds) * 1000)
        return {source for source, _ in self._poller.poll(milliseconds)}
