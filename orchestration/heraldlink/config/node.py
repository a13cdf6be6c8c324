# SPDX-License-Identifier: Apache-2.0
"""A node's file: who it is, which instruments play its roles, within which limits, at which settings."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, ValidationInfo, field_validator, model_validator

from heraldlink.config.operating_point import EndOperatingPoint, MidpointOperatingPoint
from heraldlink.config.permits import Identity, PermitConfig
from heraldlink.config.quantities import (
    Bias_A,
    Endpoint,
    Name,
    OpticalPower_W,
    Share,
    Strict,
    Timeout_s,
    Wavelength_m,
)
from heraldlink.config.security import Security
from heraldlink.config.sequence import SequenceConfig

Purpose = Annotated[int, Field(ge=0, le=0xFFFF)]
Priority = Annotated[int, Field(ge=0, le=15)]


class WavelengthRange(Strict):
    """Closed range of vacuum wavelengths, metres."""

    minimum: Wavelength_m
    maximum: Wavelength_m


class Limits(Strict):
    """Bounds that no request and no operating point may exceed."""

    pump_power_W: OpticalPower_W
    wavelength_m: WavelengthRange
    bias_A: Bias_A
    events_per_s: float = Field(gt=0, le=5e6, description="syncs, marks and clicks of one time controller")


class TransducerLimits(Strict):
    """Most light of both pumps together that may reach a transducer, in the fibre in front of its carver.

    ``open_share``: of the time that the carver is open; no less than the end's own ``limits.open_share``.
    """

    peak_W: float = Field(gt=0, le=0.1, description="with the carver open, watts")
    mean_W: float = Field(gt=0, le=0.1, description="with the carver open for open_share of the time, watts")
    open_share: Share


class MidpointLimits(Limits):
    """The midpoint's: it holds the lasers and attenuators of both arms."""

    transducer: dict[Name, TransducerLimits] = Field(min_length=2, max_length=2)


class EndLimits(Limits):
    """An end node's. ``open_share``: mean transmission of the carver in any waveform, at most."""

    open_share: Share


class Uncertainties(Strict):
    """One-sigma uncertainties of the model's inputs; they become the uncertainty of a pair's goodness."""

    efficiency_relative: float = Field(ge=0, le=1)
    n_bar_relative: float = Field(ge=0, le=1)
    n_thermal: float = Field(ge=0, le=1)
    visibility: float = Field(ge=0, le=1)
    phase_sigma_rad: float = Field(ge=0, le=3.2)
    dark_relative: float = Field(ge=0, le=1)


class Worker(Strict):
    """The process that holds the instruments, and how long it may take.

    ``isolate``: instruments with a process of their own, so that a driver that hangs or crashes costs
    nothing else; each takes about 100 MB and a second of start.
    """

    start_timeout_s: Timeout_s = 60.0
    call_timeout_s: Timeout_s = 30.0
    isolate: tuple[Name, ...] = ()


class JournalConfig(Strict):
    """When old rows of the journal are moved to an archive; nothing is ever deleted.

    ``keep_h``: hours that each row stays at least; a repeated command is known as one for as long.
    ``least_rows``: no archive has less. ``archive``: the folder, ``archive`` in data_directory where none is
    given. ``consumers``: the applications whose commits are waited for (APPLICATION or KEY/APPLICATION), all
    that have ever committed anything where none are given.
    """

    keep_h: float = Field(default=24.0, ge=24.0, le=1e6)
    least_rows: int = Field(default=100_000, ge=1000, le=10_000_000)
    archive: Path | None = None
    consumers: tuple[str, ...] | None = None


class EndListen(Strict):
    """Where an end node listens; without ``safety``, ``event`` or ``record`` it has no such channel."""

    command: Endpoint
    safety: Endpoint | None = None
    event: Endpoint | None = None
    record: Endpoint | None = None

    @property
    def endpoints(self) -> dict[str, str]:
        """Every address it listens on, by channel."""
        return {channel: endpoint for channel, endpoint in self if endpoint is not None}


class MidpointListen(EndListen):
    """Where the midpoint listens: clients as at an end node, end nodes on ``link``."""

    link: Endpoint


class MidpointPeer(Strict):
    """The midpoint as an end node sees it."""

    node: Name
    link: Endpoint


class SchedulerConfig(Strict):
    """Who is served next; the link's first end decides.

    ``weights``: share of a priority under weighted_fair, 2 to its power where none is given.
    """

    kind: Literal["strict_priority", "weighted_fair"] = "strict_priority"
    weights: dict[Priority, PositiveFloat] = Field(default_factory=dict[int, float])


class EndRoles(Strict):
    """Instrument names (keys of the Station file) behind an end node's roles."""

    generator: Name
    slot_trigger: Name
    microwave: Name
    tagger: Name
    detectors: Name


class MidpointRoles(Strict):
    """Instrument names (keys of the Station file) behind the midpoint's roles."""

    pump: Name
    readout_pump: Name
    attenuator: Name
    detectors: Name
    tagger: Name


