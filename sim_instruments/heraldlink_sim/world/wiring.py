# SPDX-License-Identifier: Apache-2.0
"""Which instrument is connected to which, and how long the cables are. No instrument can read this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadoutTone:
    """Microwave tone at which a node's readout works as its device file says."""

    frequency_Hz: float
    linewidth_Hz: float
    power_dBm: float


@dataclass(frozen=True, slots=True)
class SwitchRoute:
    """A node's pump light goes through an optical switch, which must join ``source`` to ``target``."""

    switch: str
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Tap:
    """A power meter behind the carver that gets the share ``fraction`` of the pump's mean power."""

    power_meter: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Cryostat:
    """Where a node's transducer sits: thermometer and its channel at the mixing chamber.

    ``absorbed``: share of the pump's power there that heats it; the rest as in
    :mod:`heraldlink_physics.cryostat`.
    """

    thermometer: str
    channel: int
    base_K: float
    cooling_W_per_K2: float
    absorbed: float
    time_constant_s: float


@dataclass(frozen=True, slots=True)
class NodeWiring:
    """One node: station names of its instruments, its attenuator channels (1-based) and its cables.

    ``trigger_delay_ps``: delay generator's AB output to the first sample, generator latency included.
    ``local_delay_ps``: generator's markers to the node's own tagger. ``herald_output``, ``herald_delay_ps``:
    output of the hub's tagger that reaches trigger B, and after how long. ``readout_delay_ps``: readout gate
    to the photons at the node's tagger.
    """

    name: str
    generator: str
    delay: str
    microwave: str
    tagger: str
    detectors: str
    pump_channel: int
    readout_channel: int
    trigger_delay_ps: int
    local_delay_ps: int
    herald_output: int
    herald_delay_ps: int
    readout_delay_ps: int
    readout_tone: ReadoutTone
    pump_route: SwitchRoute | None = None
    tap: Tap | None = None
    cryostat: Cryostat | None = None


@dataclass(frozen=True, slots=True)
class HubWiring:
    """Midpoint: station names, and the combiner whose events are the hardware heralds."""

    pump: str
    readout_pump: str
    attenuator: str
    detectors: str
    tagger: str
    herald_combiner: int = 5


@dataclass(frozen=True, slots=True)
class Wiring:
    """The whole rack. Node A is the master: its sync starts the hub's tagger, node B's sync is at IN3."""

    hub: HubWiring
    node_a: NodeWiring
    node_b: NodeWiring
    tick_period_ps: int

    @property
    def nodes(self) -> tuple[NodeWiring, NodeWiring]:
        """Return nodes A and B."""
        return self.node_a, self.node_b
