# SPDX-License-Identifier: Apache-2.0
"""Bench files: which instruments there are, how they are wired, which devices they drive, seed and pace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import (
    Field,
    SerializeAsAny,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from heraldlink_physics.device import Devices
from heraldlink_physics.device_file import from_mapping
from heraldlink_physics.errors import DeviceError
from heraldlink_sim.bench_wiring import WiringConfig
from heraldlink_sim.errors import BenchError
from heraldlink_sim.faults.kinds import FaultConfig
from heraldlink_sim.model import InstrumentConfig, Strict, find_model

Pace = Literal["realtime", "fast"] | Annotated[float, Field(gt=0, le=1e6)]
CONTROL = "control"
"""Key of the control channel's address in the ports file."""


class BenchFault(FaultConfig):
    """A fault in the bench's own list, which names its instrument."""

    instrument: str

    def alone(self) -> FaultConfig:
        """The fault without its instrument."""
        return FaultConfig.model_validate(self.model_dump(exclude_unset=True, exclude={"instrument"}))


class BenchConfig(Strict):
    """One bench file; ``devices`` is relative to it.

    ``first_tick``: the first tick that comes once the bench is served; those before it are already counted.
    """

    seed: Annotated[int, Field(ge=0)]
    pace: Pace = "fast"
    slots: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    first_tick: Annotated[int, Field(ge=1)] = 1
    tick_rate_Hz: Annotated[float, Field(gt=0, le=1000)] = 10
    host: str = "127.0.0.1"
    devices: Path
    instruments: dict[str, SerializeAsAny[InstrumentConfig]]
    wiring: WiringConfig
    faults: tuple[BenchFault, ...] = ()

    @field_validator("instruments", mode="wrap")
    @classmethod
    def _by_model(cls, value: object, handler: ValidatorFunctionWrapHandler) -> dict[str, InstrumentConfig]:
        """Let each instrument take the keys of its own model."""
        if not isinstance(value, dict):
            return cast("dict[str, InstrumentConfig]", handler(value))
        sections = cast("dict[str, object]", value)
        return {name: _instrument(name, section) for name, section in sections.items()}

    @model_validator(mode="after")
    def _connected(self) -> BenchConfig:
        if CONTROL in self.instruments:
            raise ValueError(f"instruments.{CONTROL}: the ports file has the control channel under this name")
        for key, name, kind in self.wiring.cables():
            if name not in self.instruments:
                raise ValueError(f"{key}: no instrument {name!r} under instruments")
            model = find_model(self.instruments[name].model)
            if model.kind != kind:
                raise ValueError(f"{key}: {name} is a {model.name} ({model.kind}), not a {kind}")
        return self

    @model_validator(mode="after")
    def _slots_rise(self) -> BenchConfig:
        if self.slots is not None and self.pace != "fast":
            raise ValueError("slots: a list of slots needs pace fast; at any other pace every tick comes")
        if self.slots is not None and any(b <= a for a, b in zip(self.slots, self.slots[1:], strict=False)):
            raise ValueError("slots: must rise")
        if self.slots and self.slots[0] < self.first_tick:
            raise ValueError("slots: begin before first_tick")
        return self

    def all_faults(self) -> list[tuple[str, str, FaultConfig]]:
        """Where each fault stands in the file, its instrument, and the fault."""
        own = [
            (f"instruments.{name}.faults.{number}", name, fault)
            for name, item in self.instruments.items()
            for number, fault in enumerate(item.faults)
        ]
        shared = [
            (f"faults.{number}", fault.instrument, fault.alone()) for number, fault in enumerate(self.faults)
        ]
        return own + shared

    @property
    def tick_period_ps(self) -> int:
        """Time between slot ticks."""
        return round(1e12 / self.tick_rate_Hz)


def _instrument(name: str, section: object) -> InstrumentConfig:
    """Read one instrument with the keys of its model. Raises ValueError naming the instrument and the key."""
    if not isinstance(section, dict):
        raise ValueError(f"{name}: must hold keys and values")
    model = cast("dict[str, object]", section).get("model")
    try:
        config = find_model(model).config if isinstance(model, str) else InstrumentConfig
        return config.model_validate(section)
    except BenchError as error:
        raise ValueError(f"{name}.model: {error}") from None
    except ValidationError as error:
        raise ValueError(f"{name}.{_first(error).rstrip('.')}") from None


def load_bench(path: Path, overrides: dict[str, object] | None = None) -> tuple[BenchConfig, Devices]:
    """Read a bench file and its device file; ``overrides`` replace top-level keys,
    but keys of single instruments under ``instruments``.

    Raises BenchError: one sentence that names the file and the key.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise BenchError(f"{path}: must hold keys and values.")
    try:
        config = BenchConfig.model_validate(
            _merged(path, cast("dict[str, object]", content), overrides or {})
        )
    except ValidationError as error:
        raise BenchError(f"{path}: {_first(error)}") from None
    return config, load_devices(path.parent / config.devices)


def _merged(path: Path, content: dict[str, object], overrides: dict[str, object]) -> dict[str, object]:
    """Overrides replace top-level keys, but are added to ``instruments``; transcripts are beside the file."""
    merged = content | {key: value for key, value in overrides.items() if key != "instruments"}
    sections, added = content.get("instruments"), overrides.get("instruments", {})
    if not isinstance(sections, dict) or not isinstance(added, dict):
        return merged
    instruments = cast("dict[str, object]", sections)
    for name in cast("dict[str, object]", added):
        if name not in instruments:
            raise BenchError(f"{path}: there is no instrument {name!r} under instruments.")
    changes = cast("dict[str, dict[str, object]]", added)
    return {
        **merged,
        "instruments": {n: _section(path, s, changes.get(n, {})) for n, s in instruments.items()},
    }


def _section(path: Path, section: object, change: dict[str, object]) -> object:
    if not isinstance(section, dict):
        return section
    whole = {**cast("dict[str, object]", section), **change}
    if isinstance(transcript := whole.get("transcript"), str):
        whole["transcript"] = str(path.parent / transcript)
    return whole


def load_devices(path: Path) -> Devices:
    """Read a device file. Raises BenchError naming file and key."""
    try:
        return from_mapping(read_yaml(path))
    except DeviceError as error:
        raise BenchError(f"{path}: {error}.") from None


def read_yaml(path: Path) -> object:
    """Parse a YAML file into plain values. Raises BenchError naming the file, and the line of a mistake."""
    try:
        load = cast("Callable[[str], object]", YAML(typ="safe", pure=True).load)  # pyright: ignore[reportUnknownMemberType]
        return load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror}).") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise BenchError(f"{path}: is not YAML: {' '.join(str(error).split())}.") from None


def _first(error: ValidationError) -> str:
    """Return one mistake as key and sentence: a misspelt key before the one that is missing because of it."""
    details = error.errors(include_url=False)
    detail = next((item for item in details if item["type"] == "extra_forbidden"), details[0])
    key = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key."
    if detail["loc"] == ("instruments",):
        return f"instruments.{message}."  # the sentence of an instrument's own section
    if detail["loc"][:1] == ("pace",):
        return "pace: must be realtime, fast, or a factor above 0."
    if detail["type"] == "missing":
        return f"{key}: missing."
    return f"{key}: {message}." if key else f"{message}."
