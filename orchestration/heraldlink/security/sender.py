# SPDX-License-Identifier: Apache-2.0
"""Who sent a message, as the transport knows it and not as the message says."""

from dataclasses import dataclass

from heraldlink.messages.values import Role


@dataclass(frozen=True, slots=True)
class Sender:
    """The owner of a key: the name and role under which it was authorized."""

    name: str
    role: Role

    def speaks_for(self, node: str) -> bool:
        """Whether a message in the name of a node may come from here."""
        return self is LOCAL or (self.role == "agent" and self.name == node)


LOCAL = Sender("local", "engineer")
"""Whoever connects where no keys are asked for: on loopback, or in plain by the owner's own words."""
