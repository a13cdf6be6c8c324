# SPDX-License-Identifier: Apache-2.0
"""The link model that a request was predicted with, kept beside its tags so that other gates can be asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import msgspec
from pydantic import ValidationError

from heraldlink.agent.estimator import Estimator
from heraldlink.agent.measured_link import MeasuredLink
from heraldlink.config import MidpointConfig
from heraldlink.config.operating_point import Gate
from heraldlink.errors import DataError
from heraldlink.heralding.description import MODEL, envelopes_of, sequence_of
from heraldlink.messages.values import Drive, Prediction
from heraldlink_physics.device import Devices
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.model import HeraldModel

NO_LIGHT_LIMIT = {"peak_W": 0.1, "mean_W": 0.1, "open_share": 1.0}
"""Stands in a configuration from before transducers had limits; a prediction does not depend on them."""
PLACES = ("station", "devices", "data_directory")
"""Paths of the configuration: only their names are kept."""


@dataclass(frozen=True, slots=True)
class RecordedModel:
    """An estimator, and the pump envelopes that the request was played with."""

    estimator: Estimator
    drives: Mapping[str, Drive]

    def at(self, gate_ps: tuple[int, int]) -> HeraldModel:
        """What one attempt gives with another herald gate, ps after START."""
        return self._with(gate_ps).link(self.drives, 0.0).model

    def predict(self, gate_ps: tuple[int, int]) -> Prediction:
        """What is expected of a request with another herald gate, ps after START."""
        return self._with(gate_ps).predict(self.drives)

    def _with(self, gate_ps: tuple[int, int]) -> Estimator:
        config = self.estimator.config
        gate = Gate(begin_ps=gate_ps[0], end_ps=gate_ps[1])
        point = config.operating_point.model_copy(update={"gate": gate})
        return replace(self.estimator, config=config.model_copy(update={"operating_point": point}))


def describe_model(estimator: Estimator, drives: Mapping[str, Drive]) -> dict[str, str]:
    """The model as an entry of the tags' description (infinite values as JSON of Python says them)."""
    config: dict[str, object] = json.loads(estimator.config.model_dump_json(exclude={"journal"}))
    held = {
        "config": config | {name: Path(str(config[name])).name for name in PLACES},
        "devices": msgspec.to_builtins(estimator.devices),
        "measured": msgspec.to_builtins(estimator.measured),
        "drives": msgspec.to_builtins(dict(drives)),
    }
    return {MODEL: json.dumps(held, sort_keys=True)}


def recorded_model(describe: Mapping[str, str]) -> RecordedModel:
    """The model from the description of the midpoint's tags. Raises DataError if that lacks it."""
    if MODEL not in describe:
        raise DataError(
            "the run's tags came without their model (an older version wrote them): no other gate can be"
            " predicted; replay without --gate, or count heralds alone with heraldlink tags heralds"
            " RUN/tags-midpoint.parquet --option slot=N --gates LO:HI --detectors C,D"
        )
    try:
        held = cast("dict[str, object]", json.loads(describe[MODEL]))
        config = MidpointConfig.model_validate_json(json.dumps(_with_limits(held["config"])))
        devices = msgspec.convert(held["devices"], Devices)
        measured = msgspec.convert(held["measured"], MeasuredLink)
        drives = msgspec.convert(held["drives"], dict[str, Drive])
    except (ValueError, KeyError, TypeError, PhysicsError) as error:
        raise DataError(
            f"the model beside the run's tags cannot be read ({_first(error)}): another version wrote it;"
            " read it with that one, or replay without --gate"
        ) from error
    chosen = {
        name: msgspec.structs.replace(drives[name], envelope_peak_V=peak_V)
        for name, peak_V in envelopes_of(describe).items()
    }
    return RecordedModel(Estimator(config, sequence_of(describe), devices, measured), chosen)


def _with_limits(config: object) -> object:
    """A configuration as it is written today: limits of both transducers, though it was kept without."""
    held = cast("dict[str, dict[str, object]]", config)
    ends = cast("list[str]", held["ends"])
    return held | {"limits": {"transducer": dict.fromkeys(ends, NO_LIGHT_LIMIT)} | held["limits"]}


def _first(error: Exception) -> str:
    """The key that is wrong and why, of pydantic's errors in one line."""
    if isinstance(error, ValidationError):
        wrong = error.errors()[0]
        return f"config.{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
    return f"{error!r}" if isinstance(error, KeyError) else str(error)
