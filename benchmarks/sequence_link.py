# SPDX-License-Identifier: Apache-2.0
"""A Barrett-Kok link in SeQUeNCe, built as in its tutorial: two memories, a midpoint, attempt by attempt."""

from sequence.components.memory import Memory
from sequence.components.optical_channel import ClassicalChannel, QuantumChannel
from sequence.components.photon import Photon
from sequence.entanglement_management.entanglement_protocol import EntanglementProtocol
from sequence.entanglement_management.generation import EntanglementGenerationA
from sequence.kernel.timeline import Timeline
from sequence.message import Message
from sequence.topology.node import BSMNode, Node

BETWEEN_PS = 1_000_000_000
"""Idle time between attempts; costs nothing in an event-driven simulator."""


class _Counter:
    """What SeQUeNCe calls a resource manager: hears of every memory that was entangled or failed."""

    def __init__(self) -> None:
        self.entangled = 0

    def update(self, protocol: EntanglementProtocol, memory: Memory, state: str) -> None:
        self.entangled += str(state).endswith("ENTANGLED")


class _End(Node):
    def __init__(self, name: str, timeline: Timeline, efficiency: float) -> None:
        super().__init__(name, timeline)
        self.memory = Memory(f"{name}.memory", timeline, 1.0, 0, efficiency, -1, 1550)
        self.memory.add_receiver(self)
        self.add_component(self.memory)
        self.resource_manager = _Counter()

    def init(self) -> None:
        self.memory.reset()

    def receive_message(self, src: str, msg: Message) -> None:
        self.protocols[0].received_message(src, msg)

    def get(self, photon: Photon, **kwargs: str) -> None:
        self.send_qubit(kwargs["dst"], photon)


class Link:
    """Two nodes whose photons reach perfect detectors with the given efficiencies."""

    def __init__(self, efficiencies: tuple[float, float], seed: int) -> None:
        self._timeline = Timeline()
        names = ("alice", "bob")
        self._ends = [_End(n, self._timeline, eta) for n, eta in zip(names, efficiencies, strict=True)]
        middle = BSMNode("middle", self._timeline, list(names))
        nodes = (*self._ends, middle)
        for place, node in enumerate(nodes):
            node.set_seed(seed + place)
        analyser = middle.get_components_by_type("SingleAtomBSM")[0]
        analyser.update_detectors_params("efficiency", 1)
        analyser.update_detectors_params("count_rate", 1e12)
        for end in self._ends:
            QuantumChannel(f"light.{end.name}", self._timeline, 0, 1).set_ends(end, middle.name)
        for one in nodes:
            for other in nodes:
                if one is not other:
                    wire = ClassicalChannel(f"wire.{one.name}.{other.name}", self._timeline, 1, delay=1000)
                    wire.set_ends(one, other.name)
        self._timeline.init()

    def heralds(self, attempts: int) -> int:
        """How many of so many attempts end with both memories entangled."""
        before = self._ends[0].resource_manager.entangled
        for _ in range(attempts):
            self._attempt()
        counts = [end.resource_manager.entangled for end in self._ends]
        assert counts[0] == counts[1]
        return counts[0] - before

    def _attempt(self) -> None:
        a, b = self._ends
        self._timeline.time = self._timeline.now() + BETWEEN_PS
        for end, other in ((a, b), (b, a)):
            protocol = EntanglementGenerationA.create(end, f"{end.name}.eg", "middle", other.name, end.memory)
            end.protocols = [protocol]
            end.memory.reset()
        for end, other in ((a, b), (b, a)):
            end.protocols[0].set_others(other.protocols[0].name, other.name, [other.memory.name])
        for end in (a, b):
            end.protocols[0].start()
        self._timeline.run()
