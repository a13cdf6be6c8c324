# SPDX-License-Identifier: Apache-2.0
"""Whether the disk under a node's journal lets it take new pairs."""

import logging

from heraldlink.journal import Journal

AGAIN_S = 1.0
LOG = logging.getLogger("heraldlink.journal")


class Storage:
    """Watches the space set aside for the journal: once it is used, no pair is begun any more."""

    def __init__(self, node: str, journal: Journal) -> None:
        self._node, self._journal = node, journal
        self._told = False
        self._next = 0.0

    @property
    def refusal(self) -> str:
        """Why nothing new is taken, "" if it is."""
        if not self._journal.full:
            return ""
        return (
            f"the disk of journal {self._journal.path} of node {self._node} is full: no new pairs "
            "until there is space on it"
        )

    def look(self, now: float) -> str:
        """``refusal`` when it begins, once; looks for space again now and then, and says when there is."""
        if now < self._next and self._told == self._journal.full:
            return ""
        self._next = now + AGAIN_S
        if self._told and self._journal.find_space():
            self._told = False
            LOG.warning("there is space again for journal %s: prepare the nodes", self._journal.path)
        if not self._journal.full or self._told:
            return ""
        self._told = True
        LOG.error("%s", self.refusal)
        return self.refusal
