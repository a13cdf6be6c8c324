# SPDX-License-Identifier: Apache-2.0
"""The 85 behaviours of IEEE 488.2, SCPI-1999 and HiSLIP, of every SCPI simulator, over every way to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import checklist_reference
import pytest
from checklist_clients import Client, HislipClient, InProcessClient, RawClient
from checklist_parts import PARTS, Parts
from checklist_subject import HISLIP, IN_PROCESS, RAW, ROWS, Row, Subject
from checklist_table import ordered_rows

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.errors import BenchError
from heraldlink_sim.model import InstrumentConfig, Model, Place, find_model, model_names
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi import MessageExchange, ScpiDevice
from heraldlink_sim.transport import Device, EventLoopThread


def installed() -> dict[str, Model[Device, InstrumentConfig]]:
    """Every SCPI model that is installed, and the reference instrument."""
    models: dict[str, Model[Device, InstrumentConfig]] = {checklist_reference.NAME: checklist_reference.MODEL}  # type: ignore[dict-item]
    for name in model_names():
        try:
            model = find_model(name)
        except BenchError:
            continue
        if model.scpi:
            models[name] = model
    return models


MODELS = installed()
CASES = [
    pytest.param(name, identifier, way, id=f"{name}-{identifier}-{way}")
    for name in MODELS
    for identifier in ordered_rows()
    for way in ROWS[identifier].ways
]


def parts_of(name: str) -> Parts:
    return checklist_reference.PARTS if name == checklist_reference.NAME else PARTS[name]


def make(name: str) -> ScpiDevice:
    model = MODELS[name]
    face = model.make(Place("SIM-1", SteppedClock()), model.config(model=name))
    assert isinstance(face, ScpiDevice)
    return face


def lacks(parts: Parts, row: Row) -> str | None:
    """The part that an instrument would need for a row, and does not have."""
    for need in row.needs:
        whole, _, detail = need.partition(".")
        found = getattr(parts, whole)
        if found is None or (detail and not getattr(found, detail)):
            return need
    return None


@contextmanager
def subject(name: str, way: str, loop: EventLoopThread, face: ScpiDevice) -> Iterator[Subject]:
    model, parts = MODELS[name], parts_of(name)
    if way == IN_PROCESS:
        made = Subject(InProcessClient(MessageExchange(face), loop.run), parts, _none)
        yield made
        return
    config = model.config(model=name)
    listening = loop.run(model.serve(face, face, config, "127.0.0.1", "x"))
    (address,) = [a for a in listening.addresses.values() if ("hislip" in a) is (way == HISLIP)]

    def connect() -> Client:
        return RawClient(address, parts.terminator) if way == RAW else HislipClient(address)

    made = Subject(connect(), parts, connect)
    try:
        yield made
    finally:
        made.close()
        for listener in listening.listeners:
            loop.run(listener.close())


def _none() -> Client:
    raise AssertionError("one client is all there is in process")


@pytest.mark.parametrize(("name", "identifier", "way"), CASES)
def test_behaviour(
    name: str,
    identifier: str,
    way: str,
    loop: EventLoopThread,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("checklist", (name, identifier, way))
    row, face = ROWS[identifier], make(name)
    if quirk := next((quirk for quirk in face.quirks if identifier in quirk.rows), None):
        request.applymarker(pytest.mark.xfail(strict=True, reason=f"quirk {quirk.id}: {quirk.what}"))
    if part := lacks(parts_of(name), row):
        pytest.skip(f"{name} has no {part}: {identifier} is shown on the reference instrument")
    with subject(name, way, loop, face) as made:
        row.check(made)


def test_the_table_has_85_rows() -> None:
    counts = {letter: sum(identifier[0] == letter for identifier in ROWS) for letter in "TSPIEBV"}
    assert counts == {"T": 6, "S": 14, "P": 14, "I": 15, "E": 5, "B": 6, "V": 25}
    assert all(row.clause for row in ROWS.values())


def test_the_reference_instrument_lacks_nothing() -> None:
    assert not [row.id for row in ROWS.values() if lacks(checklist_reference.PARTS, row)]


def test_every_model_has_its_parts_and_knows_its_rows() -> None:
    assert set(MODELS) - {checklist_reference.NAME} <= set(PARTS)
    quirks: list[Quirk] = [quirk for name in MODELS for quirk in make(name).quirks]
    assert not [quirk.id for quirk in quirks if not set(quirk.rows) <= set(ROWS)]
