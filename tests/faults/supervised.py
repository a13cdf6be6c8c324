# SPDX-License-Identifier: Apache-2.0
"""What tests of supervised nodes look at: the supervisor's word, the hub's light, processes."""

from collections.abc import Iterator

from fault_lab import Laboratory, check, wait_for

from heraldlink import safety
from heraldlink.messages.safety import SafetyStatus

STARTED_S, BACK_S = 0.1, 10.0
HUB = ("hub_voa", "hub_pump", "hub_readout_pump")


def mended(rack: Laboratory) -> Iterator[Laboratory]:
    """A laboratory, mended before and after a test; its history is checked."""
    rack.mend()
    yield rack
    rack.mend()
    for name in ("midpoint", "alice", "bob"):
        settled(rack, name)
    check(rack)


def status(rack: Laboratory, name: str) -> SafetyStatus:
    """What a node's supervisor says."""
    with rack.client() as client:
        return safety.status(client.network, name)


def settled(rack: Laboratory, name: str) -> SafetyStatus:
    """Wait until a node's agent lives and the node is safe or prepared; a fault is cleared."""
    with rack.client() as client:

        def quiet() -> bool:
            found = safety.status(client.network, name)
            if found.state == "FAULT":
                safety.clear(client.network, name, "a test is over")
            return found.age_s >= 0 and found.state in ("SAFE", "IDLE")

        wait_for(quiet, 2 * BACK_S, f"{name} to be well")
        return safety.status(client.network, name)


def dark(rack: Laboratory) -> bool:
    """Whether no light can leave the hub, as somebody in front of its instruments sees."""
    lasers = [rack.panel(name, "POW:SHUT?").strip() for name in ("hub_pump", "hub_readout_pump")]
    channels = [rack.panel("hub_voa", f"OUTP{number}?").strip() for number in range(1, 5)]
    return all(float(one) == 1 for one in lasers) and not any(float(one) for one in channels)


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def safe_moments(rack: Laboratory, after_s: float) -> list[float]:
    """When the commands arrived that block the light of the hub."""
    words = ("POW:SHUT 1", "OUTP1 0")
    return [at for at, _, message in rack.wire_log(after_s) if any(word in message for word in words)]
