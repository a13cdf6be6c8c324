# SPDX-License-Identifier: Apache-2.0
"""The channels of a node beside command and link, as far as its file names them."""

import zmq

from heraldlink.agent.event_port import EventPort
from heraldlink.agent.node import Node
from heraldlink.agent.record_port import RecordPort
from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.security.door import Door
from heraldlink.transport import Router


def open_side_ports(
    node: Node,
    config: EndNodeConfig | MidpointConfig,
    context: "zmq.Context[zmq.Socket[bytes]]",
    door: Door,
) -> dict[str, str]:
    """Open records, events and metrics; their addresses by ``NODE.CHANNEL``."""
    found: dict[str, str] = {}
    if config.listen.record:
        router = Router(context, config.listen.record, "record", door)
        records = RecordPort(router, node.name, node.boot, config.ends[0], node.archive, node.outbox)
        node.attach(records)
        found[f"{node.name}.record"] = records.endpoint
    if config.listen.event:
        events = EventPort(context, config.listen.event, door)
        node.attach(events)
        node.notices.attach(events)
        found[f"{node.name}.event"] = events.endpoint
    if config.metrics:
        from heraldlink.agent.metrics import Metrics

        metrics = Metrics(config.metrics, node.link_tallies)
        node.notices.attach(counter=metrics)
        found[f"{node.name}.metrics"] = metrics.address
    return found
