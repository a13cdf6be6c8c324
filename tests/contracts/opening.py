# SPDX-License-Identifier: Apache-2.0
"""Serving, recording and replaying one instrument, and opening a driver of the catalogue at its addresses."""

from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

from contract import Rig

from heraldlink_drivers.catalogue import Adapter, catalogue
from heraldlink_sim.cabinet import Instrument, place_of, switch_on
from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.model import Listening, find_model
from heraldlink_sim.recording import serve_recording, serve_replay
from heraldlink_sim.transport import EventLoopThread

NAME = "under_test"


def new_instrument(model: str) -> Instrument:
    """Return a simulated instrument that has just been switched on."""
    found = find_model(model)
    config = found.config(model=model)
    return switch_on(NAME, found, config, place_of(NAME, SteppedClock(), 10**11, 7))


@contextmanager
def listening(
    loop: EventLoopThread, starting: Coroutine[object, object, Listening]
) -> Iterator[Mapping[str, str]]:
    """Serve something for a while; gives its addresses by name."""
    server = loop.run(starting)
    try:
        yield server.addresses
    finally:
        for listener in server.listeners:
            loop.run(listener.close())


def served(loop: EventLoopThread, instrument: Instrument):
    """Serve an instrument on loopback."""
    return listening(loop, instrument.serve(instrument.face, "127.0.0.1"))


def recorded(loop: EventLoopThread, addresses: Mapping[str, str], transcript: Path, model: str = ""):
    """Stand between a client and an instrument, and write down what is said."""
    mine = {name: address for name, address in addresses.items() if "@" not in name}
    return listening(loop, serve_recording(mine, transcript, model=model))


def replayed(loop: EventLoopThread, transcript: Path):
    """Answer as the transcript says, in its order."""
    return listening(loop, serve_replay(transcript, order="strict"))


def opened(
    driver: str, addresses: Mapping[str, str], limits: Mapping[str, tuple[float, float]] | None = None
) -> Rig:
    """Open a driver at the addresses of one instrument: ``NAME``, and ``NAME.argument`` for its others."""
    kind = catalogue()[driver].load()
    prefix = f"{NAME}."
    others = {key.removeprefix(prefix): value for key, value in addresses.items() if key.startswith(prefix)}
    made = kind.adapts() if isinstance(kind, Adapter) else kind
    with redirect_stdout(StringIO()):
        instrument = made(NAME, addresses[NAME], **others, **_visa(made))
    role = kind(instrument) if isinstance(kind, Adapter) else instrument
    return Rig(role, instrument, dict(limits or {}))


def _visa(kind: type) -> dict[str, str]:
    """VISA instruments are opened with the Python backend."""
    return {"visalib": "@py"} if any(base.__name__ == "VisaInstrument" for base in kind.__mro__) else {}
