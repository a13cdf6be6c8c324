# SPDX-License-Identifier: Apache-2.0
"""Detectors under so much light that their wires stay normal.

A wire latches when the mean count rate that its light and dark counts would give, over a run of equal
waveforms, reaches its limit. It then is silent for the slot; the detector box takes its bias down and up
again before the next tick [assumed], as boxes with automatic recovery do.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np

from heraldlink_physics.device import MidpointDevice
from heraldlink_physics.settings import DetectorSettings
from heraldlink_sim.world.arrivals import Real
from heraldlink_sim.world.node import NodePlay
from heraldlink_sim.world.optics import Optics
from heraldlink_sim.world.tables import Meeting, TableBook


def with_latched(
    optics: Optics, nodes: tuple[NodePlay, NodePlay], tables: TableBook, midpoint: MidpointDevice
) -> Optics:
    """Return the optics of a slot with those detectors silent that latch in it."""
    if all(detector.latch_rate_Hz == inf for detector in midpoint.detectors):
        return optics
    darks = np.array(tables.attempt(optics, Meeting(None, None)).dark_rates_Hz)
    rates_Hz = sum((_brightest_Hz(optics, n, node, tables) for n, node in enumerate(nodes)), darks)
    c, d = (
        _silent(setting) if detector.latches(float(rate_Hz)) else setting
        for detector, setting, rate_Hz in zip(midpoint.detectors, optics.detectors, rates_Hz, strict=True)
    )
    return replace(optics, detectors=(c, d))


def _silent(setting: DetectorSettings) -> DetectorSettings:
    return replace(setting, enabled=False)


def _brightest_Hz(optics: Optics, number: int, node: NodePlay, tables: TableBook) -> Real:
    """Return the largest mean rate of clicks, float[2 detectors], in any run of the node."""
    rates = [np.zeros(2)]
    for run in node.timeline.runs:
        view = node.views[run.step]
        if view.pulse is not None:
            meeting = Meeting(view.pulse, None) if number == 0 else Meeting(None, view.pulse)
            rates.append(_clicks(optics, meeting, view.bright, tables) / (run.period_ps * 1e-12))
    return np.asarray(np.max(rates, axis=0), dtype=np.float64)


def _clicks(optics: Optics, meeting: Meeting, bright: bool, tables: TableBook) -> Real:
    """Return the mean photons that both detectors would see of one waveform's light, float[2]."""
    if bright:
        return np.asarray(tables.bright(optics, meeting).means.sum(axis=1), dtype=np.float64)
    table = tables.attempt(optics, meeting)
    photons = sum(table.photons.weights) + sum(table.stray.weights)
    return np.array(table.link.midpoint.detector_efficiency) * photons / 2
