# SPDX-License-Identifier: Apache-2.0
"""Locks of one instrument among its HiSLIP sessions (IVI-6.1, 6.5): one exclusive, or shared by a key."""

import asyncio
from collections.abc import Callable

FAILURE, SUCCESS, SUCCESS_SHARED, ERROR = 0, 1, 2, 3
LONGEST_KEY = 256


class Locks:
    """Who holds what; sessions are known by their number."""

    def __init__(self) -> None:
        self.exclusive: int | None = None
        self._key = b""
        self._sharing: set[int] = set()
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def holders(self) -> int:
        """How many sessions hold a lock of either kind."""
        alone = self.exclusive is not None and self.exclusive not in self._sharing
        return len(self._sharing) + alone

    def permits(self, session: int) -> bool:
        """Whether the session may use the instrument now."""
        if self.exclusive is not None:
            return self.exclusive == session
        return not self._sharing or session in self._sharing

    async def permission(self, session: int) -> None:
        """Return as soon as the session may use the instrument."""
        await self._until(lambda: self.permits(session))

    async def request(self, session: int, key: bytes, timeout_s: float) -> int:
        """Take the exclusive lock (empty key) or the shared one; returns SUCCESS, FAILURE or ERROR."""
        if self.exclusive == session or (key and session in self._sharing) or len(key) > LONGEST_KEY:
            return ERROR
        try:
            async with asyncio.timeout(timeout_s):
                await self._until(lambda: self._available(session, key))
        except TimeoutError:
            return FAILURE
        self._take(session, key)
        return SUCCESS

    def release(self, session: int) -> int:
        """Give back the exclusive lock, else the shared one; returns SUCCESS, SUCCESS_SHARED or ERROR."""
        if self.exclusive == session:
            self.exclusive, result = None, SUCCESS
        elif session in self._sharing:
            self._sharing.discard(session)
            result = SUCCESS_SHARED
        else:
            return ERROR
        self._wake()
        return result

    def release_all(self, session: int) -> None:
        """Give back everything, when a session ends."""
        while self.release(session) != ERROR:
            pass

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _available(self, session: int, key: bytes) -> bool:
        if self.exclusive is not None:
            return False
        others = self._sharing - {session}
        return (not others or session in self._sharing) if not key else (not others or key == self._key)

    def _take(self, session: int, key: bytes) -> None:
        if key:
            self._key = key
            self._sharing.add(session)
        else:
            self.exclusive = session
