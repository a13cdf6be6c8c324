# SPDX-License-Identifier: Apache-2.0
"""Sequences and devices from their files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from heraldlink.config import find_config, load_experiment
from heraldlink.config.document import read_document
from heraldlink.errors import ConfigurationError
from heraldlink.sensitivity.catalogue import Sequences
from heraldlink.sequences.experiments.g2 import G2Settings
from heraldlink.sequences.experiments.hom import HomSettings
from heraldlink.sequences.experiments.phase import PhaseSettings
from heraldlink.sequences.experiments.pump_sweep import PumpSweepSettings
from heraldlink.sequences.experiments.rabi import RabiSettings
from heraldlink.sequences.experiments.ramsey import RamseySettings
from heraldlink.sequences.experiments.readout import ReadoutSettings
from heraldlink.sequences.experiments.t1 import T1Settings
from heraldlink_physics.device import Devices
from heraldlink_physics.device_file import from_mapping
from heraldlink_physics.errors import DeviceError

REFERENCE = "devices/reference.yaml"
Kind = TypeVar("Kind")


def load_sequences() -> Sequences:
    """The calibration sequences of configs/sequences."""
    return Sequences(
        phase=_load("phase", PhaseSettings),
        readout=_load("readout", ReadoutSettings),
        rabi=_load("rabi", RabiSettings),
        ramsey=_load("ramsey", RamseySettings),
        t1=_load("t1", T1Settings),
        pump_sweep=_load("pump_sweep", PumpSweepSettings),
        hom=_load("hom", HomSettings),
        g2=_load("g2", G2Settings),
    )


def load_link(name: str | Path = REFERENCE) -> Devices:
    """A device file of two transducers and a midpoint. Raises ConfigurationError, naming file and key."""
    document = read_document(find_config(name))
    try:
        return from_mapping(document.content)
    except DeviceError as error:
        raise ConfigurationError(f"{name}: {error}") from error


def _load(kind: str, wanted: type[Kind]) -> Kind:
    settings = load_experiment(f"sequences/{kind}.yaml")
    if not isinstance(settings, wanted):
        raise ConfigurationError(f"sequences/{kind}.yaml: kind must be {kind}")
    return settings
