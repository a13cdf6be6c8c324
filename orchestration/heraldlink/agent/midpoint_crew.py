# SPDX-License-Identifier: Apache-2.0
"""What the midpoint's worker does in a request: choose parameters, load, play slots."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from heraldlink.agent.blame import InstrumentFault, blaming
from heraldlink.agent.estimator import Estimator
from heraldlink.agent.hub_tags import HubSlot, Recording, read_hub
from heraldlink.agent.measured_link import MeasuredLink
from heraldlink.agent.points import midpoint_settings
from heraldlink.agent.recorded_model import describe_model
from heraldlink.agent.roles import MidpointInstruments, stretches
from heraldlink.agent.sequence import midpoint_record_ps, program_id, sequence_of
from heraldlink.agent.settings import Seen, Setting, deviations, quietly
from heraldlink.agent.store import TagStore
from heraldlink.agent.unlatching import Unlatching
from heraldlink.agent.waiting import LOOK_S, came_true
from heraldlink.config import MidpointConfig
from heraldlink.errors import ProtocolError, Unsupported
from heraldlink.heralding.description import describe_midpoint
from heraldlink.link.tick_counts import REMEDY
from heraldlink.messages.header import Body
from heraldlink.messages.values import INTERLOCK_OPEN, Deviation, Drive, Parameters, SlotCounts
from heraldlink.messages.worker import (
    AwaitSlot,
    Choose,
    Chosen,
    Load,
    Loaded,
    NotChosen,
    PlaySlot,
    ReadSlot,
    SlotAwaited,
    SlotBegun,
    SlotPlayed,
    Unload,
    Unloaded,
)
from heraldlink.sequences import midpoint_tagger
from heraldlink_drivers.roles import Interlocked, Tags
from heraldlink_physics.device import Devices
from heraldlink_physics.statistics import binomial_p_value

RATE_P_VALUE = 1e-6
PHASE_VARIANCE_rad2 = 0.25
RECORD_LIMIT_S = 2.0
FIRST_LOOK_S, INTERLOCK_S = 0.005, 0.025
"""From the arming of a record to the first look at the lasers' interlocks, and between two looks."""
NO_COUNTS: Mapping[str, int] = {}
NOTHING = SlotCounts(0, 0, 0, 0, 0, 0, (0, 0))


@dataclass(frozen=True, slots=True)
class Playing:
    """A slot whose record is armed or runs; ``before`` are the inputs' counts before it."""

    body: PlaySlot
    start_ps: int
    record_ps: int
    before: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Record:
    """A slot's tags, taken in when its record was over; ``peer_syncs`` are the second node's."""

    body: PlaySlot
    tags: Mapping[int, Tags]
    recording: Recording
    peer_syncs: int


@dataclass
class Loading:
    """The active request: parameters, totals for the rate check, slots being played and read.

    ``ended``: herald gate and counts of the inputs when the record was looked at last. ``look_s``: when
    interlocks are looked at next, on the monotonic clock; ``dark``: those that were open.
    """

    parameters: Parameters
    attempts: int = 0
    heralds: int = 0
    playing: Playing | None = None
    ended: tuple[tuple[int, int], Mapping[str, int]] = ((0, 0), NO_COUNTS)
    look_s: float = 0.0
    dark: list[Deviation] = field(default_factory=list[Deviation])
    records: dict[int, Record] = field(default_factory=dict[int, Record])


