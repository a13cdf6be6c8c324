# SPDX-License-Identifier: Apache-2.0
"""What an end node's worker does in a request: load, count ticks, arm, collect."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import pi

import numpy as np

from heraldlink.agent.blame import InstrumentFault, blaming
from heraldlink.agent.end_tags import read_slot
from heraldlink.agent.points import REFERENCE, end_settings, program_settings
from heraldlink.agent.roles import EndInstruments, stretches
from heraldlink.agent.sequence import end_record_ps, program_id, sequence_of
from heraldlink.agent.settings import Seen, Setting, deviations, quietly
from heraldlink.agent.store import TagStore
from heraldlink.agent.waiting import LOOK_S, came_true, wait_until
from heraldlink.config import EndNodeConfig
from heraldlink.errors import ProtocolError
from heraldlink.heralding import ReadoutWindow
from heraldlink.heralding.description import describe_end
from heraldlink.messages.header import Body
from heraldlink.messages.values import Deviation, Parameters
from heraldlink.messages.worker import (
    ArmSlot,
    AwaitSlot,
    CollectSlot,
    Count,
    Counted,
    Load,
    Loaded,
    SlotArmed,
    SlotAwaited,
    SlotCollected,
    Unload,
    Unloaded,
)
from heraldlink.sequences import (
    NO_ROTATION,
    READOUT,
    NodeDrive,
    Rotation,
    direction_rotation,
    end_tagger,
    generator_program,
    with_analysis,
)
from heraldlink_drivers.roles import GeneratorProgram, Tags, Waveform

TICK_LIMIT_S = 2.0
RECORD_LIMIT_S = 2.0
FORMER_LIMIT_S = 1.5
"""How long a void slot is waited for: longer than a record, and with a tick's wait within a call's limit."""


@dataclass
class Held:
    """What the generator holds; ``stamps`` are the waveforms' as we left them.

    It stays from request to request, so that a change made by hand is seen and not undone.
    """

    program: GeneratorProgram
    drive: NodeDrive
    stamps: dict[str, str]
    analysis: Rotation


@dataclass(frozen=True, slots=True)
class Record:
    """A slot's tags and attempt syncs, taken in when its record was over."""

    tags: Mapping[int, Tags]
    syncs: int


@dataclass
class Loading:
    """The active request; ``syncs`` is the START count before the slot ``burst``, which was armed last.

    ``counted``: the START count when its record was looked at last.
    ``taken``: the last one whose record was taken in or given up; ``records``: those not collected yet.
    """

    parameters: Parameters
    held: Held
    syncs: int = 0
    counted: int = 0
    burst: int = 0
    taken: int = 0
    records: dict[int, Record] = field(default_factory=dict[int, Record])


def same(sent: Waveform, found: Waveform) -> bool:
    """Whether two waveforms agree in every sample and marker."""
    channels = zip(sent.channels, found.channels, strict=True)
    markers = zip(sent.markers, found.markers, strict=True)
    return all(np.array_equal(a, b) for a, b in channels) and all(np.array_equal(a, b) for a, b in markers)


