# SPDX-License-Identifier: Apache-2.0
"""Models of instruments: what a bench file may name under ``model:``, found through entry points.

A package enters each model in the group ``heraldlink.simulators``, ours and a laboratory's own alike::

    [project.entry-points."heraldlink.simulators"]
    "ACME PL780" = "acme_sim.pl780:MODEL"

where ``MODEL = Model("ACME PL780", "laser", make, serve)``. A module is imported only when a bench names it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import Annotated, Generic, Literal, Self, TypedDict, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.errors import BenchError
from heraldlink_sim.faults.kinds import FaultConfig
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.transport.scpi_server import scpi_server
from heraldlink_sim.transport.server import Device, Listener, Listening

__all__ = [
    "GROUP",
    "InstrumentConfig",
    "Kind",
    "Listener",
    "Listening",
    "Model",
    "Place",
    "Strict",
    "find_model",
    "model_names",
    "quirks_of_models",
    "scpi_server",
]

GROUP = "heraldlink.simulators"

Kind = Literal[
    "laser",
    "attenuator",
    "generator",
    "delay",
    "microwave",
    "tagger",
    "detector",
    "power_meter",
    "switch",
    "thermometer",
    "function_generator",
    "other",
]
"""The cable an instrument is for: the bench knows by it what the world reads of it and gives back."""

Port = Annotated[int, Field(ge=0, le=65535)]


class Strict(BaseModel):
    """A section of a bench file that takes no key but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InstrumentConfig(Strict):
    """One instrument. ``port``: 0 takes a free one; ``second_port``: that of its other transport or service.

    ``quirks``: ids of optional quirks that this one has. ``faults``: those that it has from the start, or
    from a bench time on. ``source``: who answers; ``recorded`` writes ``transcript`` and lets the simulator
    answer, or the instrument at ``target``; ``replayed`` answers from ``transcript``; ``real`` is at
    ``target``. Its further addresses are in ``targets`` by name (``datalink``, ``counts``, ``socket``).
    ``order`` and ``timing`` are those of a replay.
    """

    model: str
    port: Port = 0
    second_port: Port = 0
    quirks: tuple[str, ...] = ()
    faults: tuple[FaultConfig, ...] = ()
    source: Literal["simulated", "recorded", "replayed", "real"] = "simulated"
    transcript: Path | None = None
    target: str | None = None
    targets: dict[str, str] = Field(default_factory=dict[str, str])
    order: Literal["state", "any", "strict"] = "state"
    timing: Literal["none", "recorded"] = "none"

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if (self.transcript is None) is (self.source in ("recorded", "replayed")):
            raise ValueError(
                f"transcript: {'missing' if self.transcript is None else 'not used'} "
                f"with source {self.source}"
            )
        if self.source == "real" and self.target is None:
            raise ValueError("target: missing with source real")
        if self.target is not None and self.source in ("simulated", "replayed"):
            raise ValueError(f"target: not used with source {self.source}")
        return self

    @property
    def answers_itself(self) -> bool:
        """Whether the simulator answers, with or without a recording."""
        return self.source == "simulated" or (self.source == "recorded" and self.target is None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instrument stands: its serial number, its clock, and the bench's tick period and seed."""

    serial: str
    clock: Clock
    tick_period_ps: int = 10**11
    seed: int = 0


F = TypeVar("F", bound=Device)
C = TypeVar("C", bound=InstrumentConfig)


@dataclass(frozen=True, slots=True)
class Model(Generic[F, C]):
    """One model: how an instrument of it is made as it is at power-on, and how it is served.

    ``serve(device, face, config, host, name)``: requests go through ``device``, which is the face or whatever
    was put before it; raises OSError if a port is taken. ``config``: the keys that it takes in a bench file.
    ``scpi``: it keeps to IEEE 488.2, but for the quirks that its face declares.
    """

    name: str
    kind: Kind
    make: Callable[[Place, C], F]
    serve: Callable[[Device, F, C, str, str], Awaitable[Listening]]
    config: type[InstrumentConfig] = InstrumentConfig
    scpi: bool = True


@cache
def _installed() -> EntryPoints:
    """Models of all installed packages; looking through them takes 4 ms."""
    return entry_points(group=GROUP)


def model_names() -> list[str]:
    """All models that are installed, by name."""
    return sorted({entry.name for entry in _installed()})


def find_model(name: str) -> Model[Device, InstrumentConfig]:
    """Load a model. Raises BenchError if there is none, or more than one, or it cannot be loaded."""
    found = list(dict.fromkeys(_installed().select(name=name)))
    if not found:
        raise BenchError(f"no model {name!r}; there are: {', '.join(model_names())}")
    if len(found) > 1:
        owners = ", ".join(sorted(_origin(entry) for entry in found))
        raise BenchError(f"the model {name!r} is offered more than once: {owners}")
    return _load(found[0])


class About(TypedDict):
    """What is told of a model: its kind, and what it does against the standard by quirk id."""

    kind: Kind
    quirks: dict[str, str]


def quirks_of_models() -> dict[str, About]:
    """Every model that is installed. Raises BenchError if one cannot be loaded."""
    found: dict[str, About] = {}
    for name in model_names():
        model = find_model(name)
        face = model.make(Place("SIM-0", SteppedClock()), model.config(model=name))
        declared: tuple[Quirk, ...] = getattr(face, "quirks", ())
        quirks = {quirk.id: f"{quirk.what} ({quirk.evidence})" for quirk in declared}
        found[name] = About(kind=model.kind, quirks=quirks)
    return found


def _load(entry: EntryPoint) -> Model[Device, InstrumentConfig]:
    try:
        model: object = entry.load()
    except (ImportError, AttributeError) as error:
        raise BenchError(f"the model {entry.name!r} of {_origin(entry)} cannot be loaded: {error}") from error
    if not isinstance(model, Model):
        raise BenchError(f"{entry.value} of {_origin(entry)} is not a Model")
    return cast("Model[Device, InstrumentConfig]", model)


def _origin(entry: EntryPoint) -> str:
    package = entry.dist.name if entry.dist else "an unknown package"
    return f"{package} ({entry.value})"
