# SPDX-License-Identifier: Apache-2.0
"""All drivers that are installed, ours and a laboratory's own, found through entry points.

A package enters each driver in the group ``heraldlink.drivers``; nothing of ours is touched::

    [project.entry-points."heraldlink.drivers"]
    AcmePL780 = "acme_drivers.pl780:AcmePL780"

A driver plays every role whose methods it has. A class around a driver of somebody else's says in
``adapts()`` which one; a Station then gives such instruments their role through it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, cast, runtime_checkable

from typing_extensions import get_protocol_members

from heraldlink_drivers import roles
from heraldlink_drivers.errors import StationError

_log = logging.getLogger(__name__)

GROUP = "heraldlink.drivers"

ROLES: Mapping[str, type[object]] = {
    role.__name__: role
    for role in (
        roles.Attenuator,
        roles.DetectorBias,
        roles.MicrowaveSource,
        roles.OpticalSwitch,
        roles.PowerMeter,
        roles.PumpLaser,
        roles.SlotTrigger,
        roles.Thermometer,
        roles.TimeTagger,
        roles.WaveformGenerator,
    )
}


@runtime_checkable
class Adapter(Protocol):
    """A class whose instances give somebody else's driver its role."""

    @classmethod
    def adapts(cls) -> type[object]:
        """The driver class that it is for."""
        ...

    def __call__(self, driver: object) -> roles.Device:
        """The role around an open driver."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One driver: its name, the class behind it (``module:Class``) and the package that brings it."""

    name: str
    target: str
    package: str
    version: str
    point: EntryPoint

    def load(self) -> type[object]:
        """Import the class. Raises StationError naming driver and package."""
        try:
            return cast("type[object]", self.point.load())
        except (ImportError, AttributeError) as error:
            raise StationError(f"driver {self.name} of {self.package} cannot be loaded: {error}") from error


def catalogue() -> dict[str, Entry]:
    """All drivers by name. Raises StationError if two packages bring different ones of the same name."""
    entries: dict[str, Entry] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        package = point.dist.name if point.dist else "?"
        entry = Entry(point.name, point.value, package, point.dist.version if point.dist else "?", point)
        known = entries.setdefault(entry.name, entry)
        if known.target != entry.target:
            raise StationError(
                f"driver {entry.name} is brought twice: {known.target} of {known.package}, "
                f"{entry.target} of {entry.package}; uninstall one of them"
            )
    return entries


def roles_of(kind: type[object]) -> tuple[str, ...]:
    """Names of the roles that instances of a class play: those all of whose members it has."""
    return tuple(
        name
        for name, role in ROLES.items()
        if all(hasattr(kind, member) for member in get_protocol_members(role))
    )


def adapter_for(instrument: object) -> Adapter | None:
    """The class that gives an instrument its role, if a driver of the catalogue is made for it.

    A driver that cannot be imported is passed over with a warning: it may be another laboratory's concern.
    """
    for entry in catalogue().values():
        try:
            kind = entry.load()
        except StationError as error:
            _log.warning("%s", error)
            continue
        if isinstance(kind, Adapter) and isinstance(instrument, kind.adapts()):
            return kind
    return None
