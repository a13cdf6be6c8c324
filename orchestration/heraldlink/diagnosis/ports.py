# SPDX-License-Identifier: Apache-2.0
"""Whether a node can listen where its file says, and whether its midpoint is there."""

import errno
import os
import socket
from collections.abc import Iterator

from heraldlink.diagnosis.findings import Finding, NodeFile, doubt, fault, good
from heraldlink.security.places import host_of

CONNECT_s = 1.0


def listening(node: NodeFile) -> Iterator[Finding]:
    """Each address of ``listen``: free, or taken."""
    for channel, endpoint in node.listen.endpoints.items():
        host, port = host_of(endpoint), int(endpoint.rpartition(":")[2])
        place = f"listen.{channel}"
        if not port:
            yield good(place, f"{endpoint} takes a free port")
            continue
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("" if host == "*" else host, port))
            except OSError as error:
                yield refused(place, endpoint, error)
            else:
                yield good(place, f"{endpoint} is free")


def refused(place: str, endpoint: str, error: OSError) -> Finding:
    """Why an address cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        return doubt(
            place,
            f"{endpoint} is taken",
            "if that is not this node, running: end that process or name another port",
        )
    if error.errno in (errno.EADDRNOTAVAIL, socket.EAI_NONAME):
        return fault(
            place, f"{endpoint} is no address of this machine", "see `ip address`, and mend the file"
        )
    return fault(place, f"{endpoint}: {os.strerror(error.errno or 0)}", "name another port, above 1023")


def midpoint(node: NodeFile) -> Iterator[Finding]:
    """Whether something listens at the midpoint's link address."""
    if node.kind != "end" or node.midpoint.link.endswith(":0"):
        return
    endpoint = node.midpoint.link
    trouble = connecting(host_of(endpoint), int(endpoint.rpartition(":")[2]))
    if trouble:
        yield doubt("midpoint.link", f"{endpoint}: {trouble}", f"start node {node.midpoint.node} there")
    else:
        yield good("midpoint.link", f"{endpoint} answers")


def connecting(host: str, port: int) -> str:
    """Why there is no connection, empty if there is one."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_s):
            return ""
    except TimeoutError:
        return "does not answer (is a firewall between?)"
    except OSError as error:
        return error.strerror or str(error)
