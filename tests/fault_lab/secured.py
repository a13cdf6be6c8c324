# SPDX-License-Identifier: Apache-2.0
"""A laboratory whose nodes ask for keys: without relays, because nobody between two ends can read them."""

from pathlib import Path

import heraldlink
from fault_lab.laboratory import ENDS, NODES, Laboratory
from heraldlink.client import Network
from heraldlink.messages.values import Role
from heraldlink.security.keys import new_pair
from heraldlink.security.roster import authorize, trust

USERS: dict[str, Role | None] = {"carol": "operator", "olga": "observer", "eve": None}


class SecuredLaboratory(Laboratory):
    """Each node has a folder of keys below ``keys``, and so has each user; eve is authorized nowhere."""

    def __init__(self, folder: Path, *, command: str = "node", switchable: bool = False) -> None:
        self.keys = folder / "keys"
        make_keys(self.keys)
        changes = {node: {"security.keys": str(self.keys / node)} for node in NODES}
        super().__init__(folder, changes=changes, command=command, switchable=switchable)

    def connect(self, user: str) -> Network:
        """A network as one user sees it."""
        return heraldlink.connect(self.addresses, keys=self.keys / user)

    def _way_to_midpoint(self, name: str) -> str:
        return self.addresses["midpoint.link"]


def make_keys(folder: Path) -> None:
    """Pairs for all nodes and users; the midpoint lets the ends in as agents, every node the users."""
    for name in (*NODES, *USERS):
        new_pair(folder / name, name)
    for end in ENDS:
        authorize(folder / "midpoint", folder / end / f"{end}.key", "agent")
        trust(folder / end, folder / "midpoint" / "midpoint.key")
    for user, role in USERS.items():
        for node in NODES:
            trust(folder / user, folder / node / f"{node}.key")
            if role:
                authorize(folder / node, folder / user / f"{user}.key", role)