class EndCrew:
    """An end node's instruments at work."""

    def __init__(self, config: EndNodeConfig, instruments: EndInstruments) -> None:
        self._config, self._all = config, instruments
        self._sequence = sequence_of(config.sequence)
        self._first = config.ends[0] == config.node
        self._start_ps = round(config.operating_point.slot_trigger.delay_s * 1e12)
        self._loading: Loading | None = None
        self._held: Held | None = None
        self.store = TagStore()
        self.seen: Seen = {}
        self.settings: list[Setting] = end_settings(config, instruments)
        self._program_settings = program_settings(config, instruments)
        self.stretches = stretches(config.roles, instruments)

    @property
    def parking_order(self) -> tuple[str, ...]:
        """Generator first: it drives the carver."""
        names = self._config.roles
        return (names.generator, names.slot_trigger, names.microwave, names.tagger, names.detectors)

    def describe(self, instruments: Mapping[str, str]) -> dict[str, str]:
        """Sequence, readout window and identities."""
        return describe_end(self._sequence, self._window(), instruments)

    def before_prepare(self) -> None:
        """Configure the time controller; streams that are open may be of another life of it."""
        point = self._config.operating_point.tagger
        quietly(self._all.tagger.close_streams)
        with blaming(self._config.roles.tagger):
            self._all.tagger.configure(end_tagger(point.threshold_V, point.delay_ps))

    def after_prepare(self) -> None:
        """Load the program of the declared pump."""
        self._upload(self._config.operating_point.generator.envelope_peak_V)

    def work(self, body: Body) -> Body:
        """Answer a call of a request."""
        match body:
            case Load():
                return self._load(body)
            case Count():
                return self._count(body)
            case ArmSlot():
                return self._arm(body)
            case AwaitSlot():
                return SlotAwaited(body.request, body.burst, self._over(body.burst, LOOK_S))
            case CollectSlot():
                return self._collect(body)
            case Unload():
                return self._unload(body)
            case _:
                raise ProtocolError(f"an end node's worker does not take {type(body).__name__}")

    def _load(self, body: Load) -> Loaded:
        envelope_peak_V = body.parameters.envelope_peak_V[self._config.node]
        held = self._held
        if held is None or held.drive != self._drive(envelope_peak_V):
            held = self._upload(envelope_peak_V)
        with blaming(self._config.roles.tagger):
            self._all.tagger.open_streams()
        self._loading = Loading(body.parameters, held)
        self.store.open(body.request)
        return Loaded(body.request, program_id(self._sequence, body.parameters))

    def _drive(self, envelope_peak_V: float) -> NodeDrive:
        point = self._config.operating_point
        return NodeDrive(
            amplitude_Vpp=point.generator.amplitude_Vpp,
            envelope_peak_V=envelope_peak_V,
            bright_peak_V=point.generator.bright_peak_V,
            qubit_frequency_Hz=point.qubit.frequency_Hz,
            rabi_rad_per_Vs=point.qubit.rabi_rad_per_Vs,
            phase_switch=not self._first,
        )

    def _upload(self, envelope_peak_V: float) -> Held:
        """Load the program of a pump strength and read it back."""
        drive, generator = self._drive(envelope_peak_V), self._all.generator
        program = generator_program(self._sequence, drive)
        with blaming(self._config.roles.generator):
            generator.upload(program)
            self._check_samples(program)
            stamps = dict(generator.waveform_stamps(tuple(program.waveforms)))
        self._held = Held(program, drive, stamps, NO_ROTATION)
        return self._held

    def _check_samples(self, program: GeneratorProgram) -> None:
        """Read every waveform back, sample by sample."""
        for name, sent in program.waveforms.items():
            found = self._all.generator.waveform(name)
            if not same(sent, found):
                device = self._config.roles.generator
                raise InstrumentFault(
                    device, f"{device}: waveform {name!r} reads back other than it was sent"
                )

    def _count(self, body: Count) -> Counted:
        with blaming(self._config.roles.tagger):
            tick = self._all.tagger.tick_count()
            if body.fresh:
                before = tick
                wait_until(
                    lambda: self._all.tagger.tick_count() != before, TICK_LIMIT_S, "no slot tick arrives"
                )
                tick = self._all.tagger.tick_count()
        return Counted(body.request, tick)

    def _arm(self, body: ArmSlot) -> SlotArmed:
        """Arm after the tick before the slot, the slot trigger last.

        The tick count is read once every arm was confirmed: if it is still that of the tick before, all were
        early enough for the next tick and no other. If it is not, nothing is left armed: no tick may start
        what the midpoint does not record.
        """
        loading, names = self._loaded(), self._config.roles
        self._end_former(body.slot)
        self._check_clocks()
        analysis = self._analysis(body.direction_rad, body.turn_rad)
        with blaming(names.generator):
            if loading.held.analysis != analysis:
                self._turn(loading.held, analysis)
            self._all.generator.arm()
        with blaming(names.tagger):
            loading.burst, loading.syncs = body.burst, self._await_tick(body.slot - 1)
            record_ps = end_record_ps(self._sequence, loading.parameters, body.estimate, self._start_ps)
            self._all.tagger.arm_record(record_ps)
        with blaming(names.slot_trigger):
            self._all.slot_trigger.arm()
        with blaming(names.tagger):
            tick = self._all.tagger.tick_count()
        if tick != body.slot - 1:
            with blaming(names.slot_trigger):
                self._disarm()
            loading.taken = body.burst
        return SlotArmed(body.request, body.burst, tick)

    def _end_former(self, slot: int) -> None:
        """Let what was armed and not collected come to its end: a void slot may be played all the same.

        Armed again meanwhile, the generator would be broken off and syncs counted for the next slot.
        """
        loading, names = self._loaded(), self._config.roles
        if loading.burst <= loading.taken:
            return
        loading.taken = loading.burst
        with blaming(names.slot_trigger):
            if self._all.slot_trigger.armed():
                self._all.slot_trigger.disarm()
                return
        with blaming(names.tagger):
            tagger = self._all.tagger
            came_true(lambda: tagger.record_done() or tagger.tick_count() >= slot, FORMER_LIMIT_S)

    def _check_clocks(self) -> None:
        """Raise InstrumentFault if a clock does not follow its reference: attempts would drift apart."""
        clocks = [setting for setting in self.settings if setting.name == REFERENCE]
        for found in deviations(clocks, self._config.node, stretches=self.stretches):
            reason = f"{found.device}: its clock is not locked ({found.reason}): no slot is armed"
            raise InstrumentFault(found.device, reason)

    def _analysis(self, direction_rad: tuple[float, float], fibre_rad: float) -> Rotation:
        """Rotation before the readout of what is to be measured, its axis turned as the qubit has turned."""
        polar_rad, azimuth_rad = direction_rad
        return direction_rotation(polar_rad, azimuth_rad + self._turn_rad(fibre_rad))

    def _turn_rad(self, fibre_rad: float) -> float:
        """By how much the analysis axis is turned: the second node's by the fibre, both by their qubit's own.

        A qubit that is not at the drive's frequency turns from when it is loaded until it is analysed.
        """
        offset_Hz = self._config.operating_point.qubit.offset_Hz
        own_rad = 2 * pi * offset_Hz * self._sequence.kept_ps * 1e-12
        return own_rad if self._first else fibre_rad + own_rad

    def _await_tick(self, tick: int) -> int:
        """Wait for the tick before the slot; return the syncs counted when it was seen.

        If it does not come, the count after arming will tell.
        """
        syncs, tagger = 0, self._all.tagger

        def come() -> bool:
            nonlocal syncs
            with self.stretches[self._config.roles.tagger]("slot ticks and syncs"):
                ticks, syncs = tagger.tick_count(), tagger.counts()["STAR"]
            return ticks >= tick

        came_true(come, TICK_LIMIT_S)
        return syncs

    def _turn(self, held: Held, analysis: Rotation) -> None:
        held.program = with_analysis(held.program, self._sequence, held.drive, analysis)
        self._all.generator.upload(held.program, only=[READOUT])
        held.stamps[READOUT] = self._all.generator.waveform_stamp(READOUT)
        held.analysis = analysis

    def _collect(self, body: CollectSlot) -> SlotCollected:
        record = self._taken(body.burst)
        self.store.add(body.request, body.slot, record.tags)
        found = read_slot(record.tags, self._sequence.segments, self._window())
        return SlotCollected(
            request=body.request,
            burst=body.burst,
            readouts=() if body.estimate else found.readouts,
            confusion=found.confusion,
            syncs=record.syncs,
            deviations=tuple(self._deviations()),
        )

    def _window(self) -> ReadoutWindow:
        threshold = self._config.operating_point.readout.threshold_photons
        return ReadoutWindow(self._sequence.readout_width_ps, threshold)

    def _taken(self, burst: int) -> Record:
        """A slot's record; waits for its end. Raises InstrumentFault if it does not end."""
        if not self._over(burst, RECORD_LIMIT_S):
            device = self._config.roles.tagger
            raise InstrumentFault(device, f"{device}: its record does not end (waited {RECORD_LIMIT_S:g} s)")
        return self._loaded().records.pop(burst)

    def _over(self, burst: int, limit_s: float) -> bool:
        """Whether a slot's record is over, within ``limit_s``; then its tags are taken in.

        Raises ProtocolError for a slot that is neither the last one armed nor kept from before.
        """
        loading, tagger = self._loaded(), self._all.tagger
        if burst <= loading.taken:
            return True
        if burst != loading.burst:
            raise ProtocolError(f"burst {burst} was to be read, burst {loading.burst} was armed last")
        with blaming(self._config.roles.tagger):
            if not came_true(self._ended, limit_s):
                return False
            tags = tagger.read_record(RECORD_LIMIT_S)
        loading.records = {burst: Record(tags, loading.counted - loading.syncs)}
        loading.taken = burst
        return True

    def _ended(self) -> bool:
        """Whether the record is over; what was counted by then is read behind that, in the same exchange."""
        loading, tagger = self._loaded(), self._all.tagger
        with self.stretches[self._config.roles.tagger]("end of a record"):
            done, loading.counted = tagger.record_done(), tagger.counts()["STAR"]
        return done

    def _deviations(self) -> list[Deviation]:
        loading, node, device = self._loaded(), self._config.node, self._config.roles.generator
        stamps: dict[str, str] = {}

        def look() -> None:
            stamps.update(self._all.generator.waveform_stamps(tuple(loading.held.stamps)))

        def let_through() -> None:
            if loading.burst == loading.taken:  # no other slot is armed yet: what is known need not be asked
                self._all.slot_trigger.armed()

        settings = [*self.settings, *self._program_settings]
        beside = {device: look, self._config.roles.slot_trigger: let_through}
        found = deviations(settings, node, self.seen, self.stretches, beside)
        changed = [name for name, stamp in loading.held.stamps.items() if stamps.get(name) != stamp]
        return found + [Deviation(node, device, f"waveform {name!r} was changed") for name in changed]

    def _unload(self, body: Unload) -> Unloaded:
        """Leave nothing armed; streams stay open for the next request."""
        self._loading = None
        quietly(self._disarm)
        quietly(self._all.generator.stop)
        return Unloaded(body.request)

    def _disarm(self) -> None:
        """Let no tick through; a slot trigger that has let its one through lets no other."""
        waiting = True
        with suppress(Exception):
            waiting = self._all.slot_trigger.armed()
        if waiting:
            self._all.slot_trigger.disarm()

    def _loaded(self) -> Loading:
        if self._loading is None:
            raise ProtocolError("no program is loaded")
        return self._loading
