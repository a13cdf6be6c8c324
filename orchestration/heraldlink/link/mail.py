# SPDX-License-Identifier: Apache-2.0
"""All of a node's couriers, by the name of the other node."""

from collections.abc import Callable, Sequence

from heraldlink.link import courier as one
from heraldlink.link.courier import Courier, Parcel, Tally
from heraldlink.messages.header import Body
from heraldlink.messages.link import Label

Transmit = Callable[[str, Label, Body], None]


class Mail:
    """Reliable messages to every other node of the link.

    ``transmit(target, label, body)`` puts a message on the wire, which may lose it. ``now`` is a monotonic
    clock in seconds.
    """

    def __init__(self, boot: int, others: Sequence[str], transmit: Transmit) -> None:
        self._couriers = {node: Courier(boot) for node in others}
        self._transmit = transmit
        self._restarted: list[str] = []

    def knows(self, node: str) -> bool:
        """Whether this is a node of the link."""
        return node in self._couriers

    def post(self, target: str, body: Body, now: float) -> None:
        """Send to a node; it arrives once, in order, unless one of both lives ends before."""
        self._keep(target, *one.post(self._couriers[target], body, now))

    def meet(self, node: str, boot: int, now: float) -> None:
        """A node was heard to live its life ``boot``."""
        courier, parcels, restarted = one.meet(self._couriers[node], boot, now)
        self._keep(node, courier, parcels)
        if restarted:
            self._restarted.append(node)

    def receive(self, source: str, boot: int, label: Label, body: Body, now: float) -> tuple[Body, ...]:
        """What may be read now that this message has come."""
        self.meet(source, boot, now)
        (courier, parcels), bodies = one.receive(self._couriers[source], boot, label, body, now)
        self._keep(source, courier, parcels)
        return bodies

    def tick(self, now: float) -> None:
        """Acknowledge what has come, and send again what is overdue."""
        for node, courier in self._couriers.items():
            self._keep(node, *one.tick(courier, now))

    def due_s(self) -> float:
        """When something is overdue next, on the same clock; infinite if nothing can be."""
        return min(map(one.due_s, self._couriers.values()))

    def boots(self) -> dict[str, int]:
        """The lives of the nodes that were met."""
        return {node: courier.peer_boot for node, courier in self._couriers.items() if courier.peer_boot}

    def tallies(self) -> dict[str, Tally]:
        """What the channels have had to mend."""
        return {node: courier.tally for node, courier in self._couriers.items()}

    def restarted(self) -> list[str]:
        """Nodes that were found to live a new life since this was last asked."""
        taken, self._restarted = self._restarted, []
        return taken

    def _keep(self, node: str, courier: Courier, parcels: tuple[Parcel, ...]) -> None:
        self._couriers[node] = courier
        for parcel in parcels:
            self._transmit(node, parcel.label, parcel.body)