class NodeConfig(Strict):
    """What every node declares. ``ends`` names the two end nodes; the first one proposes slots."""

    node: Name
    station: Path
    ends: tuple[Name, Name]
    sequence: SequenceConfig
    devices: Path = Field(description="device file: the link model's arms and midpoint")
    uncertainties: Uncertainties
    data_directory: Path
    security: Security = Security()
    listen: EndListen
    worker: Worker = Worker()
    journal: JournalConfig = JournalConfig()
    permits: dict[Name, PermitConfig] = Field(default_factory=dict[str, PermitConfig])
    identities: dict[Name, Identity] = Field(default_factory=dict[str, str])
    metrics: Endpoint | None = Field(default=None, description="where Prometheus may fetch them; loopback")

    @property
    def archive_folder(self) -> Path:
        """Where archives of the journal lie."""
        return self.journal.archive or self.data_directory / "archive"

    @model_validator(mode="after")
    def _consistent(self) -> "NodeConfig":
        if len(set(self.ends)) != 2:
            raise ValueError(f"ends must name two different nodes (got {', '.join(self.ends)})")
        return self

    @field_validator("listen")
    @classmethod
    def _let_in(cls, listen: EndListen, info: ValidationInfo) -> EndListen:
        security = info.data.get("security")
        if isinstance(security, Security):
            security.check(listen.endpoints)
        return listen


class EndNodeConfig(NodeConfig):
    """An end node: a transducer, its generator and its readout."""

    kind: Literal["end"]
    midpoint: MidpointPeer
    roles: EndRoles
    limits: EndLimits
    operating_point: EndOperatingPoint
    purposes: tuple[Purpose, ...] = Field(default=(0,), description="open for requests of the other end")
    scheduler: SchedulerConfig = SchedulerConfig()

    @property
    def instruments(self) -> dict[str, str]:
        """Instrument name of each role."""
        return {role: str(name) for role, name in self.roles}

    @model_validator(mode="after")
    def _is_an_end(self) -> "EndNodeConfig":
        known_instruments(self.worker, self.instruments)
        if self.node not in self.ends:
            raise ValueError(f"node {self.node!r} is of kind end but ends names {' and '.join(self.ends)}")
        within_bias(self.operating_point.detectors.bias_A, self.limits)
        within_events(self.sequence, self.limits)
        return self


class MidpointConfig(NodeConfig):
    """The midpoint station: pump lasers, attenuators, beam splitter and herald detectors."""

    kind: Literal["midpoint"]
    listen: MidpointListen  # pyright: ignore[reportIncompatibleVariableOverride]
    roles: MidpointRoles
    limits: MidpointLimits
    operating_point: MidpointOperatingPoint

    @property
    def instruments(self) -> dict[str, str]:
        """Instrument name of each role."""
        return {role: str(name) for role, name in self.roles}

    @model_validator(mode="after")
    def _within_limits(self) -> "MidpointConfig":
        known_instruments(self.worker, self.instruments)
        if set(self.operating_point.attenuator) != set(self.ends):
            raise ValueError(f"operating_point.attenuator must name the ends {' and '.join(self.ends)}")
        if set(self.limits.transducer) != set(self.ends):
            raise ValueError(f"limits.transducer must name the ends {' and '.join(self.ends)}")
        within_power(self.operating_point, self.limits)
        within_bias(self.operating_point.detectors.bias_A, self.limits)
        within_events(self.sequence, self.limits)
        return self


def known_instruments(worker: Worker, roles: dict[str, str]) -> None:
    """Raise ValueError if an instrument that is to be isolated plays no role."""
    for name in worker.isolate:
        if name not in roles.values():
            raise ValueError(f"worker.isolate: {name} plays no role here ({', '.join(roles.values())})")


def within_bias(bias_A: tuple[float, ...], limits: Limits) -> None:
    """Raise ValueError if a bias exceeds the node's limit."""
    if max(bias_A) > limits.bias_A:
        raise ValueError(f"detectors.bias_A {max(bias_A):g} A exceeds limits.bias_A {limits.bias_A:g} A")


def within_power(point: MidpointOperatingPoint, limits: Limits) -> None:
    """Raise ValueError if a laser's power or wavelength leaves the node's limits."""
    span = limits.wavelength_m
    for role, laser in {"pump": point.pump, "readout_pump": point.readout_pump}.items():
        if laser.power_W > limits.pump_power_W:
            raise ValueError(
                f"{role}.power_W {laser.power_W:g} W exceeds limits.pump_power_W {limits.pump_power_W:g} W"
            )
        if not span.minimum <= laser.wavelength_m <= span.maximum:
            raise ValueError(f"{role}.wavelength_m {laser.wavelength_m:g} m lies outside limits.wavelength_m")


def within_events(sequence: SequenceConfig, limits: Limits) -> None:
    """Raise ValueError if a sequence makes more events than a time controller may have."""
    if sequence.events_per_s > limits.events_per_s:
        raise ValueError(
            f"sequence {sequence.name} makes {sequence.events_per_s:g} events per second,"
            f" beyond limits.events_per_s {limits.events_per_s:g}"
        )
