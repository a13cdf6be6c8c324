# SPDX-License-Identifier: Apache-2.0
"""A network file: the nodes a client may talk to and where they listen."""

from pathlib import Path

from pydantic import Field

from heraldlink.config.quantities import Endpoint, Name, Strict


class NetworkNode(Strict):
    """One node as a client sees it; ``file``: its node file, which only a tune-up needs."""

    command: Endpoint
    safety: Endpoint | None = None
    event: Endpoint | None = None
    record: Endpoint | None = None
    file: str | None = None


class NetworkConfig(Strict):
    """Addresses of the nodes of one network, by node name; ``keys``: the folder of the client's keys."""

    nodes: dict[Name, NetworkNode] = Field(min_length=1)
    keys: Path | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """Addresses as in a ports file: ``NODE`` is its command address, ``NODE.CHANNEL`` another one."""
        found: dict[str, str] = {}
        for name, node in self.nodes.items():
            others = {"safety": node.safety, "event": node.event, "record": node.record}
            found[name] = node.command
            found |= {f"{name}.{channel}": address for channel, address in others.items() if address}
        return found
