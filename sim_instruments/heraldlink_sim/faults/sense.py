# SPDX-License-Identifier: Apache-2.0
"""Which faults make sense for an instrument, and how it enters the states of those that are its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from heraldlink_sim.faults.acts import storm
from heraldlink_sim.faults.kinds import Kind
from heraldlink_sim.faults.swallow import can_swallow
from heraldlink_sim.transport.server import Device, Reporting

__all__ = ["enter", "refusal", "storm"]

_NEEDS: dict[Kind, tuple[str, str]] = {
    "latch": ("latch", "it has no detectors that could latch"),
    "interlock": ("set_interlock", "it has no interlock"),
    "unlock": ("set_locked", "it follows no external reference"),
    "reset": ("power_cycle", "its model cannot be switched off and on"),
}


def refusal(kind: Kind, device: Device) -> str:
    """Say why a fault makes no sense for a device; empty if it does."""
    if kind in _NEEDS:
        method, why = _NEEDS[kind]
        return "" if hasattr(device, method) else why
    if kind == "error-storm" and not isinstance(device, Reporting):
        return "it keeps no error queue"
    if kind == "ignore-write" and not can_swallow(device):
        return "its settings cannot be told from its queries"
    return ""


def enter(kind: Kind, device: Device, present: bool) -> None:
    """Put an instrument into the state of a fault, or take it out."""
    if kind == "latch":
        _method(device, "latch" if present else "unlatch")()
    elif kind == "interlock":
        _method(device, "set_interlock")(present)
    elif kind == "unlock":
        _method(device, "set_locked")(not present)
    elif kind == "reset":
        _method(device, "power_cycle")()


def _method(device: Device, name: str) -> Callable[..., None]:
    return cast("Callable[..., None]", getattr(device, name))
