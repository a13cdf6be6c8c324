# SPDX-License-Identifier: Apache-2.0
"""A network file: the nodes a client may talk to and where they listen."""

from pydantic import Field

from heraldlink.config.quantities import Endpoint, Name, Strict


class NetworkNode(Strict):
    """One node as a client sees it; ``file``: its node file, which only a tune-up needs."""

    command: Endpoint
    file: str | None = None


class NetworkConfig(Strict):
    """Command addresses of the nodes of one network, by node name."""

    nodes: dict[Name, NetworkNode] = Field(min_length=1)

    @property
    def addresses(self) -> dict[str, str]:
        """Command address of each node."""
        return {name: node.command for name, node in self.nodes.items()}
