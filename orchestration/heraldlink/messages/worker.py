# SPDX-License-Identifier: Apache-2.0
"""What an agent asks of its instrument worker and what it answers; one call at a time, in order."""

from heraldlink.messages.command import Stream
from heraldlink.messages.header import Body, kind_of
from heraldlink.messages.service import SlotBasis
from heraldlink.messages.values import (
    Confusion,
    Demand,
    Deviation,
    Drive,
    ErrorCode,
    Origin,
    Parameters,
    Phase,
    Readout,
    SlotCounts,
)


class Start(Body, frozen=True, tag="w.start"):
    """Open the Station's instruments.

    ``config`` is the node's configuration as JSON; ``addresses`` replace VISA addresses by name.
    """

    config: str
    addresses: dict[str, str]


class Started(Body, frozen=True, tag="w.started"):
    """Identity of each instrument by name."""

    instruments: dict[str, str]


class Fault(Body, frozen=True, tag="w.fault"):
    """The call failed: the instrument (empty: the worker itself) and one sentence.

    ``misconfigured``: a file is wrong, so that trying again is of no use;
    ``limited``: what was asked lies beyond a declared limit, and nothing was sent;
    ``process_lost``: the instrument's own process was lost, whatever was asked of it;
    ``refused``: the node's state forbids the call, which no instrument has seen.
    """

    device: str
    reason: str
    misconfigured: bool = False
    limited: bool = False
    process_lost: bool = False
    refused: bool = False


class Fence(Body, frozen=True, tag="w.fence"):
    """From now on refuse what was ordered under a lease epoch below ``floor``; it never goes down."""

    floor: int


class Fenced(Body, frozen=True, tag="w.fenced"):
    """The floor as it is now."""

    floor: int


class ReadOne(Body, frozen=True, tag="w.read"):
    """Read one parameter of one instrument."""

    device: str
    parameter: str


class Value(Body, frozen=True, tag="w.value"):
    """Its value, in ``unit``."""

    value: bool | int | float | str
    unit: str


class ReadBack(Body, frozen=True, tag="w.read_back"):
    """Read the settings of the operating point back."""


class ReadBacks(Body, frozen=True, tag="w.read_backs"):
    """What the instruments say, by instrument and setting: ``"alice_awg amplitude_Vpp"``."""

    values: dict[str, str]


class PrepareAll(Body, frozen=True, tag="w.prepare"):
    """Apply and verify the operating point."""


class ParkAll(Body, frozen=True, tag="w.park"):
    """Safe state of every instrument that can be reached, pump blocked first."""


class Notes(Body, frozen=True, tag="w.notes"):
    """What was done, by instrument; ``ok`` is False if one could not be brought there."""

    ok: bool
    notes: dict[str, str]


class Choose(Body, frozen=True, tag="w.choose"):
    """Midpoint: find the largest pump that meets a demand."""

    request: int
    demand: Demand
    drives: dict[str, Drive]


class Chosen(Body, frozen=True, tag="w.chosen"):
    """Parameters that meet the demand."""

    request: int
    parameters: Parameters


class NotChosen(Body, frozen=True, tag="w.not_chosen"):
    """The demand cannot be met; the reason says what could be had."""

    request: int
    code: ErrorCode
    reason: str


class Load(Body, frozen=True, tag="w.load"):
    """Compile and upload the programs of a request, open the tag streams."""

    request: int
    demand: Demand
    parameters: Parameters


class Loaded(Body, frozen=True, tag="w.loaded"):
    """``program`` identifies what was compiled; it is equal on all nodes of a request."""

    request: int
    program: str


class Count(Body, frozen=True, tag="w.count"):
    """Read the slot tick count; ``fresh`` waits for the next tick first."""

    request: int
    fresh: bool


class Counted(Body, frozen=True, tag="w.counted"):
    """The slot tick count."""

    request: int
    tick: int


class ArmSlot(Body, frozen=True, tag="w.arm"):
    """End node: arm generator, slot trigger and recorder for a slot.

    ``direction_rad``: polar angle from Z (|g>) and azimuth from X towards Y of what this node measures.
    ``keep``: qubits of so many heralds are kept, and the attempts end with the last of them.
    ``ahead``: it was agreed on while the slot before was played.
    """

    request: int
    burst: int
    slot: int
    basis: SlotBasis
    estimate: bool
    turn_rad: float
    direction_rad: tuple[float, float] = (0.0, 0.0)
    keep: int = 0
    ahead: bool = False


