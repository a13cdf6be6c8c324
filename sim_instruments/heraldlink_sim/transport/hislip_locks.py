# SPDX-License-Identifier: Apache-2.0
"""Locks of one instrument among its HiSLIP sessions (IVI-6.1, 6.5): one exclusive, or shared by a key."""

import asyncio

FAILURE, SUCCESS, SUCCESS_SHARED, ERROR = 0, 1, 2, 3


class Locks:
    """Who holds what; sessions are known by their number."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self.exclusive: int | None = None
        self._key = b""
        self._sharing: set[int] = set()

    @property
    def holders(self) -> int:
        """How many sessions hold a lock of either kind."""
        alone = self.exclusive is not None and self.exclusive not in self._sharing
        return len(self._sharing) + alone

    async def request(self, session: int, key: bytes, timeout_s: float) -> int:
        """Take the exclusive lock (empty key) or the shared one; returns SUCCESS, FAILURE or ERROR."""
        if self.exclusive == session or (key and session in self._sharing):
            return ERROR
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: self._available(session, key))
                self._take(session, key)
        except TimeoutError:
            return FAILURE
        return SUCCESS

    async def release(self, session: int) -> int:
        """Give back the exclusive lock, else the shared one; returns SUCCESS, SUCCESS_SHARED or ERROR."""
        async with self._changed:
            if self.exclusive == session:
                self.exclusive, result = None, SUCCESS
            elif session in self._sharing:
                self._sharing.discard(session)
                result = SUCCESS_SHARED
            else:
                return ERROR
            self._changed.notify_all()
            return result

    async def release_all(self, session: int) -> None:
        """Give back everything, when a session ends."""
        while await self.release(session) != ERROR:
            pass

    async def permission(self, session: int) -> None:
        """Return as soon as the session may use the instrument."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._permitted(session))

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

    def _permitted(self, session: int) -> bool:
        if self.exclusive is not None:
            return self.exclusive == session
        return not self._sharing or session in self._sharing
