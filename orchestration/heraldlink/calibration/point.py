# SPDX-License-Identifier: Apache-2.0
"""What a whole rack is set to while a calibration plays: the three nodes' files, with changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.config.operating_point import EndOperatingPoint, MidpointOperatingPoint
from heraldlink.config.quantities import Strict
from heraldlink.sequences import NodeDrive


@dataclass(frozen=True, slots=True)
class RackPoint:
    """``ends``: by node name, in the link's order. ``blocked``: arms whose pump channel stays closed."""

    midpoint: MidpointConfig
    ends: Mapping[str, EndNodeConfig]
    blocked: frozenset[str] = field(default_factory=frozenset[str])

    @property
    def names(self) -> tuple[str, str]:
        """Both end nodes, the first one starts the attempts at the midpoint."""
        return self.midpoint.ends

    @property
    def tick_rate_Hz(self) -> float:
        """Slot ticks per second of bench time."""
        return self.midpoint.sequence.tick_rate_Hz

    def block(self, *arms: str) -> "RackPoint":
        """The same with these arms dark, and no others."""
        return replace(self, blocked=frozenset(arms))

    def hub(self, **changes: object) -> "RackPoint":
        """The same with sections or values of the midpoint's operating point changed ("pump.power_W")."""
        point = changed(self.midpoint.operating_point, _dotted(changes))
        return replace(self, midpoint=self.midpoint.model_copy(update={"operating_point": point}))

    def end(self, node: str, **changes: object) -> "RackPoint":
        """The same with values of an end node's operating point changed."""
        config = self.ends[node]
        point = changed(config.operating_point, _dotted(changes))
        ends = dict(self.ends) | {node: config.model_copy(update={"operating_point": point})}
        return replace(self, ends=ends)

    def drive(self, node: str) -> NodeDrive:
        """What an end node's generator is calibrated to."""
        return drive_of(self.ends[node])


def drive_of(config: EndNodeConfig) -> NodeDrive:
    """The generator's calibration from a node's operating point."""
    point = config.operating_point
    return NodeDrive(
        amplitude_Vpp=point.generator.amplitude_Vpp,
        envelope_peak_V=point.generator.envelope_peak_V,
        bright_peak_V=point.generator.bright_peak_V,
        qubit_frequency_Hz=point.qubit.frequency_Hz,
        rabi_rad_per_Vs=point.qubit.rabi_rad_per_Vs,
        phase_switch=config.ends[0] != config.node,
    )


Point = EndOperatingPoint | MidpointOperatingPoint


def changed(point: Strict, changes: Mapping[str, object]) -> Strict:
    """A section with values changed by dotted key; validated like a file, ValueError for what is refused."""
    plain = point.model_dump()
    for key, value in changes.items():
        *parents, last = key.split(".")
        place = plain
        for parent in parents:
            place = place[parent]
        if last not in place:
            raise KeyError(key)
        place[last] = value
    return type(point).model_validate(plain)


def _dotted(changes: Mapping[str, object]) -> dict[str, object]:
    return {key.replace("__", "."): value for key, value in changes.items()}
