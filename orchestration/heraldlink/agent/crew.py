# SPDX-License-Identifier: Apache-2.0
"""What the worker does with its instruments, whichever kind of node it serves."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Protocol, cast

import msgspec

from heraldlink.agent.blame import InstrumentFault, blaming
from heraldlink.agent.end_crew import EndCrew
from heraldlink.agent.estimator import read_devices
from heraldlink.agent.measured_link import measured_devices, measured_link
from heraldlink.agent.midpoint_crew import MidpointCrew
from heraldlink.agent.rack import Rack
from heraldlink.agent.readable import Readables
from heraldlink.agent.roles import (
    EndInstruments,
    MidpointInstruments,
    end_instruments,
    midpoint_instruments,
)
from heraldlink.agent.settings import Seen, Setting, deviations, show
from heraldlink.agent.store import TagStore
from heraldlink.agent.unlatching import Unlatching
from heraldlink.calibration.apply import (
    NOTHING_TAKEN,
    Files,
    Taken,
    outdated,
    stored,
    tuned_devices,
    tuned_end,
    tuned_midpoint,
)
from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.errors import (
    ConfigurationError,
    HeraldlinkError,
    LimitExceeded,
    ProcessLost,
    RequestError,
    RunFailed,
)
from heraldlink.heralding.description import ENVELOPE, describe_settings
from heraldlink.messages.header import Body
from heraldlink.messages.origin import joined, origin_of
from heraldlink.messages.values import Origin
from heraldlink.messages.worker import (
    Choose,
    Fault,
    Load,
    NotChosen,
    Notes,
    ParkAll,
    PrepareAll,
    ReadBack,
    ReadBacks,
    ReadOne,
    ReadTags,
    SlotCollected,
    SlotPlayed,
)
from heraldlink_drivers.roles import Device, TimeTagger
from heraldlink_physics.device import Devices

Answer = tuple[Body, tuple[bytes, ...]]


class Specialist(Protocol):
    """The part of a crew that knows a kind of node. ``store``: recorded tags; ``seen``: settings' values."""

    store: TagStore
    seen: Seen

    @property
    def settings(self) -> list[Setting]:
        """The operating point."""
        ...

    @property
    def parking_order(self) -> tuple[str, ...]:
        """Instruments in the order in which they are brought to their safe state: the pump first."""
        ...

    def describe(self, instruments: Mapping[str, str]) -> dict[str, str]:
        """What a run record has to keep beside the tags."""
        ...

    def before_prepare(self) -> None:
        """What has to be set before the settings can be applied."""
        ...

    def after_prepare(self) -> None:
        """What can be loaded once the settings are applied."""
        ...

    def work(self, body: Body) -> Body:
        """Answer a call of a request."""
        ...


