# SPDX-License-Identifier: Apache-2.0
"""What the files declared when something was measured: digests of their sections, to see what was edited.

A section is named as its file has it, after its owner: ``alice operating_point.qubit``, ``devices
arms.alice.transducer``, ``sequence pulse_sigma_ps``. Comments, order and notation do not matter.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING

from heraldlink.config import EndNodeConfig, MidpointConfig

if TYPE_CHECKING:
    from heraldlink_physics.device import Devices

Parts = Mapping[str, str]
"""Digest by section."""

DEVICES, SEQUENCE = "devices", "sequence"
SHARED = ("operating_point.generator", "operating_point.slot_trigger")
"""Sections of an end's file that matter to what the midpoint measures."""

SHOWN = 4


def parts_of(nodes: Iterable[EndNodeConfig | MidpointConfig], devices: "Devices") -> dict[str, str]:
    """All sections of these nodes' operating points, of their sequence and of their device file."""
    parts: dict[str, str] = {}
    for config in nodes:
        parts |= point_parts(config)
        parts |= _digests(SEQUENCE, "", config.sequence.model_dump(mode="json"))
    for arm in devices.arms:
        parts |= _digests(DEVICES, f"arms.{arm.name}.", asdict(arm))
    return parts | _digests(DEVICES, "midpoint.", asdict(devices.midpoint))


def point_parts(config: EndNodeConfig | MidpointConfig) -> dict[str, str]:
    """The sections of a node's operating point."""
    return _digests(config.node, "operating_point.", config.operating_point.model_dump(mode="json"))


def relevant(parts: Parts, node: str, ends: tuple[str, str], link: bool) -> dict[str, str]:
    """Those that a calibration of ``node`` refers to; with ``link`` also what concerns the whole link."""
    own = {key: digest for key, digest in parts.items() if owner(key) in (node, SEQUENCE)}
    if not link:
        return own | {k: digest for k, digest in parts.items() if k.startswith(f"{DEVICES} arms.{node}.")}
    shared = {f"{end} {section}" for end in ends for section in SHARED}
    return own | {key: digest for key, digest in parts.items() if owner(key) == DEVICES or key in shared}


def changed_since(noted: Parts, present: Parts) -> str:
    """What was edited, in a sentence; empty if nothing was. Files that are not known here do not count."""
    if present and not noted:
        return "what the files declared was not noted with it"
    known = {owner(key) for key in present}
    keys = sorted(key for key in noted.keys() | present.keys() if owner(key) in known)
    changed: dict[str, list[str]] = {}
    for key in keys:
        if noted.get(key) != present.get(key):
            changed.setdefault(owner(key), []).append(key.partition(" ")[2])
    return "; ".join(f"{_file(name)} changed: {_listed(sections)}" for name, sections in changed.items())


def owner(key: str) -> str:
    """Of a section: a node, the devices or the sequence."""
    return key.partition(" ")[0]


def _file(name: str) -> str:
    return {DEVICES: "the device file", SEQUENCE: "the sequence"}.get(name, f"the node file of {name}")


def _listed(sections: list[str]) -> str:
    more = len(sections) - SHOWN
    return ", ".join(sections[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _digests(name: str, prefix: str, content: Mapping[str, object]) -> dict[str, str]:
    return {f"{name} {prefix}{key}": _digest(value) for key, value in content.items()}


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
