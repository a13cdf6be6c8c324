# SPDX-License-Identifier: Apache-2.0
"""Recorded tags of the last requests, kept by the worker until they are fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.messages.command import Stream
from heraldlink.messages.worker import TagArrays
from heraldlink_drivers.roles import Tags

KEPT_REQUESTS = 2


@dataclass
class TagStore:
    """Tags by request, slot and RAW channel; older requests than the last two are dropped.

    ``describe`` is kept with each request as it is when the request begins, or when ``tell`` is called.
    """

    describe: dict[str, str] = field(default_factory=dict[str, str])
    _described: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])
    _records: dict[int, list[tuple[int, Mapping[int, Tags]]]] = field(
        default_factory=dict[int, list[tuple[int, Mapping[int, Tags]]]]
    )

    def open(self, request: int) -> None:
        """Begin a request."""
        self._records[request], self._described[request] = [], dict(self.describe)
        while len(self._records) > KEPT_REQUESTS:
            oldest = next(iter(self._records))
            del self._records[oldest], self._described[oldest]

    def tell(self, request: int) -> None:
        """Keep ``describe`` as it is now with a request."""
        if request in self._described:
            self._described[request] = dict(self.describe)

    def add(self, request: int, slot: int, tags: Mapping[int, Tags]) -> None:
        """Keep one slot's record."""
        if request in self._records:
            self._records[request].append((slot, tags))

    def hand_over(self, request: int) -> tuple[TagArrays, tuple[bytes, ...]]:
        """All slots of a request. Raises RequestError if it is not kept."""
        if request not in self._records:
            raise RequestError(f"no tags are kept of request {request}: only of the last {KEPT_REQUESTS}")
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