class Crew:
    """The instruments of one node and the calls they answer."""

    def __init__(self, config: str, addresses: Mapping[str, str]) -> None:
        kind = msgspec.json.decode(config.encode(), type=Kind).kind
        if kind == "end":
            end = EndNodeConfig.model_validate_json(config)
            devices = read_devices(end.devices, end.ends)
            self._rack = Rack(end, addresses)
            self._declared: EndNodeConfig | MidpointConfig = end
            make = partial(end_specialist, end, end_instruments(end, self._rack.roles, devices))
        else:
            midpoint = MidpointConfig.model_validate_json(config)
            devices = read_devices(midpoint.devices, midpoint.ends)
            self._rack = Rack(midpoint, addresses)
            self._declared = midpoint
            roles = midpoint_instruments(midpoint, self._rack.roles, devices)
            unlatching = Unlatching(midpoint.roles.detectors, roles.detectors)  # outlives calibrations
            make = partial(midpoint_specialist, midpoint, roles, devices, unlatching)
        self._node, self._files = self._declared.node, Files(self._declared, devices)
        self._make: Callable[[Taken], Specialist] = make
        self._special = make(NOTHING_TAKEN)
        self._taken = NOTHING_TAKEN
        self._loaded_now: Load | None = None
        self._station: Mapping[str, Device] = self._rack.roles
        self._readables = Readables(self._station)
        self.instruments = {name: identity(name, device) for name, device in self._station.items()}
        self._origin: Origin = joined(map(origin_of, self.instruments.values()))

    def answer(self, body: Body) -> Answer:
        """Answer one call; an exception becomes a Fault that names the instrument."""
        try:
            match body:
                case PrepareAll():
                    return self._prepare(), ()
                case ParkAll():
                    return self._park(), ()
                case ReadTags():
                    return self._special.store.hand_over(body.request)
                case Choose():
                    return self._choose(body), ()
                case ReadOne():
                    return self._read(body), ()
                case ReadBack():
                    return self._read_back(), ()
                case Load():
                    self._refuse_outdated()
                    self._describe(body)
                    self._loaded_now = body
                    return self._special.work(body), ()
                case _:
                    return self._told(self._with_origin(self._special.work(body))), ()
        except Exception as error:  # the agent decides what follows
            return fault_of(error, self._special.parking_order), ()

    def _read(self, body: ReadOne) -> Body:
        try:
            return self._readables.read(body.device, body.parameter)
        except RequestError as error:
            return Fault("", str(error))

    def _read_back(self) -> ReadBacks:
        """What the instruments say now, whether or not it is as declared."""
        values: dict[str, str] = {}
        for item in self._special.settings:
            try:
                values[f"{item.device} {item.name}"] = show(item.read_back())
            except InstrumentFault as error:
                values[f"{item.device} {item.name}"] = f"cannot be read: {error}"
        return ReadBacks(values)

    def _with_origin(self, answer: Body) -> Body:
        if isinstance(answer, SlotPlayed | SlotCollected):
            return msgspec.structs.replace(answer, origin=self._origin)
        return answer

    def close(self) -> None:
        """Close all sessions."""
        self._rack.close()

    def _told(self, answer: Body) -> Body:
        """Describe a request by what was read back in its first slot."""
        if self._loaded_now and isinstance(answer, SlotPlayed | SlotCollected) and not answer_is_void(answer):
            self._describe(self._loaded_now)
            self._special.store.tell(self._loaded_now.request)
            self._loaded_now = None
        return answer

    def _describe(self, body: Load) -> None:
        """For the run record: identities, settings as they were read last, and the pump that was chosen."""
        seen, settings = self._special.seen, self._special.settings
        if not seen:
            deviations(settings, self._node, seen)
        values = {(item.device, item.name): seen[item.device, item.name] for item in settings}
        described = self._special.describe(self.instruments)
        chosen = {ENVELOPE: msgspec.json.encode(body.parameters.envelope_peak_V).decode()}
        calibrated = {f"calibration.{name}": text for name, text in self._taken.told.items()}
        self._special.store.describe = described | describe_settings(values) | chosen | calibrated

    def _choose(self, body: Choose) -> Body:
        others = {key: digest for drive in body.drives.values() for key, digest in drive.declared.items()}
        self._files = replace(self._files, others=others)
        reason = self._outdated()
        return NotChosen(body.request, "NORES", reason) if reason else self._special.work(body)

    def _refuse_outdated(self) -> None:
        """Raise RunFailed if a stored value that was taken is out of specification by now."""
        if reason := self._outdated():
            raise RunFailed(reason)

    def _outdated(self) -> str:
        """Which stored values that were taken are out of specification by now; empty if none is."""
        if not self._taken.results:
            return ""
        sentences = outdated(self._files, self._taken, self._slot(), self._origin)
        remedy = "prepare it again, and declared values stand, or stop the nodes and run heraldlink calibrate"
        return f"node {self._node}: {'; '.join(sentences)}: {remedy}" if sentences else ""

    def _slot(self) -> int:
        """The slot tick count of the node's time controller."""
        device = self._declared.roles.tagger
        with blaming(device):
            return cast(TimeTagger, self._station[device]).tick_count()

    def _calibrate(self) -> None:
        """Take the stored values that are in specification by now in the place of declared ones."""
        store = self._special.store
        self._taken = stored(self._files, self._slot(), self._origin)
        self._special = self._make(self._taken)
        self._special.store = store

    def _prepare(self) -> Notes:
        self._check_identities()
        self._calibrate()
        self._special.before_prepare()
        for setting in self._special.settings:
            setting.apply()
        self._special.after_prepare()
        self._readables = Readables(self._station)  # a time controller has thresholds only by now
        found = deviations(self._special.settings, self._node, self._special.seen)
        if found:
            return Notes(False, {item.device: item.reason for item in found})
        for name, device in self._station.items():
            with blaming(name):
                problems = device.errors()
            if problems:
                return Notes(False, {name: "; ".join(problems)})
        return Notes(True, {name: "prepared" for name in self._station} | dict(self._taken.told))

    def _check_identities(self) -> None:
        """Raise InstrumentFault if an instrument is not the one that was declared, or opened."""
        for name, device in self._station.items():
            found, opened = identity(name, device), self.instruments[name]
            declared = self._declared.identities.get(name, "*")
            if not fnmatchcase(found, declared):
                raise InstrumentFault(name, f"it is {found}, declared {declared}: nothing is prepared")
            if found != opened:
                reason = f"it is {found}, and was {opened} when it was opened: start the node again"
                raise InstrumentFault(name, reason)

    def _park(self) -> Notes:
        notes: dict[str, str] = {}
        for name in self._special.parking_order:
            try:
                with blaming(name):
                    self._station[name].safe_state()
                notes[name] = "parked"
            except InstrumentFault as error:
                notes[name] = f"NOT parked: {error}"
        return Notes(not any(note.startswith("NOT") for note in notes.values()), notes)


def end_specialist(config: EndNodeConfig, roles: EndInstruments, found: Taken) -> Specialist:
    """An end node's crew with its calibrated values."""
    return EndCrew(tuned_end(config, found.values), roles)


def midpoint_specialist(
    config: MidpointConfig,
    roles: MidpointInstruments,
    devices: Devices,
    unlatching: Unlatching,
    found: Taken,
) -> Specialist:
    """The midpoint's crew with its calibrated values."""
    tuned = tuned_midpoint(config, found.values)
    known = tuned_devices(devices, config, found.values)
    measured = measured_link(tuned, known, found.values)
    modelled = measured_devices(tuned, known, found.values)
    return MidpointCrew(tuned, roles, modelled, measured, unlatching)


class Kind(msgspec.Struct):
    """The one key that says which configuration this is."""

    kind: str


def answer_is_void(answer: SlotPlayed | SlotCollected) -> bool:
    """Whether nothing was played, and so nothing read back."""
    return isinstance(answer, SlotPlayed) and bool(answer.void)


def identity(name: str, device: Device) -> str:
    """Identity of an instrument; the instrument is named if it does not answer."""
    with blaming(name):
        return device.identity()


def fault_of(error: Exception, names: tuple[str, ...] | list[str]) -> Fault:
    """A Fault for an exception: the instrument it names, and its text in one line."""
    if isinstance(error, InstrumentFault):
        return Fault(error.device, str(error), process_lost=isinstance(error.__cause__, ProcessLost))
    text = " ".join(str(error).split()) or type(error).__name__
    device = next((name for name in names if name in text), "")
    if isinstance(error, HeraldlinkError) or device:
        limited = isinstance(error, LimitExceeded)
        return Fault(device, text, isinstance(error, ConfigurationError), limited)
    return Fault(device, f"{type(error).__name__}: {text}")
