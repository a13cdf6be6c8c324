# SPDX-License-Identifier: Apache-2.0
"""What an address says about who can reach it."""

import ipaddress


def host_of(endpoint: str) -> str:
    """The host of ``tcp://host:port``."""
    return endpoint.removeprefix("tcp://").rpartition(":")[0].strip("[]")


def is_loopback(endpoint: str) -> bool:
    """Whether ``tcp://host:port`` names the local machine only."""
    host = host_of(endpoint)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_every_interface(endpoint: str) -> bool:
    """Whether ``tcp://host:port`` means all interfaces at once."""
    host = host_of(endpoint)
    try:
        return host == "*" or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
