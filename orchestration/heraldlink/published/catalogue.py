# SPDX-License-Identifier: Apache-2.0
"""Which rows there are, and the files each is computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from heraldlink.config.find import find_config
from heraldlink.errors import RequestError
from heraldlink.published import meesala_2024
from heraldlink.published.experiment import Experiment, read_experiment, read_mapping
from heraldlink.published.row import Row
from heraldlink_physics.device import Devices
from heraldlink_physics.device_file import from_mapping


def row_of(name: str) -> Row:
    """Compute one row; raises RequestError that lists the rows if there is none of that name."""
    if name not in ROWS:
        raise RequestError(f"there is no row {name!r}: known are {', '.join(ROWS)}")
    return ROWS[name]()


def _devices(experiment: Experiment) -> Devices:
    return from_mapping(read_mapping(find_config(experiment.device or "")))


def _meesala() -> Row:
    experiment = read_experiment("meesala_2024")
    return meesala_2024.row(experiment, _devices(experiment).arms[0])


ROWS: Mapping[str, Callable[[], Row]] = {"meesala_2024": _meesala}
"""By name, in the order of the index."""
