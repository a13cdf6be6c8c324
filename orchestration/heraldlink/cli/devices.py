# SPDX-License-Identifier: Apache-2.0
"""``heraldlink devices``: what the hardware of a device file does by itself."""

from pathlib import Path
from typing import Annotated

import typer

from heraldlink.cli.show import print_json, table
from heraldlink.errors import ConfigurationError, RequestError

SPELT = {"bright": "--alpha", "pump_power_W": "--pump-power", "bath": "--bath", "wait_s": "--wait"}
"""Options as a message names them."""
OPTIONS = {"Devices": ("pump_power_W", "bath", "wait_s"), "EmitterLink": ("bright",), "MicrowaveLink": ()}
"""Those that a kind of device file is asked with."""


def devices(
    file: Annotated[Path, typer.Argument(help="Device file, such as devices/storz_2023.yaml.")],
    alpha: Annotated[
        float | None, typer.Option(help="Bright-state population of both emitters.", show_default=False)
    ] = None,
    pump_power: Annotated[
        float | None,
        typer.Option(help="Pump in the fibre before a transducer, W; its readout's.", show_default=False),
    ] = None,
    bath: Annotated[
        float | None, typer.Option(help="Thermal photons of its bath; heating.n_0.", show_default=False)
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(help="How long a pair is kept in both qubits, s; 0.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compute what FILE's hardware does by itself: conversion, noise, readout, rates, fidelities."""
    found = compute(file, bright=alpha, pump_power_W=pump_power, bath=bath, wait_s=wait)
    if json:
        print_json(found)
        return
    for name, section in found.items():
        table(name, {key: "undefined" if value is None else f"{value:.6g}" for key, value in section.items()})


def compute(
    file: Path,
    *,
    bright: float | None,
    pump_power_W: float | None,
    bath: float | None,
    wait_s: float | None,
) -> dict[str, dict[str, float | None]]:
    """Sections of numbers; raises ConfigurationError that names file and key, RequestError for an option."""
    from heraldlink.config import find_config
    from heraldlink.config.document import read_document
    from heraldlink_physics.device_file import device_set
    from heraldlink_physics.device_numbers import device_numbers
    from heraldlink_physics.errors import DeviceError, PhysicsError

    try:
        found = device_set(read_document(find_config(file)).content)
    except DeviceError as error:
        raise ConfigurationError(f"{file}: {error}") from error
    given = {"bright": bright, "pump_power_W": pump_power_W, "bath": bath, "wait_s": wait_s}
    known = OPTIONS[type(found).__name__]
    for name, value in given.items():
        if value is not None and name not in known:
            raise RequestError(f"devices {file}: {SPELT[name]} has no meaning for {found.name}")
    try:
        return device_numbers(found, **{name: value for name, value in given.items() if value is not None})
    except PhysicsError as error:
        name, space, rest = str(error).partition(" ")
        raise RequestError(f"devices {file}: {SPELT.get(name, name)}{space}{rest}") from error
