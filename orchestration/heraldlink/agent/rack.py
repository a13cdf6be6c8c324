# SPDX-License-Identifier: Apache-2.0
"""A node's instruments, open and in their roles: in this process, and in processes of their own."""

from collections.abc import Mapping
from pathlib import Path

from heraldlink.agent.blame import InstrumentFault
from heraldlink.config import EndNodeConfig, MidpointConfig
from heraldlink.errors import ConfigurationError
from heraldlink_drivers.errors import DriverError, StationError
from heraldlink_drivers.roles import Device
from heraldlink_drivers.station import LoadedStation, check_station, load_station


class Rack:
    """``roles`` by instrument name, in the Station file's order.

    Raises ConfigurationError, naming the file, if a file is wrong; else what drivers raise.
    """

    def __init__(self, config: EndNodeConfig | MidpointConfig, addresses: Mapping[str, str]) -> None:
        worker = config.worker
        declared = check_station(config.station) if worker.isolate else {}
        names = frozenset(declared) - frozenset(worker.isolate) if worker.isolate else None
        here = open_station(config.station, addresses, names)
        self._closing = [here.close]
        self.roles: dict[str, Device] = dict(here.roles)
        if worker.isolate:
            from heraldlink.agent.isolated import IsolatedInstruments

            try:
                isolated = IsolatedInstruments(
                    config.station, addresses, worker.isolate, worker.start_timeout_s, worker.call_timeout_s
                )
            except BaseException:
                here.close()
                raise
            self._closing.append(isolated.close)
            self.roles = {name: (self.roles | isolated.roles)[name] for name in declared}

    def close(self) -> None:
        """Close all sessions and end all processes."""
        for close in self._closing:
            close()


def open_station(
    path: Path, addresses: Mapping[str, str], names: frozenset[str] | None = None
) -> LoadedStation:
    """Open a Station file's instruments (all, or these).

    Raises ConfigurationError, naming the file, or InstrumentFault for one that cannot be opened.
    """
    try:
        return load_station(path, addresses, names)
    except StationError as error:
        text = str(error)
        raise ConfigurationError(text if str(path) in text else f"{path}: {text}") from error
    except DriverError as error:
        name = str(error).partition(": ")[0]
        if name not in check_station(path):
            raise
        reason = f"{error}: is it on, and are its type and address right in {path}?"
        raise InstrumentFault(name, reason) from error
