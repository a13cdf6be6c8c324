# SPDX-License-Identifier: Apache-2.0
"""Recorded tags of the last requests, kept by the worker until they are fetched."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.messages.command import Stream
from heraldlink.messages.header import MAX_FRAME_BYTES
from heraldlink.messages.worker import TagArrays
from heraldlink_drivers.roles import Tags

KEPT_REQUESTS = 2


@dataclass
class TagStore:
    """Tags by request, slot and RAW channel; older requests than the last two are dropped.

    ``describe`` is kept with each request as it is when the request begins, or when ``tell`` is called. Of a
    request that has recorded more of one channel than a message can carry (``frame_bytes`` for its times, as
    much for its indices) none are kept: nobody could fetch them, and memory is not without end.
    """

    frame_bytes: int = MAX_FRAME_BYTES

    describe: dict[str, str] = field(default_factory=dict[str, str])
    _described: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])
    _records: dict[int, list[tuple[int, Mapping[int, Tags]]]] = field(
        default_factory=dict[int, list[tuple[int, Mapping[int, Tags]]]]
    )

    _bytes: Counter[int] = field(default_factory=Counter[int])
    _too_long: dict[int, int] = field(default_factory=dict[int, int])

    def open(self, request: int) -> None:
        """Begin a request."""
        self._records[request], self._described[request] = [], dict(self.describe)
        self._bytes.clear()
        while len(self._records) > KEPT_REQUESTS:
            oldest = next(iter(self._records))
            del self._records[oldest], self._described[oldest]
            self._too_long.pop(oldest, None)

    def tell(self, request: int) -> None:
        """Keep ``describe`` as it is now with a request."""
        if request in self._described:
            self._described[request] = dict(self.describe)

    def add(self, request: int, slot: int, tags: Mapping[int, Tags]) -> None:
        """Keep one slot's record."""
        if request not in self._records or request in self._too_long:
            return
        self._bytes.update({raw: times.nbytes for raw, (times, _) in tags.items()})
        if max(self._bytes.values(), default=0) > self.frame_bytes:
            self._records[request], self._too_long[request] = [], slot
        else:
            self._records[request].append((slot, tags))

    def hand_over(self, request: int) -> tuple[TagArrays, tuple[bytes, ...]]:
        """All slots of a request. Raises RequestError if it is not kept, or was too long."""
        if request not in self._records:
            raise RequestError(f"no tags are kept of request {request}: only of the last {KEPT_REQUESTS}")
        if request in self._too_long:
            raise RequestError(
                f"no tags are kept of request {request}: by slot {self._too_long[request]} one channel had "
                f"recorded more than a message carries ({self.frame_bytes / 2**20:g} MiB): "
                "ask for fewer pairs at a time"
            )
        records = self._records[request]
        raws = sorted({raw for _, tags in records for raw in tags})
        streams: list[Stream] = []
        arrays: list[bytes] = []
        for raw in raws:
            parts = [(slot, tags[raw]) for slot, tags in records if raw in tags]
            slots = tuple(slot for slot, _ in parts)
            streams.append(Stream(raw, slots, tuple(int(times.size) for _, (times, _) in parts)))
            for column in (0, 1):
                arrays.append(np.concatenate([tags[column] for _, tags in parts]).astype("<i8").tobytes())
        return TagArrays(request, tuple(streams), self._described[request]), tuple(arrays)
