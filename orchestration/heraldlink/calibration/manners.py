# SPDX-License-Identifier: Apache-2.0
"""How a rack is taken and left: not from under a running node, and the pump goes off first."""

import socket

from heraldlink.calibration.point import RackPoint
from heraldlink.errors import RequestError


def parking_order(point: RackPoint) -> list[str]:
    """Pump first: attenuators, lasers, then the generators that drive the carvers, and the rest."""
    hub = point.midpoint.roles
    ends = [config.roles for config in point.ends.values()]
    return [
        hub.attenuator,
        hub.pump,
        hub.readout_pump,
        *(names.generator for names in ends),
        *(names.slot_trigger for names in ends),
        *(names.microwave for names in ends),
        hub.tagger,
        *(names.tagger for names in ends),
        hub.detectors,
        *(names.detectors for names in ends),
    ]


def refuse_beside_nodes(point: RackPoint) -> None:
    """Raise RequestError if a node runs: it holds the instruments."""
    listening = {config.node: config.listen.command for config in point.ends.values()}
    for node, endpoint in ({point.midpoint.node: point.midpoint.listen.command} | listening).items():
        if listens(endpoint):
            raise RequestError(
                f"node {node} is running at {endpoint} and holds its instruments:"
                " stop it before you calibrate"
            )


def listens(endpoint: str) -> bool:
    """Whether something listens at ``tcp://host:port``."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    if port == "0":
        return False
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=1.0):
            return True
    except OSError:
        return False
