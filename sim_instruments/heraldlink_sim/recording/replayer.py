# SPDX-License-Identifier: Apache-2.0
"""An instrument that is a transcript: it gives the recorded answers, and says that it is a replay."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import deque
from collections.abc import Awaitable
from typing import Literal

from heraldlink_sim.recording.marks import marked
from heraldlink_sim.recording.script import NeverRecorded, Order, Script, renumbered
from heraldlink_sim.recording.transcript import Exchange, Service, Transcript

Timing = Literal["none", "recorded"]

_log = logging.getLogger(__name__)
_ERROR_QUERY = re.compile(rb":?SYST(?:EM)?:ERR(?:OR)?(?::NEXT)?\?\s*", re.IGNORECASE)
_NUMBER_QUERY = re.compile(rb"LERR\?\s*", re.IGNORECASE)
UNDEFINED_HEADER = -113
_ILLEGAL_COMMAND = b"110"
"""Of SRS instruments, whose ``LERR?`` takes a bare number (DG645 manual, error codes)."""


class ReplayedService:
    """One address of a replayed instrument: a Device of :mod:`heraldlink_sim.transport`.

    ``end`` is what stands between the messages of an answer that has several. A request that was never
    recorded is refused as the protocol allows: over SCPI no answer, and ``-113`` with a sentence in the error
    queue (110 where the queue has numbers only); over WebSQ an ``Error`` label; from an ID900
    ``SCPI_ERR_UNDEFINED_HEADER``; over HTTP status 404.
    """

    def __init__(
        self, transcript: Transcript, suffix: str, order: Order, timing: Timing, end: bytes = b"\n"
    ) -> None:
        self.service = transcript.services.get(suffix, Service("raw"))
        own = [item for item in transcript.exchanges() if item.service == suffix]
        self._script = Script(own, order, self.service.protocol)
        self._timed, self._end, self._path = timing == "recorded", end, transcript.path
        self._refusals: deque[str] = deque()
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=1000)

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer one request as it was answered when it was recorded."""
        message = bytes(message)
        self.wire_log.append(("in", message))
        try:
            found = self._refused(message) or self._script.answer(message)
        except NeverRecorded as error:
            return self._logged(self._refuse(error))
        answers = (renumbered(message, marked(message, answer)) for answer in found.answers)
        answer = self._end.join(answers)
        return self._late(answer, found) if self._timed else self._logged(answer)

    async def _late(self, answer: bytes, found: Exchange) -> bytes:
        await asyncio.sleep(found.after_s if found.answers else 0)
        return self._logged(answer)

    def _logged(self, answer: bytes) -> bytes:
        if answer:
            self.wire_log.append(("out", answer))
        return answer

    def _refuse(self, error: NeverRecorded) -> bytes:
        _log.warning("%s: %s", self._path, error)
        if self.service.protocol in ("raw", "hislip"):
            self._refusals.append(str(error))
            return b""
        if self.service.protocol == "websq":
            return json.dumps({"label": "Error", "value": f"REPLAY: {error}"}).encode()
        if self.service.protocol == "datalink":
            return json.dumps({"error": {"description": f"REPLAY: {error}"}}).encode()
        if self.service.protocol == "zmq":
            return f"SCPI_ERR_UNDEFINED_HEADER REPLAY: {error}".encode()
        return f"REPLAY: {error}".encode()

    def _refused(self, message: bytes) -> Exchange | None:
        """The entry of the error queue that a refusal left, if this asks for one."""
        if not self._refusals:
            return None
        if _NUMBER_QUERY.fullmatch(message):
            self._refusals.popleft()
            return Exchange("", message, (_ILLEGAL_COMMAND,), 0.0, 0)
        if not _ERROR_QUERY.fullmatch(message):
            return None
        text = self._refusals.popleft().replace('"', "'")
        entry = f'{UNDEFINED_HEADER},"Undefined header;{text}"'.encode("latin-1", "replace")
        return Exchange("", message, (entry,), 0.0, 0)
