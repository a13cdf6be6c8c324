# SPDX-License-Identifier: Apache-2.0
"""A whole rack for a calibration: hub and both ends, opened from their Station files, one slot a call.

Everything is read back and compared: settings, waveforms sample by sample, the tick in which each arm
started, the number of attempts played. Leaving the rack, however it happens, parks everything, pump first.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType

from heraldlink.agent.blame import InstrumentFault, blaming
from heraldlink.agent.crew import identity
from heraldlink.agent.end_crew import same
from heraldlink.agent.estimator import read_devices
from heraldlink.agent.points import end_settings, midpoint_settings, program_settings
from heraldlink.agent.rack import open_station
from heraldlink.agent.roles import EndInstruments, MidpointInstruments, end_instruments, midpoint_instruments
from heraldlink.agent.settings import Setting, Value, quietly
from heraldlink.agent.waiting import wait_until
from heraldlink.calibration.manners import parking_order, refuse_beside_nodes
from heraldlink.calibration.point import RackPoint
from heraldlink.errors import InstrumentLost, RunFailed
from heraldlink.messages.origin import joined, origin_of
from heraldlink.messages.values import Origin
from heraldlink.sequences import NodeDrive, SlotPlan, end_tagger, generator_program_of, hub_tagger
from heraldlink_drivers.roles import Device, TaggerProgram, Tags, TimeTagger

RECORD_LIMIT_S = 20.0
TICK_LIMIT_S = 2.0
ATTEMPTS = 5
"""How often a slot is tried whose arming crossed a tick."""

GATE = "herald gate_ps"
"""The setting that a plan brings along."""

Channels = Mapping[int, Tags]


@dataclass(frozen=True, slots=True)
class SlotTags:
    """Tags of one slot by RAW channel: of the hub and of the ends that played."""

    hub: Channels
    ends: Mapping[str, Channels]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a generator holds: the digest of its plan, the drive, and the stamps of its waveforms."""

    digest: str
    drive: NodeDrive
    stamps: Mapping[str, str]


