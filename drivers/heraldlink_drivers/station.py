# SPDX-License-Identifier: Apache-2.0
"""Instruments of a QCoDeS Station file, in their roles, at the addresses of a bench.

The file stays a plain Station file. Two things are refused before anything is opened: whatever QCoDeS'
schema only warns of, and an ``initial_value``, because connecting must not switch an output, open a shutter
or set a bias or a power.
"""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Protocol, cast

from pyvisa import VisaIOError
from qcodes.instrument import Instrument
from qcodes.station import Station, ValidationWarning
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from heraldlink_drivers._stranger import stranger
from heraldlink_drivers._visa_connection import probe
from heraldlink_drivers.catalogue import adapter_for
from heraldlink_drivers.errors import ConnectionLost, DriverError, StationError
from heraldlink_drivers.roles import Device

_log = logging.getLogger(__name__)

_INSTRUMENT_KEYS = frozenset(
    {"type", "address", "enable_forced_reconnect", "init", "parameters", "add_parameters", "driver"}
)


@dataclass(frozen=True)
class LoadedStation:
    """A Station with its instruments open; ``roles`` holds each in its role, by its name in the file."""

    station: Station
    roles: Mapping[str, Device]

    def close(self) -> None:
        """Close all instruments; each keeps its settings."""
        for name in list(self.roles):
            if Instrument.exist(name):
                Instrument.find_instrument(name).close()


def read_addresses(path: Path) -> dict[str, str]:
    """Read an address file, {instrument: address, "instrument.argument": address}; raises StationError."""
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StationError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise StationError(f"{path}: is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise StationError(f"{path}: must hold an object {{instrument: address}}")
    addresses: dict[str, str] = {}
    for name, address in cast("dict[str, object]", content).items():
        if not isinstance(address, str):
            raise StationError(f"{path}: {name}: an address must be text")
        addresses[name] = address
    return addresses


def load_station(
    path: Path, addresses: Mapping[str, str] | None = None, names: frozenset[str] | None = None
) -> LoadedStation:
    """Open the instruments of a Station file (all, or those in ``names``), and give each its role.

    ``addresses`` replaces addresses by instrument name; a key ``name.argument`` replaces an argument of the
    driver. Names that are not in the file are ignored: one address file serves all nodes. Raises StationError
    for a mistake in the file, DriverError for an instrument that cannot be opened; what was opened is closed.
    """
    declared = check_station(path)
    station = _station(path)
    loaded = LoadedStation(station, roles := {})
    try:
        for name in declared:
            if names is None or name in names:
                instrument = _open(station, name, declared[name], addresses or {})
                roles[name] = role_of(instrument)
    except BaseException:
        loaded.close()
        raise
    return loaded


def check_station(path: Path) -> dict[str, Mapping[str, object]]:
    """Instruments declared in a Station file, by name; raises StationError naming file and key."""
    content = _read(path)
    instruments = content.get("instruments")
    if not isinstance(instruments, dict):
        raise StationError(f"{path}: instruments: missing")
    declared = cast("dict[str, Mapping[str, object]]", instruments)
    for name, settings in declared.items():
        for key in settings:
            if key not in _INSTRUMENT_KEYS:
                raise StationError(f"{path}: instruments.{name}.{key}: unknown key")
    for key in _initial_values(declared, "instruments"):
        raise StationError(f"{path}: {key}: a Station file must not set a value while connecting")
    return declared


def role_of(instrument: Instrument) -> Device:
    """The instrument in its role: itself, or the adapter that is installed for its driver."""
    if all(hasattr(instrument, method) for method in ("identity", "errors", "safe_state")):
        return cast(Device, instrument)
    if (adapter := adapter_for(instrument)) is not None:
        return adapter(instrument)
    raise StationError(f"{instrument.name}: {type(instrument).__name__} plays no role, and nothing adapts it")


def _read(path: Path) -> dict[str, object]:
    try:
        content: object = cast(object, YAML(typ="safe").load(path.read_text(encoding="utf-8")))  # pyright: ignore[reportUnknownMemberType]
    except OSError as error:
        raise StationError(f"{path}: cannot be read ({error.strerror})") from error
    except YAMLError as error:
        raise StationError(f"{path}: is not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict):
        raise StationError(f"{path}: must hold keys and values")
    return cast("dict[str, object]", content)


def _initial_values(value: object, location: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for key, inner in cast("dict[str, object]", value).items():
        here = f"{location}.{key}"
        if key == "initial_value":
            yield here
        yield from _initial_values(inner, here)


def _station(path: Path) -> Station:
    """A Station with the file's configuration; a validation warning of QCoDeS' is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", ValidationWarning)
        try:
            return Station(config_file=str(path.resolve()), default=False)
        except ValidationWarning as warning:
            problem = str(warning).splitlines()[0]
            raise StationError(f"{path}: {problem}") from warning


def _probe(name: str, address: str) -> None:
    """Raise ConnectionLost if nothing listens at a VISA address that names host and port."""
    try:
        probe(address)
    except OSError as error:
        raise ConnectionLost(f"{name}: nothing answers at {address}") from error


class _Load(Protocol):
    def __call__(self, identifier: str, *, update_snapshot: bool, **arguments: str) -> Instrument: ...


def _open(
    station: Station, name: str, declared: Mapping[str, object], addresses: Mapping[str, str]
) -> Instrument:
    prefix = f"{name}."
    arguments = {
        key.removeprefix(prefix): value for key, value in addresses.items() if key.startswith(prefix)
    }
    if name in addresses:
        arguments["address"] = addresses[name]
    where = arguments.get("address", declared.get("address"))
    if not str(declared.get("type")).startswith("heraldlink_drivers."):
        _probe(name, str(where))  # other drivers log a traceback, or notice a refused port late
    try:
        with redirect_stdout(StringIO()) as greeting:  # QCoDeS prints it; a node's output is its own
            instrument = cast(_Load, station.load_instrument)(name, update_snapshot=False, **arguments)
        _log.info("%s", greeting.getvalue().strip())
        return instrument
    except StationError:
        raise
    except DriverError as error:
        if other := stranger(str(declared.get("type")), str(where)):
            key, model = f"instruments.{name}.type", declared["type"]
            raise StationError(
                f"{key}: {other} answers at {where}, which is no {model} ({error}): name its own type"
            ) from error
        raise
    except (OSError, RuntimeError, VisaIOError) as error:
        raise ConnectionLost(f"{name}: cannot be opened at {where} ({error})") from error
    except Exception as error:
        raise StationError(f"{name}: {type(error).__name__}: {error}") from error
