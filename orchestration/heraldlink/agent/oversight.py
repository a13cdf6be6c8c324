# SPDX-License-Identifier: Apache-2.0
"""The agent's end of the supervisor's pipe: signs of life out, orders in.

Without a supervisor (``heraldlink node``) nothing is sent and nothing comes.
"""

import socket
from contextlib import suppress

from heraldlink.messages.oversight import Beat, Word
from heraldlink.supervisor.line import Hung, Line

BEAT_S = 0.2


class Oversight:
    """Speaks with the supervisor; ``lost`` once it is gone."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._line = None if descriptor is None else Line(socket.socket(fileno=descriptor))
        self._count, self._next = 0, 0.0
        self._last: str = ""
        self.lost = False

    @property
    def there(self) -> bool:
        """Whether a supervisor can help."""
        return self._line is not None and not self.lost

    def fileno(self) -> int | None:
        """Descriptor to poll, if there is one."""
        return self._line.fileno() if self._line and not self.lost else None

    def beat(self, state: str, reason: str, now: float) -> None:
        """Called from the main loop: a sign of life when one is due or the state has changed."""
        if now >= self._next or state != self._last:
            self._count, self._next, self._last = self._count + 1, now + BEAT_S, state
            self.say(Beat(self._count, state, reason))

    def say(self, word: Word) -> None:
        """Send a word; a supervisor that is gone shows as ``lost``."""
        if self._line and not self.lost:
            try:
                self._line.send(word)
            except Hung:
                self.lost = True

    def heard(self) -> list[Word]:
        """What the supervisor has said."""
        if self._line is None or self.lost:
            return []
        with suppress(Hung):
            return self._line.receive()
        self.lost = True
        return []
