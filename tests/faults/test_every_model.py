# SPDX-License-Identifier: Apache-2.0
"""Every installed model takes every fault, or says why it makes no sense for it; every kind is documented."""

import asyncio
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from heraldlink_sim.cabinet import Instrument, switch_on
from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.errors import FaultError
from heraldlink_sim.faults import KINDS, FaultConfig, Faults
from heraldlink_sim.faults.kinds import STATES, Kind
from heraldlink_sim.model import Place, find_model, model_names
from heraldlink_sim.transport.server import answer_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "faults.md"
NEEDED: dict[str, dict[str, Any]] = {"delay": {"delay_s": 0.001}}
BY_KIND = {"laser": "interlock", "detector": "latch"}


def switched_on(name: str) -> Instrument:
    model = find_model(name)
    return switch_on("x", model, model.config(model=name), Place("SIM-x12345", SteppedClock()))


@pytest.fixture(params=model_names())
def instrument(request) -> Instrument:
    return switched_on(request.param)


@pytest.fixture(params=[name for name in model_names() if find_model(name).scpi])
def scpi_instrument(request) -> Instrument:
    """The others' identities and settings have other forms; see the tests of their drivers."""
    return switched_on(request.param)


def inject(faults: Faults, kind: str, **options: Any) -> str:
    """Empty, or why the fault makes no sense."""
    try:
        faults.add("x", FaultConfig.model_validate({"kind": kind} | NEEDED.get(kind, {}) | options))
    except FaultError as error:
        return str(error)
    return ""


def test_every_fault_is_taken_or_refused_with_a_reason(instrument) -> None:
    faults = Faults({"x": instrument}, lambda: 0.0)
    for kind in get_args(Kind):
        why = inject(faults, kind)
        assert not why or why.startswith(f"x is a {instrument.model.name} ({instrument.model.kind}): ")
        faults.heal()
    assert faults.injected == []


def test_faults_that_any_wire_has_are_never_refused(instrument) -> None:
    faults = Faults({"x": instrument}, lambda: 0.0)
    wire = set(get_args(Kind)) - {"latch", "interlock", "unlock", "reset", "ignore-write", "error-storm"}
    assert {kind: inject(faults, kind) for kind in wire} == dict.fromkeys(wire, "")


def test_instruments_have_the_faults_of_their_kind(instrument) -> None:
    if (kind := BY_KIND.get(instrument.model.kind)) is not None:
        assert inject(Faults({"x": instrument}, lambda: 0.0), kind) == ""


def ask(faults: Faults, message: bytes) -> bytes:
    return asyncio.run(_ask(faults, message))


async def _ask(faults: Faults, message: bytes) -> bytes:
    return await answer_of(faults.line("x"), message)


def test_another_serial_number_and_a_power_cycle_of_scpi_models(scpi_instrument) -> None:
    faults = Faults({"x": scpi_instrument}, lambda: 0.0)
    assert b"SIM-x12345" in ask(faults, b"*IDN?")
    inject(faults, "wrong-idn")
    assert b"SIM-999999" in ask(faults, b"*IDN?")
    faults.heal()
    ask(faults, b"*ESR?")
    assert int(ask(faults, b"*ESR?")) & 0x80 == 0
    assert inject(faults, "reset") == ""
    assert int(ask(faults, b"*ESR?")) & 0x80 == 0x80
    assert b"SIM-x12345" in ask(faults, b"*IDN?")


def test_ignored_settings_leave_queries_of_scpi_models(scpi_instrument) -> None:
    faults = Faults({"x": scpi_instrument}, lambda: 0.0)
    ask(faults, b"*ESE 5")
    inject(faults, "ignore-write")
    assert ask(faults, b"*RST;*ESE?") == b"5"
    assert b"SIM-x12345" in ask(faults, b"*IDN?")


def rows() -> dict[str, list[str]]:
    found = {}
    for line in DOCUMENT.read_text().splitlines():
        if match := re.match(r"\| `([^`]+)` \|", line):
            found[match[1]] = [cell.strip() for cell in line.strip("|").split(" | ")]
    return found


def test_every_kind_and_option_is_documented() -> None:
    kinds = [name for name, cells in rows().items() if len(cells) == 3]
    assert sorted(kinds) == sorted(KINDS)
    text = DOCUMENT.read_text()
    for kind in KINDS.values():
        assert all(f"`{option}`" in text for option in kind.options)
    assert all(kind in KINDS for kind in STATES)