class Rack:
    """Instruments of three nodes. Use as a context: it refuses to open beside running nodes."""

    def __init__(self, point: RackPoint, addresses: Mapping[str, str]) -> None:
        self._point, self._addresses = point, addresses
        self._stack = ExitStack()
        self._hub: MidpointInstruments
        self._ends: dict[str, EndInstruments] = {}
        self._devices: dict[str, Device] = {}
        self._applied: dict[tuple[str, str], Value] = {}
        self._programs: dict[str, TaggerProgram] = {}
        self._loaded: dict[str, Loaded] = {}
        self._touched = False
        self.origin: Origin = "unknown"

    def __enter__(self) -> "Rack":
        refuse_beside_nodes(self._point)
        try:
            self._open()
        except BaseException as error:
            self._stack.close()
            if isinstance(error, InstrumentFault) and isinstance(error.__cause__, ConnectionError):
                raise InstrumentLost(str(error)) from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = self.park() if self._touched else []
        self._stack.close()
        told = "; ".join(
            [*([sentence_of(error)] if error else []), *(f"NOT parked: {one}" for one in failed)]
        )
        if isinstance(error, InstrumentFault) and isinstance(error.__cause__, ConnectionError):
            raise InstrumentLost(told) from error
        if failed:
            raise RunFailed(told) from error

    def _open(self) -> None:
        midpoint = self._point.midpoint
        devices = read_devices(midpoint.devices, midpoint.ends)
        self._hub = midpoint_instruments(midpoint, self._station(midpoint.station), devices)
        for name, config in self._point.ends.items():
            self._ends[name] = end_instruments(config, self._station(config.station), devices)
        self.origin = joined(origin_of(identity(name, device)) for name, device in self._devices.items())

    def _station(self, path: Path) -> Mapping[str, Device]:
        loaded = open_station(path, self._addresses)
        self._stack.callback(loaded.close)
        self._devices |= loaded.roles
        return loaded.roles

    def park(self) -> list[str]:
        """Bring everything to its safe state, pump first, detector bias held; what could not be parked.

        Ctrl-C meanwhile gives up the instrument that does not answer, not those after it.
        """
        failed: list[str] = []
        for name in parking_order(self._point):
            if name in self._devices:
                try:
                    self._devices[name].safe_state()
                except (Exception, KeyboardInterrupt) as error:  # the others still have to be parked
                    failed.append(f"{name} ({sentence_of(error)})")
        self._applied.clear()
        return failed

    def slot(self) -> int:
        """The slot tick count of the hub's time controller: bench time."""
        with blaming(self._point.midpoint.roles.tagger):
            return self._hub.tagger.tick_count()

    def play(self, plan: SlotPlan, point: RackPoint, ends: Iterable[str] | None = None) -> SlotTags:
        """Play one slot of a plan at ``ends`` (None: all that it names) with the rack set to ``point``.

        Raises ConfigurationError for what cannot be played, InstrumentFault, RunFailed or InstrumentLost if
        anything is not as it was set.
        """
        self._point, self._touched = point, True
        playing = tuple(plan.nodes if ends is None else ends)
        self._configure(plan, point)
        self._apply(point, plan.gate_ps)
        for node in playing:
            self._load(plan, node, point)
        self._open_streams(playing)
        syncs = self._armed(plan, point, playing)
        tags = self._collect(playing)
        self._check(plan, point, playing, syncs)
        return tags

    def _configure(self, plan: SlotPlan, point: RackPoint) -> None:
        tagger = point.midpoint.operating_point.tagger
        program = hub_tagger(plan, tagger.threshold_V, tagger.delay_ps)
        self._program(point.midpoint.roles.tagger, self._hub.tagger, program)
        for node, config in point.ends.items():
            tagger = config.operating_point.tagger
            program = end_tagger(tagger.threshold_V, tagger.delay_ps)
            self._program(config.roles.tagger, self._ends[node].tagger, program)

    def _program(self, name: str, tagger: TimeTagger, program: TaggerProgram) -> None:
        if self._programs.get(name) != program:
            with blaming(name):
                tagger.close_streams()
                tagger.configure(program)
            self._programs[name] = program

    def _settings(self, point: RackPoint, gate_ps: tuple[int, int]) -> list[Setting]:
        """Of all nodes: detectors and references first, light last."""
        found = [item for name, end in point.ends.items() for item in end_settings(end, self._ends[name])]
        hub = [self._shut(item, point) for item in midpoint_settings(point.midpoint, self._hub)]
        gate = (float(gate_ps[0]), float(gate_ps[1]))
        if gate[0] == gate[1]:  # a plan without heralds has no combiner, and the time controller's is idle
            return [*found, *(item for item in hub if item.name != GATE)]
        return [*found, *(replace(item, wanted=gate) if item.name == GATE else item for item in hub)]

    def _shut(self, setting: Setting, point: RackPoint) -> Setting:
        channels = [point.midpoint.operating_point.attenuator[arm].pump_channel for arm in point.blocked]
        for channel in channels:
            if setting.name == f"channel {channel} open":
                return replace(
                    setting, wanted=False, write=partial(self._hub.attenuator.set_open, channel, False)
                )
        return setting

    def _apply(self, point: RackPoint, gate_ps: tuple[int, int]) -> None:
        """Write what differs from what was written last."""
        for setting in self._settings(point, gate_ps):
            key = (setting.device, setting.name)
            if self._applied.get(key) != setting.wanted:
                setting.apply()
                self._applied[key] = setting.wanted

    def _load(self, plan: SlotPlan, node: str, point: RackPoint) -> None:
        """Upload a node's program unless the generator holds it, and read it back."""
        drive, digest, held = point.drive(node), plan.digest(), self._loaded.get(node)
        if held and (held.digest, held.drive) == (digest, drive):
            return
        generator, name = self._ends[node].generator, point.ends[node].roles.generator
        program = generator_program_of(plan, node, drive)
        self._loaded.pop(node, None)
        with blaming(name):
            generator.upload(program)
            for key, sent in program.waveforms.items():
                if not same(sent, generator.waveform(key)):
                    raise RunFailed(f"{name}: waveform {key!r} reads back other than it was sent")
            self._loaded[node] = Loaded(digest, drive, generator.waveform_stamps(tuple(program.waveforms)))

    def _open_streams(self, playing: Sequence[str]) -> None:
        with blaming(self._point.midpoint.roles.tagger):
            self._hub.tagger.open_streams()
        for node in playing:
            with blaming(self._point.ends[node].roles.tagger):
                self._ends[node].tagger.open_streams()

    def _armed(self, plan: SlotPlan, point: RackPoint, playing: Sequence[str]) -> dict[str, int]:
        """Arm all for one tick; START counts of the ends before it. Tried again if arming crossed a tick.

        The ends' tick counts are read when all of them are armed, the hub's in the message that arms it: if
        all are equal, no tick came between, and the next one starts everything.
        """
        for _ in range(ATTEMPTS):
            syncs = {node: self._ends[node].tagger.counts()["STAR"] for node in playing}
            begun = self.slot()
            for node in playing:
                self._arm_end(plan, point, node)
            ticks = {self._ends[node].tagger.tick_count() for node in playing}
            if ticks <= {begun} and self.slot() == begun:
                with blaming(point.midpoint.roles.tagger):
                    if self._hub.tagger.arm_record(plan.record_ps) == begun:
                        return syncs
            self._disarm(playing)
            if len(ticks) > 1 and abs(max(ticks) - min(ticks)) > 1:
                raise RunFailed(
                    f"the time controllers disagree about the slot ticks counted: {sorted(ticks)}"
                )
            self._await_tick()
        raise RunFailed(f"arming took longer than a slot, {ATTEMPTS} times")

    def _arm_end(self, plan: SlotPlan, point: RackPoint, node: str) -> None:
        instruments, names = self._ends[node], point.ends[node].roles
        delay_ps = round(point.ends[node].operating_point.slot_trigger.delay_s * 1e12)
        with blaming(names.generator):
            instruments.generator.arm()
        with blaming(names.tagger):
            instruments.tagger.arm_record(min(plan.record_ps + delay_ps, longest_record_ps(plan)))
        with blaming(names.slot_trigger):
            instruments.slot_trigger.arm()

    def _disarm(self, playing: Sequence[str]) -> None:
        for node in playing:
            quietly(self._ends[node].slot_trigger.disarm)
            quietly(self._ends[node].generator.stop)

    def _await_tick(self) -> None:
        """Let a tick pass if time does; in a bench that stands still none comes, and none is needed."""
        before = self.slot()
        try:
            wait_until(lambda: self.slot() != before, TICK_LIMIT_S, "no slot tick arrives")
        except InstrumentLost:
            return

    def _collect(self, playing: Sequence[str]) -> SlotTags:
        names = self._point
        with blaming(names.midpoint.roles.tagger):
            hub = _record(self._hub)
        ends: dict[str, Channels] = {}
        for node in playing:
            with blaming(names.ends[node].roles.tagger):
                ends[node] = _record(self._ends[node])
        return SlotTags(hub, ends)

    def _check(
        self, plan: SlotPlan, point: RackPoint, playing: Sequence[str], before: dict[str, int]
    ) -> None:
        """Read everything back; RunFailed naming all that is not as it was set."""
        found = [item.deviation(self._owner(item.device)) for item in self._settings(point, plan.gate_ps)]
        for node in playing:
            settings = program_settings(point.ends[node], self._ends[node])
            found += [item.deviation(node) for item in settings]
        problems = [f"{item.device}: {item.reason}" for item in found if item]
        for node in playing:
            problems += self._missed(plan, point, node, before[node])
        if problems:
            raise RunFailed("; ".join(problems))

    def _missed(self, plan: SlotPlan, point: RackPoint, node: str, before: int) -> list[str]:
        generator, names = self._ends[node].generator, point.ends[node].roles
        with blaming(names.tagger):
            played = self._ends[node].tagger.counts()["STAR"] - before
        wanted = sum(part.count * part.syncs for part in plan.played)
        problems: list[str] = []
        if played != wanted and not any(part.jump_to for part in plan.played):
            problems.append(f"{names.generator}: {played} attempt syncs counted, {wanted} wanted")
        with blaming(names.generator):
            stamps = generator.waveform_stamps(tuple(self._loaded[node].stamps))
        if dict(stamps) != dict(self._loaded[node].stamps):
            problems.append(f"{names.generator}: a waveform was changed")
        return problems

    def _owner(self, device: str) -> str:
        for name, config in self._point.ends.items():
            if device in config.instruments.values():
                return name
        return self._point.midpoint.node


def sentence_of(error: BaseException) -> str:
    """The error in one line; Ctrl-C is an interruption."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return " ".join(str(error).split()) or type(error).__name__


def _record(instruments: MidpointInstruments | EndInstruments) -> Channels:
    wait_until(instruments.tagger.record_done, RECORD_LIMIT_S, "its record does not end")
    return instruments.tagger.read_record(RECORD_LIMIT_S)


def longest_record_ps(plan: SlotPlan) -> int:
    """A record has to end before the next tick."""
    return int(1e12 / plan.tick_rate_Hz) - 1_000_000_000
