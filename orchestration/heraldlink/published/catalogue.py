# SPDX-License-Identifier: Apache-2.0
"""Which rows there are, and the files each is computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from heraldlink.config.find import find_config
from heraldlink.errors import ConfigurationError, RequestError
from heraldlink.published import (
    humphreys_2018,
    ibm_2025,
    jiang_2023,
    kurpiers_2018,
    main_2025,
    meesala_2024,
    narla_2016,
    storz_2023,
)
from heraldlink.published.experiment import Experiment, read_experiment, read_mapping
from heraldlink.published.row import Row
from heraldlink_physics.device import Devices
from heraldlink_physics.device_file import device_set
from heraldlink_physics.emitter_link import EmitterLink
from heraldlink_physics.microwave_link import MicrowaveLink

Device = TypeVar("Device", Devices, EmitterLink, MicrowaveLink)


def row_of(name: str) -> Row:
    """Compute one row; raises RequestError that lists the rows if there is none of that name."""
    if name not in ROWS:
        raise RequestError(f"there is no row {name!r}: known are {', '.join(ROWS)}")
    return ROWS[name]()


def _device(experiment: Experiment, kind: type[Device]) -> Device:
    """What the experiment's device file describes; raises ConfigurationError if it is of another kind."""
    path = find_config(experiment.device or "")
    found = device_set(read_mapping(path))
    if not isinstance(found, kind):
        raise ConfigurationError(
            f"{path}: kind: a {kind.__name__} is needed here, not {type(found).__name__}"
        )
    return found


def _humphreys() -> Row:
    experiment = read_experiment("humphreys_2018")
    return humphreys_2018.row(experiment, _device(experiment, EmitterLink))


def _meesala() -> Row:
    experiment = read_experiment("meesala_2024")
    return meesala_2024.row(experiment, _device(experiment, Devices).arms[0])


def _jiang() -> Row:
    experiment = read_experiment("jiang_2023")
    return jiang_2023.row(experiment, _device(experiment, Devices).arms[0])


def _ibm() -> Row:
    return ibm_2025.row(read_experiment("ibm_2025"))


def _storz() -> Row:
    experiment = read_experiment("storz_2023")
    return storz_2023.row(experiment, _device(experiment, MicrowaveLink))


def _kurpiers() -> Row:
    experiment = read_experiment("kurpiers_2018")
    return kurpiers_2018.row(experiment, _device(experiment, MicrowaveLink))


def _main() -> Row:
    return main_2025.row(read_experiment("main_2025"))


def _narla() -> Row:
    return narla_2016.row(read_experiment("narla_2016"))


ROWS: Mapping[str, Callable[[], Row]] = {
    "humphreys_2018": _humphreys,
    "meesala_2024": _meesala,
    "jiang_2023": _jiang,
    "ibm_2025": _ibm,
    "storz_2023": _storz,
    "kurpiers_2018": _kurpiers,
    "narla_2016": _narla,
    "main_2025": _main,
}
"""By name, in the order of the index."""
