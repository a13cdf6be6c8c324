# SPDX-License-Identifier: Apache-2.0
"""Stored values in the place of declared ones: in the nodes' operating points, and in the link model.

Only values in specification are taken. What is taken is told, so that a run's record shows it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from heraldlink.calibration.declared import Parts, parts_of
from heraldlink.calibration.graph import Graph, Now
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.point import changed
from heraldlink.calibration.result import Result
from heraldlink.calibration.specification import (
    BIAS,
    DELAYS,
    FREQUENCY,
    PAIRS,
    RABI,
    READOUT,
    SLOT_DELAY,
    WAVELENGTH,
    efficiency,
    full_name,
    link_graph,
)
from heraldlink.calibration.store import calibration_file, latest, read_results
from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.messages.origin import join
from heraldlink.messages.values import Origin
from heraldlink_physics.device import ArmDevice, Devices

Node = TypeVar("Node", EndNodeConfig, MidpointConfig)
Values = Mapping[str, Mapping[str, Measured]]
"""Values by calibration, of those in specification."""


@dataclass(frozen=True, slots=True)
class Taken:
    """``values`` in specification; ``told``: a sentence on every calibration of this node, by name.

    ``results``: those that ``values`` are of.
    """

    values: Values
    told: Mapping[str, str]
    results: Mapping[str, Result] = field(default_factory=dict[str, Result])


NOTHING_TAKEN = Taken({}, {})


@dataclass(frozen=True, slots=True)
class Files:
    """What a node knows: its own file, the device file, and sections that other nodes told of theirs."""

    config: EndNodeConfig | MidpointConfig
    devices: Devices
    others: Parts = field(default_factory=dict[str, str])

    def graph(self) -> Graph:
        """The calibrations of the link that the node belongs to."""
        config = self.config
        midpoint = config.node if isinstance(config, MidpointConfig) else config.midpoint.node
        return link_graph(midpoint, config.ends, parts_of((config,), self.devices) | dict(self.others))

    def now(self, slot: int, origin: Origin) -> Now:
        """Bench time at a slot tick count of instruments of this origin."""
        return now_of(slot, self.config.sequence.tick_rate_Hz, origin)


def stored(files: Files, slot: int, origin: Origin) -> Taken:
    """What a node's calibration file holds that is in specification at a slot tick count.

    ``origin``: of the node's instruments. Raises DataError if the calibration file is broken.
    """
    config = files.config
    results = latest(read_results(calibration_file(config.data_directory, config.node)))
    return taken(files.graph(), results, files.now(slot, origin), origin)


def outdated(files: Files, found: Taken, slot: int, origin: Origin) -> list[str]:
    """A sentence for each value taken before that is out of specification by a later slot tick count."""
    graph, now = files.graph(), files.now(slot, origin)
    reasons = {name: graph.specification(name, found.results, now) for name in found.results}
    return [
        f"{name} {reason} (measured {found.results[name].at or 'at slot ' + str(found.results[name].slot)})"
        for name, reason in reasons.items()
        if reason
    ]


def now_of(slot: int, tick_rate_Hz: float, origin: Origin) -> Now:
    """Bench time; with time of day, which real instruments share and a simulated bench need not."""
    return Now(slot, tick_rate_Hz, time.time() if origin == "real" else None)


def foreign(result: Result, origin: Origin) -> bool:
    """Whether a result cannot be of a rack to which instruments of this origin belong.

    A rack's origin is the join of all its instruments', so it lies above that of each node.
    """
    return origin != "replayed" and join(result.origin, origin) != result.origin


def taken(graph: Graph, results: Mapping[str, Result], now: Now, origin: Origin) -> Taken:
    """What of the results can stand in for declared values of instruments of this origin."""
    values: dict[str, Mapping[str, Measured]] = {}
    told: dict[str, str] = {}
    used: dict[str, Result] = {}
    for name, result in results.items():
        if name not in graph.order:
            continue
        reason = graph.specification(name, results, now)
        if foreign(result, origin):
            reason = f"it was measured on {result.origin} instruments, these are {origin}"
        if reason:
            told[name] = f"declared values stand: {reason}"
            continue
        values[name], used[name] = result.values, result
        shown = ", ".join(f"{key} {value}" for key, value in result.values.items())
        told[name] = f"{shown} ({result.origin}, {now.age_s(result.slot):.0f} s old, {result.at})"
    return Taken(values, told, used)


def tuned_end(config: EndNodeConfig, values: Values) -> EndNodeConfig:
    """An end node's file with measured values. Raises ValueError for values that a file could not hold."""
    node = config.node
    changes: dict[str, object] = {}
    if found := values.get(full_name(node, RABI)):
        changes["qubit.rabi_rad_per_Vs"] = found["rabi"].value
    if found := values.get(full_name(node, FREQUENCY)):
        changes["qubit.frequency_Hz"] = found["drive"].value
        changes["qubit.offset_Hz"] = found["frequency"].value - found["drive"].value
    if found := values.get(full_name(node, READOUT)):
        changes["readout.threshold_photons"] = round(found["threshold"].value)
    if found := values.get(full_name(node, SLOT_DELAY)):
        changes["slot_trigger.delay_s"] = found["delay"].value
    return _with(config, changes)


