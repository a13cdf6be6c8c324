# SPDX-License-Identifier: Apache-2.0
"""Queries that are asked one after the other time and again, asked in one message.

The first time they go out one by one and are noted; from then on they are all asked when the stretch begins.
A query that was not noted goes out as ever. An instrument that does not take several queries in a message is
asked one by one again, and the single query says what is wrong.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from heraldlink_drivers.errors import ConnectionLost, DriverError, Timeout

MOST_REFUSALS = 3
"""Messages of several queries in a row without their replies, after which none is sent any more."""
Fetch = Callable[[Sequence[str]], Sequence[str]]


class ReadAhead:
    """Replies fetched ahead, each good for one query; not locked: its owner holds a lock.

    ``fetch`` gives the replies to several queries, in order, in one exchange, or raises DriverError.
    Timeout and ConnectionLost pass on.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._noted: dict[str, tuple[str, ...]] = {}
        self._replies: dict[str, str] | None = None
        self._asked: list[str] = []
        self._refusals = 0

    @contextmanager
    def stretch(self, what: str) -> Generator[None, None, None]:
        """Queries inside belong together; ``what`` tells stretches that ask other things apart."""
        noted, self._asked = self._noted.get(what, ()), []
        self._replies = self._fetched(noted) if len(noted) > 1 and self._refusals < MOST_REFUSALS else {}
        try:
            yield
            self._noted[what] = tuple(dict.fromkeys(self._asked))
        finally:
            self._replies = None

    def _fetched(self, noted: Sequence[str]) -> dict[str, str]:
        try:
            replies = dict(zip(noted, self._fetch(noted), strict=True))
        except ConnectionLost:
            raise
        except DriverError as error:
            self._refusals += 1
            if isinstance(error, Timeout):  # asking on would wait as long again
                raise
            return {}
        self._refusals = 0
        return replies

    def take(self, query: str) -> str | None:
        """Reply to a query that was asked ahead; None if it was not, or if it was taken before."""
        if self._replies is None:
            return None
        self._asked.append(query)
        return self._replies.pop(query, None)


def joined(queries: Sequence[str], root: str = ":") -> str:
    """Several queries as one message, joined by semicolons; ``root``: begins a header from the root."""
    return ";".join(query if query[0] in ":*" else f"{root}{query}" for query in queries)


def parted(instrument: str, queries: Sequence[str], reply: str) -> list[str]:
    """The reply to `joined` queries, query by query; one that is itself several keeps its semicolons.

    Raises DriverError, naming the instrument, if there are more or fewer replies than queries.
    """
    replies, counts = reply.split(";"), [query.count(";") + 1 for query in queries]
    if len(replies) != sum(counts):
        asked = joined(queries)[:80]
        raise DriverError(f"{instrument}: {len(replies)} replies to {sum(counts)} queries ({asked!r})")
    parts = iter(replies)
    return [";".join(next(parts).strip() for _ in range(count)) for count in counts]
