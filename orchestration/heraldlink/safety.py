# SPDX-License-Identifier: Apache-2.0
"""Stopping and clearing nodes through their supervisors, past every queue and every lease.

::

    with heraldlink.connect("configs/networks/two_nodes.yaml") as net:
        heraldlink.safety.stop(net, "alice", reason="smoke")      # outputs off; FAULT until cleared
        heraldlink.safety.clear(net, "alice", reason="it was toast")
"""

from heraldlink.client import Network
from heraldlink.connection import failure
from heraldlink.errors import NodeLost, ProtocolError, RequestError
from heraldlink.messages.header import VERSION, Body, Header, Message, decode, encode, kind_of, new_id
from heraldlink.messages.safety import SAFETY_TYPES, Abort, Clear, GetSafety, SafetyStatus, Secured, Stop
from heraldlink.transport import Dealer

CONNECT_S = 2.0
STATUS_S = 2.0
SECURE_S = 30.0
"""An agent that hangs is killed first, and each instrument has its own limit."""

CLEAR_S = 95.0
"""A new worker may have to open all instruments."""


def status(network: Network, node: str) -> SafetyStatus:
    """What a node's supervisor knows of it. Raises NodeLost if there is none."""
    match ask(network, node, GetSafety(), STATUS_S):
        case SafetyStatus() as found:
            return found
        case other:
            raise failure(other)


def abort(network: Network, node: str, reason: str = "") -> Secured:
    """End what runs and bring every instrument to its safe state; it can be prepared again."""
    return _secured(ask(network, node, Abort(reason), SECURE_S))


def stop(network: Network, node: str, reason: str = "") -> Secured:
    """Emergency stop: as abort, and the node stays in FAULT until it is cleared."""
    return _secured(ask(network, node, Stop(reason), SECURE_S))


def clear(network: Network, node: str, reason: str) -> Secured:
    """End FAULT, because the cause is gone. Raises RequestError without a reason."""
    return _secured(ask(network, node, Clear(reason), CLEAR_S))


def _secured(answer: Body) -> Secured:
    if isinstance(answer, Secured):
        return answer
    raise failure(answer)


def ask(network: Network, node: str, body: Body, timeout_s: float) -> Body:
    """One question on a node's safety channel. Raises NodeLost, RequestError if it has no such channel."""
    endpoint = network.addresses.get(f"{node}.safety")
    if endpoint is None:
        raise RequestError(
            f"node {node} has no safety channel in this network's file: start it with heraldlink up,"
            f" and name {node}.safety"
        )
    request_id = new_id()
    frames = encode(Message(Header(VERSION, kind_of(type(body)), request_id, 0, 0, "client", node), body))
    dealer = Dealer(network.context, endpoint, "safety", network.keyring.to(node), node)
    try:
        dealer.send_or_raise(frames, node, CONNECT_S)
        while (received := dealer.receive(timeout_s)) is not None:
            message = decode(received, SAFETY_TYPES)
            if message.header.request_id == request_id:
                return message.body
            raise ProtocolError(f"node {node} answered something that was not asked")
    finally:
        dealer.close()
    raise NodeLost(f"the supervisor of node {node} at {endpoint} does not answer within {timeout_s:g} s")
