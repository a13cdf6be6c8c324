# SPDX-License-Identifier: Apache-2.0
"""A client in a process of its own, that a test kills, stops or interrupts: ADDRESSES_JSON TTL_S HOW.

``hold``: leases of all nodes, prepared, and a request that never ends; prints "ready". ``again``: after the
next line on its standard input it prepares once more and prints what became of it. ``interrupt``: asks a
question that takes long, and after the interruption asks for the status.
"""

import json
import sys

import heraldlink
from heraldlink.client import Network
from heraldlink.errors import HeraldlinkError


def say(text: str) -> None:
    print(text, flush=True)


def hold(net: Network) -> None:
    net.prepare()
    asked = net["alice"].create(remote="bob", number=10**6, max_time=1e6, seed=1)
    for count, _ in enumerate(asked.follow()):
        if count == 5:
            say("ready")


def again(net: Network) -> None:
    net.prepare()
    say("ready")
    sys.stdin.readline()
    try:
        net["alice"].prepare()
        say("done")
    except HeraldlinkError as error:
        say(f"{type(error).__name__}: {error}")


def interrupt(net: Network) -> None:
    say("ready")
    try:
        net["alice"].prepare()
    except KeyboardInterrupt:
        say(f"then {net['alice'].status().node}, {net['alice'].lease_status().note}")


def main() -> None:
    addresses, ttl_s, how = sys.argv[1:]
    act = {"hold": hold, "again": again, "interrupt": interrupt}[how]
    with heraldlink.connect(json.loads(addresses)) as net, net.lease(note=how, ttl=float(ttl_s)):
        act(net)


if __name__ == "__main__":
    main()
