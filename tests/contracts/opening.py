# SPDX-License-Identifier: Apache-2.0
"""Serving one simulated instrument, and opening a driver of the catalogue at its addresses."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO

from contract import Rig

from heraldlink_drivers.catalogue import Adapter, catalogue
from heraldlink_sim.cabinet import Instrument, place_of, switch_on
from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.model import find_model
from heraldlink_sim.transport import EventLoopThread

NAME = "under_test"


def new_instrument(model: str) -> Instrument:
    """Return a simulated instrument that has just been switched on."""
    found = find_model(model)
    config = found.config(model=model)
    return switch_on(NAME, found, config, place_of(NAME, SteppedClock(), 10**11, 7))


@contextmanager
def served(loop: EventLoopThread, instrument: Instrument) -> Iterator[Mapping[str, str]]:
    """Serve an instrument on loopback; gives its addresses by name."""
    listening = loop.run(instrument.serve(instrument.face, "127.0.0.1"))
    try:
        yield listening.addresses
    finally:
        for listener in listening.listeners:
            loop.run(listener.close())


def opened(
    driver: str, addresses: Mapping[str, str], limits: Mapping[str, tuple[float, float]] | None = None
) -> Rig:
    """Open a driver at the addresses of one instrument: ``NAME``, and ``NAME.argument`` for its others."""
    kind = catalogue()[driver].load()
    others = {
        key.removeprefix(f"{NAME}."): address
        for key, address in addresses.items()
        if key.startswith(f"{NAME}.")
    }
    made = kind.adapts() if isinstance(kind, Adapter) else kind
    with redirect_stdout(StringIO()):
        instrument = made(NAME, addresses[NAME], **others, **_visa(made))
    role = kind(instrument) if isinstance(kind, Adapter) else instrument
    return Rig(role, instrument, dict(limits or {}))


def _visa(kind: type) -> dict[str, str]:
    """VISA instruments are opened with the Python backend."""
    return {"visalib": "@py"} if any(base.__name__ == "VisaInstrument" for base in kind.__mro__) else {}
