# SPDX-License-Identifier: Apache-2.0
"""ID Quantique's DataLink service and its time-stamp streams.

The service takes text on a ZeroMQ REP socket and answers JSON. A stream is a PAIR socket that the service
binds; each message is packed uint64 little endian, here (ps since the reference event, reference index)
pairs, and an empty message ends the stream. Source: the vendor's example code (StreamClient, acquisitions).
"""

import json
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import zmq

from heraldlink_drivers._zmq_request import ZmqRequester, new_socket
from heraldlink_drivers.errors import InstrumentError, RecordIncomplete
from heraldlink_drivers.roles import Tags

FIRST_DATA_PORT = 5555
"""An acquisition of channel n has the id ``address:5555+n``, as a public log of the service shows."""

_POLL_MS = 2
_PAIR_BYTES = 16


@dataclass(frozen=True)
class Status:
    """Records and pairs that the service has put into a stream."""

    records: int
    timestamps: int


class DataLinkService:
    """Requests to the service; not locked: its owner holds a lock."""

    def __init__(self, instrument: str, requester: ZmqRequester) -> None:
        self._instrument = instrument
        self._requester = requester

    @property
    def host(self) -> str:
        """Host on which the service binds its streams."""
        return self._requester.host

    def close(self) -> None:
        """Close the connection."""
        self._requester.close()

    def request(self, command: str) -> dict[str, object]:
        """Answer to one command; raises InstrumentError for an ``error`` in it."""
        answer = self._answer(command)
        if not isinstance(answer, dict):
            raise InstrumentError(self._instrument, command, 0, f"unexpected answer {str(answer)[:80]!r}")
        return cast("dict[str, object]", answer)

    def statuses(self, identities: Sequence[str]) -> list[Status]:
        """How far acquisitions are. Raises RecordIncomplete if one of them lost tags."""
        found: list[Status] = []
        for answer in (self.request(f"status --id {identity}") for identity in identities):
            if errors := cast("list[object]", answer.get("errors", [])):
                raise RecordIncomplete(f"{self._instrument}: {'; '.join(map(_description, errors))}")
            found.append(Status(int(str(answer["acquisitions_count"])), int(str(answer["timestamps_count"]))))
        return found

    def _answer(self, command: str) -> object:
        reply = self._requester.ask(command)
        try:
            answer: object = json.loads(reply)
        except ValueError as error:
            raise InstrumentError(self._instrument, command, 0, f"not JSON: {reply[:80]!r}") from error
        if not isinstance(answer, dict):
            return answer
        fields = cast("dict[str, object]", answer)
        if "error" in fields:
            raise InstrumentError(self._instrument, command, 0, _description(fields["error"]))
        return fields

    def stop_left(self, device: str, channels: Collection[int]) -> list[str]:
        """Stop what an earlier client left running on these channels of a device; the ids.

        A client that dies leaves its streams; the service goes on filling them, and keeps their ports. So
        do the vendor's examples begin: they stop whatever ``list`` names.
        """
        answer = self._answer("list")
        if not isinstance(answer, list):
            raise InstrumentError(self._instrument, "list", 0, f"unexpected answer {str(answer)[:80]!r}")
        known = {f"{device}:{FIRST_DATA_PORT + channel}" for channel in channels}
        left = [one for one in map(str, cast("list[object]", answer)) if re.sub(r"-\d+$", "", one) in known]
        for identity in left:
            self.request(f"stop --id {identity}")
        return left

    def save(self, device: str, channel: int, filename: str, form: str) -> str:
        """Start to write the time stamps of a channel to a file; returns the acquisition's id."""
        quoted = filename.replace("\\", "\\\\").replace('"', '\\"')
        options = f'--channel {channel} --filename "{quoted}" --format {form} --with-ref-index'
        return str(self.request(f"start-save --address {device} {options}")["id"])

    def stop(self, identity: str) -> int:
        """Stop an acquisition; returns its number of tags. Raises RecordIncomplete if some were lost."""
        answer = self.request(f"stop --id {identity}").get("status")
        status = cast("dict[str, object]", answer) if isinstance(answer, dict) else {}
        if errors := cast("list[object]", status.get("errors", [])):
            raise RecordIncomplete(f"{self._instrument}: {'; '.join(map(_description, errors))}")
        return int(str(status.get("timestamps_count", 0)))


