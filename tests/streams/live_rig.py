# SPDX-License-Identifier: Apache-2.0
"""Reading live sources in a thread, and a simulated ID900 prepared by its real driver."""

import select
import time
from collections.abc import Callable
from threading import Thread

import numpy as np

from heraldlink.tags.description import joined
from heraldlink_drivers import IDQuantiqueID900
from heraldlink_drivers.roles import Combiner, TaggerProgram

PROGRAM = TaggerProgram(
    reference="STAR",
    raw={1: "INPU1", 2: "INPU2", 3: "TSCO5"},
    combiner=Combiner(5, "INPU1", "INPU2", begin_ps=50_000, end_ps=350_000),
    outputs={1: "TSCO5", 2: "TSCO5"},
    threshold_V={"STAR": 0.5, "INPU1": 0.1, "INPU2": 0.1, "INPU3": 0.5, "INPU4": 0.5},
)
DURATION_PS = 1_000_000_000


def wait_for(condition: Callable[[], bool], deadline_s: float = 10.0) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "condition not met in time"
        select.select([], [], [], 0.002)


class Reading:
    """A source read by a thread; its blocks and its error."""

    def __init__(self, source):
        self.source, self.blocks, self.error = source, [], None
        self._thread = Thread(target=self._read)
        self._thread.start()

    def _read(self):
        try:
            for block in self.source.blocks():
                self.blocks.append(block)
        except Exception as error:
            self.error = error

    def ended(self):
        self._thread.join(20)
        assert not self._thread.is_alive()
        if self.error:
            raise self.error
        return joined(self.blocks)

    def tags(self):
        return sum(block.channel.size for block in self.blocks)


class Tagger:
    """Face, servers and driver of one ID900."""

    def __init__(self, loop, face, server):
        self.loop, self.face, self.server = loop, face, server
        self.driver = IDQuantiqueID900(
            "tagger", server.address, datalink=server.datalink_address, stream_port=0
        )
        self.driver.configure(PROGRAM)

    def started(self) -> int:
        """Streams that were started."""
        sent = [data for way, data in list(self.server.datalink.wire_log) if way == "in"]
        return sum(data.startswith(b"start-stream") for data in sent)

    def play(self, **times):
        """One record: the pulses of one tick period."""
        self.driver.arm_record(DURATION_PS)
        self.deliver(**times)

    def deliver(self, **times):
        events = {name: np.array(values, np.int64) for name, values in times.items()}

        async def give():
            self.face.deliver({"IN4": np.zeros(1, np.int64), **events}, 1)

        self.loop.run(give())
