# SPDX-License-Identifier: Apache-2.0
"""A node's raw safe list as its files change: agents and their workers read them whenever they start.

An instrument that the files name now may be open, and one that they named before as well, until the whole
list has been run once more. A list made once would leave a laser on that was put into the file later.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from heraldlink.errors import ConfigurationError
from heraldlink.supervisor.raw_list import Item

Signature = tuple[tuple[int, int, int] | None, ...]


class SafeList:
    """What is to be made safe. ``read`` gives the files as they are: which, and the list that they make.

    Raises ConfigurationError if an instrument could not be made safe without its driver.
    """

    def __init__(
        self, read: Callable[[], tuple[Sequence[Path], Sequence[Item]]], say: Callable[[str], None]
    ) -> None:
        self._read, self._say = read, say
        self._files, self._now = read()
        self._seen = signatures(self._files)
        self._former: list[Item] = []
        self.mistake: ConfigurationError | None = None
        """Why no agent is to be started with the files as they are."""

    @property
    def items(self) -> list[Item]:
        """All that may be open."""
        return [*self._now, *self._former]

    def look(self) -> None:
        """Read the files again if they changed. Files that are wrong change nothing but ``mistake``."""
        seen = signatures(self._files)
        if seen == self._seen:
            return
        self._seen, self.mistake = seen, None
        try:
            files, now = self._read()
        except ConfigurationError as error:
            self.mistake = error
            self._say(f"its files are wrong now, and what they named before is made safe still: {error}")
            return
        if tuple(files) != tuple(self._files):
            self._files, self._seen = files, signatures(files)
        self._former, self._now = formers(self.items, now), now
        names = ", ".join(item.label for item in self.items)
        self._say(f"its files changed; made safe without an agent are now: {names}")

    def forget(self) -> None:
        """The whole list was run through: what the files no longer name is nobody's any more."""
        self._former = []


def formers(before: Sequence[Item], now: Sequence[Item]) -> list[Item]:
    """Instruments with something to be done that are named no longer, or as another model, or elsewhere."""
    named = {(item.device, item.where) for item in now}
    return [
        replace(item, former=True)
        for item in before
        if item.connect is not None and (item.device, item.where) not in named
    ]


def signatures(files: Sequence[Path]) -> Signature:
    """What changes when a file is written anew; None for one that is not there."""
    return tuple(map(_signature, files))


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
