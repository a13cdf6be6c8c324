# SPDX-License-Identifier: Apache-2.0
"""Every installed driver fulfils the contracts of all its roles."""

from pathlib import Path

import checks_device
import checks_light
import checks_monitors
import checks_photons
import checks_signals
import pytest
from agreement import TellAgreement
from contract import CHECKS, Check, Rig
from opening import NAME, new_instrument, opened, recorded, replayed, served
from qcodes.instrument import Instrument

from heraldlink_drivers.catalogue import ROLES, catalogue, roles_of

SUITES = (checks_device, checks_light, checks_monitors, checks_photons, checks_signals)


def test_every_role_has_a_contract_and_every_driver_a_role_and_a_simulator(models):
    assert {item.role for item in CHECKS} == {"Device", *ROLES}
    played = {name: roles_of(entry.load()) for name, entry in catalogue().items()}
    assert not [name for name, roles in played.items() if not roles]
    assert set(played) == set(models)


def perform(item: Check, rig: Rig) -> str:
    """Run a check; who the instrument says it is."""
    identity = rig.role.identity()
    item.run(rig)
    return identity


def record(loop, driver: str, item: Check, model: str, limits, transcript: Path) -> None:
    """Run a check on a new simulated instrument, and write down what is said."""
    instrument = new_instrument(model)
    with served(loop, instrument) as direct, recorded(loop, direct, transcript, model) as addresses:
        perform(item, opened(driver, addresses, limits))
    Instrument.close_all()


def test_simulated(loop, driver: str, item: Check, model: str, limits):
    instrument = new_instrument(model)
    with served(loop, instrument) as addresses:
        item.run(opened(driver, addresses, limits))


def test_replayed(loop, driver: str, item: Check, model: str, limits, tmp_path):
    record(loop, driver, item, model, limits, tmp_path / "transcript.txt")
    with replayed(loop, tmp_path / "transcript.txt") as addresses:
        assert "REPLAY-" in perform(item, opened(driver, addresses, limits))


def test_hardware(
    loop, driver, item, real_addresses, model, limits, switching, tmp_path, agreement: TellAgreement
):
    if item.switches and not switching:
        pytest.skip("switches something: --switching")
    direct = {f"{NAME}.{key}".removesuffix("."): address for key, address in real_addresses.items()}
    with recorded(loop, direct, tmp_path / "hardware.txt") as addresses:
        perform(item, opened(driver, addresses, limits))
    Instrument.close_all()
    record(loop, driver, item, model, limits, tmp_path / "simulator.txt")
    agreement(driver, tmp_path / "hardware.txt", tmp_path / "simulator.txt")
