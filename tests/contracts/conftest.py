# SPDX-License-Identifier: Apache-2.0
"""Instruments under contract: simulated, replayed, and hardware with ``--instrument NAME=ADDRESS``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from agreement import agreement, pytest_terminal_summary
from contract import checks_for
from instruments_under_contract import LIMITS, MODELS
from qcodes.instrument import Instrument
from ruamel.yaml import YAML

from heraldlink_drivers.catalogue import catalogue, roles_of
from heraldlink_sim.transport import EventLoopThread

__all__ = ["agreement", "pytest_terminal_summary"]  # a fixture and a hook of their own module

pytest.register_assert_rewrite(
    *(f"checks_{name}" for name in ("device", "light", "monitors", "photons", "signals"))
)


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as running:
        yield running


@pytest.fixture(autouse=True)
def closed_instruments() -> Iterator[None]:
    yield
    Instrument.close_all()


@pytest.fixture
def models(pytestconfig: pytest.Config) -> dict[str, str]:
    """Simulated models by driver, with those of the command line."""
    return simulated(pytestconfig)


@pytest.fixture
def model(driver: str, models: dict[str, str]) -> str:
    """The simulated model that stands in for a driver's hardware."""
    return models[driver]


@pytest.fixture
def real_addresses(driver: str, pytestconfig: pytest.Config) -> dict[str, str]:
    """Where the hardware of a driver is."""
    return hardware(pytestconfig)[driver]


@pytest.fixture
def switching(pytestconfig: pytest.Config) -> bool:
    """Whether hardware may be switched."""
    return bool(pytestconfig.getoption("--switching"))


@pytest.fixture
def limits(driver: str, pytestconfig: pytest.Config) -> dict[str, tuple[float, float]]:
    """What a driver's instrument may be set to."""
    if (file := pytestconfig.getoption("--limits")) is None:
        return LIMITS.get(driver, {})
    by_driver = YAML(typ="safe").load(Path(file))
    return {quantity: (float(low), float(high)) for quantity, (low, high) in by_driver[driver].items()}


def simulated(config: pytest.Config) -> dict[str, str]:
    """Simulated models by driver, with those of the command line."""
    return MODELS | dict(item.split("=", 1) for item in config.getoption("--simulator"))


def hardware(config: pytest.Config) -> dict[str, dict[str, str]]:
    """Addresses by driver: ``""`` is the instrument's, others go by the driver's argument."""
    found: dict[str, dict[str, str]] = {}
    for item in config.getoption("--instrument"):
        where, _, address = item.partition("=")
        name, _, argument = where.partition(".")
        if name not in catalogue() or not address:
            known = ", ".join(catalogue())
            raise pytest.UsageError(f"--instrument {item}: must be NAME=ADDRESS, with NAME one of {known}")
        found.setdefault(name, {})[argument] = address
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per driver and check of its roles."""
    if not {"driver", "item"} <= set(metafunc.fixturenames):
        return
    real = "real_addresses" in metafunc.fixturenames
    wanted = hardware(metafunc.config) if real else simulated(metafunc.config)
    cases = [
        pytest.param(name, item, id=f"{name}-{item.name}")
        for name, entry in catalogue().items()
        if name in wanted
        for item in checks_for(roles_of(entry.load()))
    ]
    metafunc.parametrize(("driver", "item"), cases)