class TagStream:
    """The stream of one RAW channel, whole record by whole record."""

    def __init__(self, service: DataLinkService, device: str, channel: int, port: int) -> None:
        self._service = service
        self.channel = channel
        answer = service.request(
            f"start-stream --address {device} --channel {channel} --stream-port {port} --with-ref-index"
        )
        self.identity = str(answer["id"])
        self._taken = 0
        self._records = 0
        self.read_out = False
        """Whether every record so far is known to be read: nothing is left to forget."""
        self._socket = new_socket(zmq.PAIR)
        self._socket.setsockopt(zmq.RCVHWM, 0)
        self._socket.connect(f"tcp://{service.host}:{int(str(answer.get('port', port)))}")

    def close(self) -> None:
        """Stop the stream."""
        try:
            self._service.request(f"stop --id {self.identity}")
        finally:
            self._socket.close(linger=0)

    def forget(self, status: Status) -> None:
        """Throw away what earlier records left; the next record is counted from here."""
        self._receive(status.timestamps, time.monotonic() + 5.0)
        self._records = status.records
        self.read_out = True

    def expect(self) -> None:
        """A record is armed; until it is read there may be something to forget."""
        self.read_out = False

    def arrived(self, status: Status) -> bool:
        """Whether the record that was expected has reached the service."""
        return status.records > self._records

    def take(self, status: Status, deadline: float) -> Tags:
        """Tags of one record, complete by the service's own count; raises RecordIncomplete."""
        if status.records != self._records + 1:
            raise RecordIncomplete(f"RAW{self.channel}: {status.records - self._records} records, not one")
        data = self._receive(status.timestamps, deadline)
        self._records, self.read_out = status.records, True
        pairs = np.frombuffer(data, "<u8").reshape(-1, 2).astype(np.int64)
        return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])

    def wait(self) -> None:
        """Wait a moment for tags."""
        self._socket.poll(_POLL_MS)

    def _receive(self, until: int, deadline: float) -> bytes:
        """All bytes of the stream up to its ``until``-th pair."""
        parts: list[bytes] = []
        while self._taken < until:
            if not self._socket.poll(max(0, int((deadline - time.monotonic()) * 1e3))):
                raise RecordIncomplete(f"RAW{self.channel}: {self._taken} of {until} tags arrived")
            part = self._socket.recv()
            if len(part) % _PAIR_BYTES or not part:
                raise RecordIncomplete(f"RAW{self.channel}: stream broken off after {self._taken} tags")
            parts.append(part)
            self._taken += len(part) // _PAIR_BYTES
        if self._taken > until:
            raise RecordIncomplete(
                f"RAW{self.channel}: {self._taken} tags arrived where {until} were counted"
            )
        return b"".join(parts)


def forget(service: DataLinkService, streams: Sequence[TagStream]) -> None:
    """Throw away what earlier records left in some streams."""
    for stream, status in zip(streams, service.statuses([each.identity for each in streams]), strict=True):
        stream.forget(status)


def read(service: DataLinkService, streams: Mapping[int, TagStream], timeout_s: float) -> dict[int, Tags]:
    """Tags of one record by RAW channel, whole or not at all; raises RecordIncomplete."""
    deadline, identities = time.monotonic() + timeout_s, [each.identity for each in streams.values()]
    while True:
        found = dict(zip(streams, service.statuses(identities), strict=True))
        late = [number for number, stream in streams.items() if not stream.arrived(found[number])]
        if not late:
            return {number: stream.take(found[number], deadline) for number, stream in streams.items()}
        if time.monotonic() > deadline:
            raise RecordIncomplete(f"RAW{late[0]}: the record did not reach the DataLink service")
        streams[late[0]].wait()


def _description(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    return str(cast("dict[str, object]", error).get("description", "no description"))