def tuned_midpoint(config: MidpointConfig, values: Values) -> MidpointConfig:
    """The midpoint's file with measured values; as `tuned_end`."""
    node = config.node
    changes: dict[str, object] = {}
    if found := values.get(full_name(node, BIAS)):
        changes["detectors.bias_A"] = (found["bias_c"].value, found["bias_d"].value)
    if found := values.get(full_name(node, WAVELENGTH)):
        changes["pump.wavelength_m"] = found["wavelength"].value
        changes["readout_pump.wavelength_m"] = found["red"].value
    if found := values.get(full_name(node, DELAYS)):
        changes["gate.begin_ps"] = round(found["gate_begin"].value)
        changes["gate.end_ps"] = round(found["gate_end"].value)
    if found := values.get(full_name(node, PAIRS)):
        for arm in config.ends:
            changes[f"attenuator.{arm}.pump_attenuation_dB"] = found[f"attenuation_{arm}"].value
            changes[f"attenuator.{arm}.readout_attenuation_dB"] = found[f"readout_attenuation_{arm}"].value
    return _with(config, changes)


def _with(config: Node, changes: Mapping[str, object]) -> Node:
    if not changes:
        return config
    point = changed(config.operating_point, changes)
    tuned = config.model_copy(update={"operating_point": point})
    return type(config).model_validate(tuned.model_dump())


def tuned_devices(devices: Devices, config: MidpointConfig, values: Values) -> Devices:
    """The device file with what was measured of it: pump power at each transducer, detectors, cavities."""
    a, b = (_tuned_arm(arm, config.node, values) for arm in devices.arms)
    midpoint = devices.midpoint
    if found := values.get(full_name(config.node, BIAS)):
        c, d = (
            replace(detector, knee_A=found[f"knee_{port}"].value, width_A=found[f"width_{port}"].value)
            for detector, port in zip(midpoint.detectors, "cd", strict=True)
        )
        midpoint = replace(midpoint, detectors=(c, d))
    return replace(devices, arms=(a, b), midpoint=midpoint)


def _tuned_arm(arm: ArmDevice, midpoint: str, values: Values) -> ArmDevice:
    if found := values.get(full_name(midpoint, WAVELENGTH)):
        moved_Hz = arm.transducer.optical_frequency_Hz + found[f"shift_{arm.name}"].value
        arm = replace(arm, transducer=replace(arm.transducer, optical_frequency_Hz=moved_Hz))
    if found := values.get(full_name(midpoint, PAIRS)):
        arm = replace(arm, insertion=min(1.0, arm.insertion * found[f"scale_{arm.name}"].value))
    if found := values.get(full_name(midpoint, efficiency(arm.name))):
        arm = replace(arm, path_efficiency=min(1.0, arm.path_efficiency * found["efficiency"].value))
    return arm


def pump_doubt(arm: str, midpoint: str, values: Values) -> float:
    """Relative standard deviation of the calibrated pump power of an arm; 0 where it is as declared."""
    found = values.get(full_name(midpoint, PAIRS))
    scale = found[f"scale_{arm}"] if found else None
    return scale.sigma / scale.value if scale else 0.0


def arrivals_ps(config: MidpointConfig, values: Values) -> dict[str, float]:
    """When each arm's pulse arrives after START, ps, of the arms for which it was measured."""
    sources = {
        config.ends[0]: full_name(config.node, DELAYS),
        config.ends[1]: full_name(config.ends[1], SLOT_DELAY),
    }
    return {arm: values[name]["arrival"].value for arm, name in sources.items() if name in values}
