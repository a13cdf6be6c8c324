# SPDX-License-Identifier: Apache-2.0
"""A device file's mapping -> its dataclasses; who reads the file puts its name before the message.

Key ``kind`` says which: ``transducer-link``, also without the key (two transducers and a midpoint:
`Devices`), ``emitter-link`` (`EmitterLink`) or ``microwave-link`` (`MicrowaveLink`). Keys are
the fields of those classes, nodes sections by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from heraldlink_physics.device import ArmDevice, Devices, MidpointDevice
from heraldlink_physics.emitter_link import EmitterLink
from heraldlink_physics.errors import DeviceError
from heraldlink_physics.microwave_link import MicrowaveLink
from heraldlink_physics.sections import build, keys, mapping, text
from heraldlink_physics.snspd import Snspd

DEFAULT_KIND = "transducer-link"
KINDS: dict[str, type[EmitterLink] | type[MicrowaveLink]] = {
    "emitter-link": EmitterLink,
    "microwave-link": MicrowaveLink,
}


@dataclass(frozen=True, slots=True)
class _Top:
    """A transducer link's file; the midpoint's detectors are sections c and d."""

    name: str
    source: str
    arms: tuple[ArmDevice, ArmDevice]
    midpoint: object


def device_set(value: object) -> Devices | EmitterLink | MicrowaveLink:
    """Build what a device file of any kind describes. Raises `DeviceError` that names the key."""
    given = dict(mapping(value, "the file"))
    kind = text(given.pop("kind", DEFAULT_KIND), "kind")
    if kind == DEFAULT_KIND:
        return _devices(given)
    if kind not in KINDS:
        raise DeviceError(f"kind: must be one of {', '.join([DEFAULT_KIND, *KINDS])}, not {kind!r}")
    return build(KINDS[kind], given, "")


def from_mapping(value: object) -> Devices:
    """Build the devices of a transducer link. Raises `DeviceError` that names the key, or the wrong kind."""
    found = device_set(value)
    if not isinstance(found, Devices):
        raise DeviceError(f"kind: a {DEFAULT_KIND} is needed here, and {found.name} is none")
    return found


def _devices(given: dict[str, object]) -> Devices:
    top = build(_Top, given, "")
    for arm in top.arms:
        if arm.fibre_delay_ps < 0:  # a node that corrects its model by a measured arrival may have it
            raise DeviceError(
                f"arms.{arm.name}.fibre_delay_ps = {arm.fibre_delay_ps} is impossible: needs >= 0"
            )
    return Devices(top.name, top.source, top.arms, _midpoint(top.midpoint))


def _midpoint(value: object) -> MidpointDevice:
    given = mapping(value, "midpoint")
    if "detectors" not in given:
        raise DeviceError("midpoint.detectors: missing")
    detectors = mapping(given["detectors"], "midpoint.detectors")
    keys(detectors, {"c", "d"}, "midpoint.detectors")
    pair = tuple(build(Snspd, detectors[port], f"midpoint.detectors.{port}") for port in "cd")
    return build(MidpointDevice, {**given, "detectors": pair}, "midpoint")
