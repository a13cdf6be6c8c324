# SPDX-License-Identifier: Apache-2.0
"""Simulated instruments on real sockets, with faults on their lines."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from door_site import site as site
from fault_lab import Laboratory, check
from fault_rig import Rig
from qcodes.instrument import Instrument

from heraldlink_sim.transport import EventLoopThread


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as running:
        yield running


@pytest.fixture
def rig(loop: EventLoopThread) -> Iterator[Callable[..., Rig]]:
    """rig("Santec TSL-570", "laser") -> a served instrument whose faults can be set."""
    rigs: list[Rig] = []

    def start(model: str, name: str, **settings: Any) -> Rig:
        rigs.append(Rig(loop, model, name, settings))
        return rigs[-1]

    yield start
    Instrument.close_all()
    for each in rigs:
        with suppress(ValueError):
            each.close()


@pytest.fixture(autouse=True)
def closed_instruments() -> Iterator[None]:
    yield
    Instrument.close_all()


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """One laboratory for a module."""
    with Laboratory(tmp_path_factory.mktemp("rack")) as laboratory:
        yield laboratory


@pytest.fixture
def rack(standing_rack: Laboratory) -> Iterator[Laboratory]:
    """A laboratory to break: mended before and after, and its history checked."""
    standing_rack.mend()
    yield standing_rack
    standing_rack.mend()
    check(standing_rack)
