# SPDX-License-Identifier: Apache-2.0
"""A request under way, as the client that asked for it follows it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from heraldlink.connection import failure
from heraldlink.errors import BadArray, ProtocolError, RequestError, RunFailed
from heraldlink.messages.command import Cancel, Create, Created, Err, Finished, Held, Ok, Progress, Tags
from heraldlink.messages.header import Message
from heraldlink.messages.values import Prediction
from heraldlink.pairs import NodeTags, Pair, Result, SlotReport

if TYPE_CHECKING:
    from heraldlink.remote import Node


class Request:
    """A request under way: iterate over its CONFIRMED pairs, or ``follow`` everything."""

    def __init__(self, node: "Node", body: Create) -> None:
        self._node, self._create = node, body
        self._heralds: list[Pair] = []
        self._slots: list[SlotReport] = []
        self._result: Result | None = None
        self._connection = node.connection
        self._id = self._connection.post(body, node.epoch)
        match self._connection.next(self._id).body:
            case Created() as created:
                self._created = created
            case other:
                self._connection.forget(self._id)
                raise failure(other)

    @property
    def create_id(self) -> int:
        """The client's number of this request."""
        return self._create.create_id

    @property
    def seed(self) -> int:
        """Seed of the bases."""
        return self._create.seed

    @property
    def request_id(self) -> int:
        """The network's number of this request, as in the nodes' journals."""
        return self._created.request

    @property
    def prediction(self) -> Prediction:
        """The model's expectation at the chosen parameters."""
        return self._created.prediction

    @property
    def attempts_per_slot(self) -> int:
        """Attempts that a slot without heralds holds."""
        return self._created.attempts_per_slot

    def __iter__(self) -> Iterator[Pair]:
        for item in self.follow():
            if isinstance(item, Pair) and item.status == "CONFIRMED":
                yield item
        self.check()

    def follow(self) -> Iterator[Pair | SlotReport]:
        """Every herald (whatever its status) and every slot's report, as they come; raises no RunFailed."""
        while self._result is None:
            item = self._take(self._connection.next(self._id))
            if item:
                yield item

    @property
    def result(self) -> Result:
        """How the request ended; waits for its end."""
        for _ in self.follow():
            pass
        if self._result is None:
            raise RequestError("the request has no result")
        return self._result

    def check(self) -> None:
        """Raise RunFailed, naming node, device and reason, if the request ended FAILED or REJECTED."""
        result = self.result
        if result.state in ("FAILED", "REJECTED"):
            place = ", ".join(part for part in (result.node, result.device) if part)
            raise RunFailed(f"{place}: {result.reason}" if place else result.reason)

    def cancel(self) -> None:
        """End the request after the slot that is playing; ``result`` then comes as EXPIRED."""
        self._node.connection.ask(Cancel(self.create_id))

    def tags(self) -> dict[str, NodeTags]:
        """What every node of the network recorded during this request."""
        return {node.name: node.tags(self.request_id) for node in self._node.network}

    def _take(self, message: Message) -> Pair | SlotReport | None:
        match message.body:
            case Ok() | Held() | Progress() | Finished() as body if body.create_id != self.create_id:
                raise ProtocolError(f"a message of request {body.create_id} came for {self.create_id}")
            case Ok() | Held() as body:
                pair = Pair.of(body.create_id, body.pair)
                self._heralds.append(pair)
                return pair
            case Progress() as body:
                report = SlotReport.of(body)
                self._slots.append(report)
                return report
            case Finished() as body:
                self._connection.forget(self._id)
                self._result = Result.of(body, self._heralds, self._slots, self.prediction)
                return None
            case Err() as body:
                self._connection.forget(self._id)
                raise failure(body)
            case _:
                return None


def unpack(body: Tags, arrays: tuple[bytes, ...]) -> NodeTags:
    """Arrays of a Tags message by slot and raw channel. Raises BadArray if they are not as it says."""
    import numpy as np

    check_arrays(body, arrays)

    tags: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
    for place, stream in enumerate(body.streams):
        times = np.frombuffer(arrays[2 * place], "<i8")
        indices = np.frombuffer(arrays[2 * place + 1], "<i8")
        edges = np.cumsum((0, *stream.lengths))
        for slot, begin, end in zip(stream.slots, edges[:-1], edges[1:], strict=True):
            tags[slot, stream.raw] = (times[begin:end], indices[begin:end])
    return NodeTags(body.node, tags, body.describe)


def check_arrays(body: Tags, arrays: tuple[bytes, ...]) -> None:
    """Raise BadArray, naming node and channel, unless every array is as long as the message says."""
    if len(arrays) != 2 * len(body.streams):
        raise BadArray(f"node {body.node} sent {len(arrays)} arrays for {len(body.streams)} channels of tags")
    for stream, times, indices in zip(body.streams, arrays[::2], arrays[1::2], strict=True):
        size = 8 * sum(stream.lengths)
        fits = min(stream.lengths, default=0) >= 0 and len(stream.slots) == len(stream.lengths)
        if not (fits and len(times) == len(indices) == size):
            raise BadArray(
                f"node {body.node} sent {len(times)} and {len(indices)} bytes of tags of channel "
                f"{stream.raw} and says that they are {size}"
            )
