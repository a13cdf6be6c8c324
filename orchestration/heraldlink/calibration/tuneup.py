# SPDX-License-Identifier: Apache-2.0
"""The tune-up: run what is due, in order, and keep what was found."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from heraldlink.calibration import fringe, hom, hub, pairs, qubits
from heraldlink.calibration.apply import (
    Values,
    foreign,
    now_of,
    taken,
    tuned_devices,
    tuned_end,
    tuned_midpoint,
)
from heraldlink.calibration.bench import Bench, Finding, Player
from heraldlink.calibration.declared import parts_of
from heraldlink.calibration.graph import Due, Graph, Now
from heraldlink.calibration.point import RackPoint
from heraldlink.calibration.result import Outcome, Result
from heraldlink.calibration.specification import (
    BIAS,
    DARKS,
    DELAYS,
    FREQUENCY,
    FRINGE,
    HOM,
    PAIRS,
    RABI,
    READOUT,
    RELAXATION,
    SLOT_DELAY,
    WAVELENGTH,
    efficiency,
    full_name,
    link_graph,
)
from heraldlink.errors import ConfigurationError, RunFailed
from heraldlink.messages.values import Origin
from heraldlink_physics.device import Devices

Procedure = Callable[[Bench], Finding]
MOST_RUNS = 3
"""Of one calibration in one tune-up: a value that never settles is told, not chased."""


class TunedRack(Player, Protocol):
    """A rack that also tells the time and where its numbers come from."""

    @property
    def origin(self) -> Origin:
        """Of all its instruments, joined."""
        ...

    def slot(self) -> int:
        """Slot ticks counted."""
        ...


def procedures(point: RackPoint) -> dict[str, Procedure]:
    """What each calibration of a link does, by full name."""
    hub_node = point.midpoint.node
    found: dict[str, Procedure] = {
        full_name(hub_node, BIAS): hub.detector_bias,
        full_name(hub_node, DARKS): hub.dark_counts,
        full_name(hub_node, WAVELENGTH): hub.pump_wavelength,
        full_name(hub_node, DELAYS): hub.delays,
        full_name(hub_node, FRINGE): fringe.fringe,
        full_name(hub_node, PAIRS): pairs.pairs,
        full_name(hub_node, HOM): hom.hom,
        full_name(point.names[1], SLOT_DELAY): hub.slot_delay,
    }
    for end in point.names:
        found[full_name(hub_node, efficiency(end))] = partial(hub.efficiency, end)
        found[full_name(end, RABI)] = partial(qubits.drive_strength, end)
        found[full_name(end, FREQUENCY)] = partial(qubits.frequency, end)
        found[full_name(end, READOUT)] = partial(qubits.readout, end)
        found[full_name(end, RELAXATION)] = partial(qubits.relaxation_rate, end)
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: ``result`` None: it could not run, ``due.reason`` tells why."""

    due: Due
    result: Result | None


@dataclass
class TuneUp:
    """``results``: the last of each calibration, brought up to date; ``clock``: time of day, for people.

    ``origin``: of the rack's instruments. Results of other instruments are not known here. ``graph``: the
    link's calibrations, with what the files declare.
    """

    declared: RackPoint
    devices: Devices
    results: dict[str, Result]
    clock: Callable[[], str]
    origin: Origin
    runs: dict[str, int] = field(default_factory=dict[str, int])
    graph: Graph = field(init=False)

    def __post_init__(self) -> None:
        self.results = {k: item for k, item in self.results.items() if not foreign(item, self.origin)}
        point = self.declared
        parts = parts_of((point.midpoint, *point.ends.values()), self.devices)
        self.graph = link_graph(point.midpoint.node, point.names, parts)

    def now(self, slot: int) -> Now:
        """Bench time."""
        return now_of(slot, self.declared.tick_rate_Hz, self.origin)

    def due(self, slot: int, wanted: Collection[str], force: Mapping[str, str] | None = None) -> list[Due]:
        """What is due, without what already ran as often as it may."""
        found = self.graph.due(self.results, self.now(slot), wanted, force)
        return [item for item in found if self.runs.get(item.name, 0) < MOST_RUNS]

    def bench(self, rack: Player, slot: int) -> Bench:
        """The rack's settings and the model with all values in specification."""
        values = taken(self.graph, self.results, self.now(slot), self.origin).values
        point = tuned_point(self.declared, values)
        devices = tuned_devices(self.devices, self.declared.midpoint, values)
        return Bench(rack, point, self.declared, devices, self.devices)

    def run(
        self, rack: TunedRack, wanted: Collection[str], force: Mapping[str, str] | None = None
    ) -> Iterator[Step]:
        """Run what is due until nothing is; yields each step. What is blocked is told and left.

        Where a result is out of specification, what it needs is suspect and measured again first, although
        it had not expired (the diagnosis of arXiv 1803.03226).
        """
        forced, told = dict(force or {}), set[str]()
        while True:
            slot = rack.slot()
            for item in self.due(slot, wanted, forced):
                blocked = self.graph.blocked(item.name, self.results, self.now(slot))
                if not blocked and not self._hopeless(item.name):
                    forced.pop(item.name, None)
                    result = self.measured(rack, item.name)
                    forced |= self._suspects(result, rack.slot())
                    yield Step(item, result)
                    break
                if blocked and item.name not in told:
                    told.add(item.name)
                    yield Step(replace(item, reason=blocked, blocked=True), None)
            else:
                return

    def _suspects(self, result: Result, slot: int) -> dict[str, str]:
        """What a result out of specification needs and this tune-up did not measure yet, and why."""
        reason = self.graph.specification(result.calibration, self.results, self.now(slot))
        needs = [name for name in self.graph[result.calibration].needs if not self.runs.get(name)]
        return dict.fromkeys(needs, f"suspect: {result.calibration} {reason}") if reason else {}

    def _hopeless(self, name: str) -> bool:
        """Whether a calibration failed in this tune-up and nothing that it needs was measured since."""
        if not self.runs.get(name) or self.results[name].outcome != "failed":
            return False
        needs = self.graph.closure([name])
        return all(self.results[need].slot <= self.results[name].slot for need in needs)

    def measured(self, rack: TunedRack, name: str) -> Result:
        """Run one calibration, whether it is due or blocked, and keep its result."""
        self.runs[name] = self.runs.get(name, 0) + 1
        before = self.results.get(name)
        node = self.graph[name].node
        bench = self.bench(rack, rack.slot())
        try:
            finding, reason = procedures(self.declared)[name](bench), ""
        except (RunFailed, ConfigurationError, ValueError) as error:
            finding, reason = Finding({}, ""), " ".join(str(error).split())
        slot = rack.slot()
        outcome: Outcome = "failed" if reason else "measured"
        result = Result(
            name, node, outcome, slot, slot, self.clock(), rack.origin, finding.digest, finding.values, reason
        )
        result = replace(result, declared=self.graph[name].declared or {})
        if before is not None and not self.graph.moved(before, result):
            result = replace(result, moved_slot=before.moved_slot)
        self.results[name] = result
        return result


def tuned_point(declared: RackPoint, values: Values) -> RackPoint:
    """The rack's settings with measured values in the place of declared ones."""
    ends = {name: tuned_end(config, values) for name, config in declared.ends.items()}
    return RackPoint(tuned_midpoint(declared.midpoint, values), ends, declared.blocked)


def kept_at(name: str, graph: Graph, point: RackPoint) -> tuple[str, ...]:
    """Nodes whose files keep a calibration: its own, and the midpoint, whose estimator models all nodes."""
    return tuple(dict.fromkeys((graph[name].node, point.midpoint.node)))
