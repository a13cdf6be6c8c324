# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: keys are read anew; the node's file is checked, and what it says takes effect at the next start.

Nothing of a running node's file is exchanged under a request: limits, roles and operating point belong
together. A file that has become invalid is refused with its mistakes, and the old one stays in force.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.errors import ConfigurationError
from heraldlink.messages.values import Role
from heraldlink.security.door import Door

NodeFile = EndNodeConfig | MidpointConfig
Tell = Callable[[str, str], None]
"""Takes what is wrong, and why: told to whoever listens, and logged."""

log = logging.getLogger("heraldlink.configuration")


class Reloading:
    """``reread`` reads the node's file as at the start; without it only keys are read anew.

    ``admitted`` is told the role of each name that is let in then.
    """

    def __init__(
        self,
        running: NodeFile,
        door: Door,
        reread: Callable[[], NodeFile] | None,
        tell: Tell,
        admitted: Callable[[Mapping[str, Role]], None],
    ) -> None:
        self._running, self._door, self._reread, self._tell = running, door, reread, tell
        self._admitted = admitted

    def reload(self) -> None:
        """Do what SIGHUP asks for; nothing here ends the node."""
        with suppress(ConfigurationError):  # the door lets nobody new in until it is mended, and says why
            self._door.reload()
            if (roles := self._door.roles()) is not None:
                self._admitted(roles)
        if self._reread is None:
            return
        try:
            found = self._reread()
        except ConfigurationError as error:
            reason = f"refused, the old one stays in force: {'; '.join(error.sentences)}"
            self._tell("configuration", reason)
            return
        if changed := differences(self._running, found):
            log.warning("changed in the node's file, in force after its next start: %s", ", ".join(changed))
        else:
            log.info("the node's file is as it was")


def differences(one: NodeFile, other: NodeFile) -> list[str]:
    """Top-level keys whose values differ."""
    before, after = one.model_dump(), other.model_dump()
    return sorted(key for key in before | after if before.get(key) != after.get(key))