class MidpointCrew:
    """The midpoint's instruments at work."""

    def __init__(
        self,
        config: MidpointConfig,
        instruments: MidpointInstruments,
        devices: Devices,
        measured: MeasuredLink | None = None,
        unlatching: Unlatching | None = None,
    ) -> None:
        self._config, self._all = config, instruments
        self._sequence = sequence_of(config.sequence)
        self._estimator = Estimator(config, self._sequence, devices, measured or MeasuredLink())
        self._loading: Loading | None = None
        self._drives: dict[str, Drive] = {}
        self._model: tuple[dict[str, Drive], dict[str, str]] | None = None
        self._unlatching = unlatching or Unlatching(config.roles.detectors, instruments.detectors)
        self.store = TagStore()
        self.seen: Seen = {}
        self.settings: list[Setting] = midpoint_settings(config, instruments)
        self.stretches = stretches(config.roles, instruments)

    @property
    def parking_order(self) -> tuple[str, ...]:
        """The pump is blocked first; detector bias is held."""
        names = self._config.roles
        return (names.attenuator, names.pump, names.readout_pump, names.tagger, names.detectors)

    def describe(self, instruments: Mapping[str, str]) -> dict[str, str]:
        """Sequence, herald gate, identities, and the model that predicts the request."""
        gate = self._config.operating_point.gate
        described = describe_midpoint(self._sequence, (gate.begin_ps, gate.end_ps), instruments)
        if self._model is None or self._model[0] != self._drives:
            self._model = self._drives, describe_model(self._estimator, self._drives)
        return described | self._model[1]

    def before_prepare(self) -> None:
        """Cycle detectors that look latched; configure the time controller, whose streams may be of another
        life of it, with its herald window."""
        self._unlatching.before_prepare(self._config.operating_point.detectors.bias_A, time.monotonic())
        quietly(self._all.tagger.close_streams)
        point = self._config.operating_point
        gate_ps = (point.gate.begin_ps, point.gate.end_ps)
        program = midpoint_tagger(self._sequence, gate_ps, point.tagger.threshold_V, point.tagger.delay_ps)
        with blaming(self._config.roles.tagger):
            self._all.tagger.configure(program)

    def after_prepare(self) -> None:
        """Check that the device file fits; nothing is loaded here."""
        self._estimator.efficiencies()

    def work(self, body: Body) -> Body:
        """Answer a call of a request."""
        match body:
            case Choose():
                return self._choose(body)
            case Load():
                return self._load(body)
            case PlaySlot():
                return self._play(body)
            case AwaitSlot():
                return self._await(body)
            case ReadSlot():
                return self._read(body)
            case Unload():
                return self._unload(body)
            case _:
                raise ProtocolError(f"the midpoint's worker does not take {type(body).__name__}")

    def _choose(self, body: Choose) -> Chosen | NotChosen:
        self._drives = body.drives
        try:
            return Chosen(body.request, self._estimator.choose(body.demand, body.drives))
        except Unsupported as error:
            return NotChosen(body.request, "UNSUPP", str(error))

    def _load(self, body: Load) -> Loaded:
        with blaming(self._config.roles.tagger):
            self._all.tagger.open_streams()
        self._loading = Loading(body.parameters)
        self.store.open(body.request)
        return Loaded(body.request, program_id(self._sequence, body.parameters))

    def _play(self, body: PlaySlot) -> SlotPlayed | SlotBegun:
        """Arm the slot's record, and with ``hold`` leave it at that; else wait for its end and read it."""
        reason = self._begin(body)
        if body.hold:
            return SlotBegun(body.request, body.burst, reason)
        if reason:
            return SlotPlayed(body.request, body.burst, reason, (), None, NOTHING, ())
        return self._read(ReadSlot(body.request, body.burst))

    def _begin(self, body: PlaySlot) -> str:
        """Arm the record for the tick of a slot; why it is not for that tick, empty if it is."""
        loading, tagger = self._loaded(), self._all.tagger
        start_ps = self._estimator.first_sync_ps(self._drives)
        record_ps = midpoint_record_ps(self._sequence, loading.parameters, body.estimate, start_ps)
        with blaming(self._config.roles.tagger):
            with self.stretches[self._config.roles.tagger]("slot ticks and counts"):
                before, tick = tagger.counts(), tagger.tick_count()
            if tick == body.slot - 1:
                tick = tagger.arm_record(record_ps)
        self._check_not_behind(tick, body.slot)
        if tick != body.slot - 1:
            return f"slot {body.slot} was to be recorded after tick {tick}"
        loading.playing = Playing(body, start_ps, record_ps, before)
        loading.look_s = time.monotonic() + FIRST_LOOK_S
        return ""

    def _await(self, body: AwaitSlot) -> SlotAwaited | SlotPlayed:
        """Wait a moment for the record's end; an interlock that opens makes the slot void."""
        over = self._over(body.burst, LOOK_S)
        return self._darkened(body) if self._loaded().dark else SlotAwaited(body.request, body.burst, over)

    def _taken(self, burst: int) -> Record | None:
        """A slot's record, None if an interlock has opened; waits for its end.

        Raises InstrumentFault if it does not end.
        """
        if not self._over(burst, RECORD_LIMIT_S):
            device = self._config.roles.tagger
            raise InstrumentFault(device, f"{device}: its record does not end (waited {RECORD_LIMIT_S:g} s)")
        return self._loaded().records.pop(burst, None)

    def _over(self, burst: int, limit_s: float) -> bool:
        """Whether a slot's record is over, within ``limit_s``; then its tags are taken in.

        Raises ProtocolError for a slot that is neither being played nor kept from before.
        """
        loading, tagger = self._loaded(), self._all.tagger
        playing = loading.playing
        if burst in loading.records:
            return True
        if playing is None or playing.body.burst != burst:
            raise ProtocolError(f"burst {burst} was to be read, another one was armed last")
        with blaming(self._config.roles.tagger):
            if not came_true(self._ended, limit_s):
                return False
            if loading.dark:
                return True
            tags = tagger.read_record(RECORD_LIMIT_S)
        gate_ps, counts = loading.ended
        syncs, peer_syncs = (counts[name] - playing.before[name] for name in ("STAR", "INPU3"))
        efficiencies = self._estimator.efficiencies()
        recording = Recording(gate_ps, playing.record_ps, playing.start_ps, syncs, efficiencies)
        kept = {burst: Record(playing.body, tags, recording, peer_syncs)}
        loading.playing, loading.records = None, {**loading.records, **kept}
        return True

    def _read(self, body: ReadSlot) -> SlotPlayed:
        """What the tags of a slot say, and whether everything was as it should be."""
        record = self._taken(body.burst)
        if record is None:
            return self._darkened(body)
        self.store.add(body.request, record.body.slot, record.tags)
        found = read_hub(record.tags, self._sequence, record.recording)
        estimate = record.body.estimate
        doubts = [
            *deviations(self.settings, self._config.node, self.seen, self.stretches),
            *self._missing(record.recording.syncs, record.peer_syncs),
            *self._doubts(found, estimate),
        ]
        if doubts:
            doubts = [*self._interlocks(), *doubts]
        self._unlatching.seen(found.counts.clicks, {doubt.device for doubt in doubts})
        return SlotPlayed(
            request=body.request,
            burst=body.burst,
            void="",
            heralds=() if estimate else found.heralds,
            phase=found.phase,
            counts=found.counts,
            deviations=tuple(doubts),
            doubles=() if estimate else found.doubles,
        )

    def _check_not_behind(self, tick: int, slot: int) -> None:
        """Raise InstrumentFault where both ends have counted a tick that this time controller has not."""
        if tick < slot - 1:
            device = self._config.roles.tagger
            reason = f"{device}: it counted {tick} slot ticks where both ends counted {slot - 1}: {REMEDY}"
            raise InstrumentFault(device, reason)

    def _ended(self) -> bool:
        """Whether the record is over, or an interlock that has opened ends the waiting for it.

        Gate and counts are read behind the record's stage, in the same exchange.
        """
        loading = self._loaded()
        tagger = self._all.tagger
        with self.stretches[self._config.roles.tagger]("end of a record"):
            done = tagger.record_done()
            loading.ended = tagger.gate_ps(), tagger.counts()
        if done:
            return True
        if time.monotonic() >= loading.look_s:
            loading.look_s, loading.dark = time.monotonic() + INTERLOCK_S, self._interlocks()
        return bool(loading.dark)

    def _darkened(self, body: AwaitSlot | ReadSlot) -> SlotPlayed:
        """The slot is void because an interlock has opened."""
        dark = self._loaded().dark
        reason = f"{dark[0].device}: {dark[0].reason}"
        return SlotPlayed(body.request, body.burst, reason, (), None, NOTHING, tuple(dark))

    def _interlocks(self) -> list[Deviation]:
        """Lasers that an open interlock keeps from emitting; asked while a record runs, and in doubt."""
        roles, lasers = self._config.roles, (self._all.pump, self._all.readout_pump)
        found: list[Deviation] = []
        for device, laser in zip((roles.pump, roles.readout_pump), lasers, strict=True):
            with blaming(device):
                if isinstance(laser, Interlocked) and laser.interlock_open():
                    found.append(Deviation(self._config.node, device, INTERLOCK_OPEN))
        return found

    def _missing(self, syncs: int, peer_syncs: int) -> list[Deviation]:
        """End nodes whose generator did not play in the slot."""
        counted = zip(self._config.ends, (syncs, peer_syncs), strict=True)
        return [
            Deviation(node, "generator", "it missed the slot: no attempt sync arrived at the midpoint")
            for node, count in counted
            if count == 0
        ]

    def _doubts(self, found: HubSlot, estimate: bool) -> list[Deviation]:
        """Checks of the tags themselves: rate, phase estimate, hardware heralds."""
        node, roles, counts = self._config.node, self._config.roles, found.counts
        doubts: list[Deviation] = []
        if counts.disagreements:
            reason = f"hardware and recomputed heralds disagree about {counts.disagreements} attempts"
            doubts.append(Deviation(node, roles.tagger, reason))
        if found.phase is None or found.phase.variance_rad2 > PHASE_VARIANCE_rad2:
            reason = (
                f"bright pulses give no phase estimate ({counts.clicks[0]} and {counts.clicks[1]} clicks)"
            )
            doubts.append(Deviation(node, roles.detectors, reason))
        return doubts if estimate else doubts + self._rate(counts)

    def _rate(self, counts: SlotCounts) -> list[Deviation]:
        """Heralds of the request so far, and of this slot, against the model: exact binomial tests."""
        loading = self._loaded()
        loading.attempts += counts.attempts
        loading.heralds += counts.heralds
        probability = loading.parameters.prediction.probability
        for heralds, attempts in ((loading.heralds, loading.attempts), (counts.heralds, counts.attempts)):
            p_value = binomial_p_value(heralds, attempts, probability)
            if p_value < RATE_P_VALUE:
                expected = attempts * probability
                reason = (
                    f"rate check failed: {heralds} heralds in {attempts} attempts, "
                    f"{expected:.1f} expected (p = {p_value:.1e})"
                )
                return [Deviation(self._config.node, "herald rate", reason)]
        return []

    def _unload(self, body: Unload) -> Unloaded:
        self._loading = None
        return Unloaded(body.request)

    def _loaded(self) -> Loading:
        if self._loading is None:
            raise ProtocolError("no request is loaded")
        return self._loading
