# SPDX-License-Identifier: Apache-2.0
"""Records of a time tagger that a driver reads, one after another: tags as soon as each record is over."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.streams.live import WAIT_s, without_tags
from heraldlink.streams.together import Together, numbered
from heraldlink.tags.block import END_PS, Gap, Header, IndexedBlock
from heraldlink.tags.description import cut
from heraldlink_drivers.roles import TimeTagger


class TaggerRecords:
    """A configured tagger in its role, armed again and again: ``records`` times, or until it is stopped.

    Each record begins at a slot tick and lasts ``duration_ps``, in which ``attempts`` reference events come:
    event i of record r has index r * attempts + i. What comes between records is not recorded, and no
    attempt of ours. Blocks are asked for in one thread, the driver's; its errors pass. A record that is
    incomplete (RecordIncomplete), or has more reference events, ends the stream with that error.
    """

    def __init__(
        self, tagger: TimeTagger, duration_ps: int, attempts: int, records: int | None = None
    ) -> None:
        if duration_ps < 1 or attempts < 1 or (records is not None and records < 1):
            raise RequestError(
                f"records of {attempts} attempts and {duration_ps} ps, {records} times: give numbers above 0"
            )
        self._tagger, self._duration_ps = tagger, duration_ps
        self._attempts, self._records = attempts, records
        self._stopped = False

    @property
    def header(self) -> Header:
        """Channels are the numbers of RAW blocks; their names are known to who configured them."""
        return Header("time tagger", "indexed", 1.0, about={"tagger": self._tagger.identity()})

    def stop(self) -> None:
        """See `LiveSource`; the record that runs is not waited for."""
        self._stopped = True

    def blocks(self, size: int = 1 << 20) -> Iterator[IndexedBlock]:
        """The tags of each record, in blocks of at most ``size``."""
        self._tagger.open_streams()
        record = 0
        while record != self._records and self._recorded():
            for block in cut(self._read(record), size):
                if isinstance(block, IndexedBlock):
                    yield block
            record += 1
        begin = record * self._attempts
        gaps = () if record == self._records else (Gap(begin, END_PS, "truncated"),)
        end = without_tags(self.header, END_PS, gaps)
        if isinstance(end, IndexedBlock):
            yield end

    def _recorded(self) -> bool:
        """Arm a record and wait for its end; False if the stream was stopped before."""
        if self._stopped:
            return False
        self._tagger.arm_record(self._duration_ps)
        while not self._tagger.record_done():
            if self._stopped:
                return False
            sleep(WAIT_s)
        return True

    def _read(self, record: int) -> IndexedBlock:
        found = self._tagger.read_record()
        together = Together(Header("record", "indexed", 1.0, channels=dict.fromkeys(found, "")))
        for number, (after_ps, index) in found.items():
            together.push(number, np.stack((after_ps, index), axis=1))
        return numbered(together.all(), record, self._attempts)