class SlotArmed(Body, frozen=True, tag="w.armed"):
    """Armed; ``tick`` was counted afterwards."""

    request: int
    burst: int
    tick: int


class PlaySlot(Body, frozen=True, tag="w.play"):
    """Midpoint: record the slot, read the tags, recompute the heralds, read back the settings.

    ``hold``: only arm the record and answer SlotBegun; AwaitSlot and ReadSlot do the rest.
    """

    request: int
    burst: int
    slot: int
    estimate: bool
    keep: int = 0
    hold: bool = False


class SlotBegun(Body, frozen=True, tag="w.begun"):
    """The record is armed; or with ``void`` (a reason) it is not, and the slot is not played."""

    request: int
    burst: int
    void: str = ""


class AwaitSlot(Body, frozen=True, tag="w.await"):
    """Wait a moment for the end of the slot's record, and take its tags in when it has come."""

    request: int
    burst: int


class SlotAwaited(Body, frozen=True, tag="w.awaited"):
    """Whether the record is over: another one can be armed."""

    request: int
    burst: int
    done: bool


class ReadSlot(Body, frozen=True, tag="w.read_slot"):
    """Midpoint: say what the tags of a slot tell that was played with ``hold``; answered by SlotPlayed."""

    request: int
    burst: int


class SlotPlayed(Body, frozen=True, tag="w.played"):
    """The midpoint's result; with ``void`` (a reason) the slot was not recorded at all.

    ``heralds`` are (reference index, outcome), outcome 1 for psi+, 2 for psi-. ``doubles``:
    attempts that were read out too, because both detectors clicked. ``origin`` is joined over the node's
    instruments.
    """

    request: int
    burst: int
    void: str
    heralds: tuple[tuple[int, int], ...]
    phase: Phase | None
    counts: SlotCounts
    deviations: tuple[Deviation, ...]
    origin: Origin = "unknown"
    doubles: tuple[int, ...] = ()


class CollectSlot(Body, frozen=True, tag="w.collect"):
    """End node: read the slot's tags and settings back."""

    request: int
    burst: int
    slot: int
    estimate: bool


class SlotCollected(Body, frozen=True, tag="w.collected"):
    """The end node's result; ``origin`` is joined over its instruments, ``kept`` are attempts."""

    request: int
    burst: int
    readouts: tuple[Readout, ...]
    confusion: Confusion
    syncs: int
    deviations: tuple[Deviation, ...]
    origin: Origin = "unknown"
    kept: tuple[int, ...] = ()


class FreeQubits(Body, frozen=True, tag="w.free_qubits"):
    """These qubits hold nothing that anybody needs; answered by QubitsFreed."""

    qubits: tuple[int, ...]


class QubitsFreed(Body, frozen=True, tag="w.qubits_freed"):
    """They can take new pairs."""


class Unload(Body, frozen=True, tag="w.unload"):
    """The request has ended: disarm and close the tag streams."""

    request: int


class Unloaded(Body, frozen=True, tag="w.unloaded"):
    """Disarmed."""

    request: int


class ReadTags(Body, frozen=True, tag="w.read_tags"):
    """Hand over the tags recorded during a request."""

    request: int


class TagArrays(Body, frozen=True, tag="w.tags"):
    """The tags, as arrays beside this body: times and reference indices of each stream."""

    request: int
    streams: tuple[Stream, ...]
    describe: dict[str, str]


_BODIES: tuple[type[Body], ...] = (
    Start, Started, Fault, PrepareAll, ParkAll, Notes, Choose, Chosen, NotChosen, Load, Loaded, Count,
    FreeQubits, QubitsFreed, Counted, ArmSlot, SlotArmed, PlaySlot, SlotPlayed, CollectSlot, SlotCollected,
    SlotBegun, AwaitSlot, SlotAwaited, ReadSlot, Unload, Unloaded, ReadTags, TagArrays, Fence, Fenced,
    ReadOne, Value, ReadBack, ReadBacks,
)  # fmt: skip
WORKER_TYPES: dict[str, type[Body]] = {kind_of(body): body for body in _BODIES}
