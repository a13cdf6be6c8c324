# SPDX-License-Identifier: Apache-2.0
"""Simulated instruments of a model on real sockets, their recordings and replays."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from qcodes.instrument import Instrument

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.model import Listening, Place, find_model
from heraldlink_sim.transport import EventLoopThread


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as running:
        yield running


@pytest.fixture
def close(loop: EventLoopThread) -> Callable[[Listening], None]:
    def closed(listening: Listening) -> None:
        for listener in listening.listeners:
            with suppress(ValueError):
                loop.run(listener.close())

    return closed


@pytest.fixture
def listen(loop: EventLoopThread, close) -> Iterator[Callable]:
    """listen(coroutine) -> its Listening, closed at the end."""
    open_ones: list[Listening] = []

    def start(coroutine: Any) -> Listening:
        open_ones.append(loop.run(coroutine))
        return open_ones[-1]

    yield start
    for listening in reversed(open_ones):
        close(listening)


@pytest.fixture
def instrument(listen) -> Callable[..., Mapping[str, str]]:
    """instrument("Santec TSL-570", "laser") -> addresses of a simulated one, serial number SIM-laser."""

    def start(model_name: str, name: str, **settings: Any) -> Mapping[str, str]:
        model = find_model(model_name)
        config = model.config(model=model_name, **settings)
        face = model.make(Place(f"SIM-{name}", SteppedClock()), config)
        return listen(model.serve(face, face, config, "127.0.0.1", name)).addresses

    return start


@pytest.fixture(autouse=True)
def closed_instruments() -> Iterator[None]:
    yield
    Instrument.close_all()
