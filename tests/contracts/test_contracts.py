# SPDX-License-Identifier: Apache-2.0
"""Every installed driver fulfils the contracts of all its roles."""

import checks_device
import checks_light
import checks_monitors
import checks_photons
import checks_signals
import pytest
from contract import CHECKS, Check
from opening import NAME, new_instrument, opened, served

from heraldlink_drivers.catalogue import ROLES, catalogue, roles_of

SUITES = (checks_device, checks_light, checks_monitors, checks_photons, checks_signals)


def test_every_role_has_a_contract_and_every_driver_a_role_and_a_simulator(models):
    assert {item.role for item in CHECKS} == {"Device", *ROLES}
    played = {name: roles_of(entry.load()) for name, entry in catalogue().items()}
    assert not [name for name, roles in played.items() if not roles]
    assert set(played) == set(models)


def test_simulated(loop, driver: str, item: Check, model: str, limits):
    instrument = new_instrument(model)
    with served(loop, instrument) as addresses:
        item.run(opened(driver, addresses, limits))


def test_hardware(driver: str, item: Check, real_addresses: dict[str, str], limits, switching: bool):
    if item.switches and not switching:
        pytest.skip("switches something: --switching")
    addresses = {
        f"{NAME}.{argument}".removesuffix("."): address for argument, address in real_addresses.items()
    }
    item.run(opened(driver, addresses, limits))
