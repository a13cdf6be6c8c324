# SPDX-License-Identifier: Apache-2.0
"""Drivers of QCoDeS, unchanged, connected to a simulator that is served for them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import TypeVar

from qcodes.instrument import VisaInstrument

from heraldlink_sim.scpi import ScpiDevice
from heraldlink_sim.transport import EventLoopThread, serve_hislip, serve_raw

Driver = TypeVar("Driver", bound=VisaInstrument)
WAYS = {
    "raw": serve_raw,
    "raw blocks": partial(serve_raw, block_ends_message=True),
    "hislip": serve_hislip,
}
_numbers = count()


@contextmanager
def driven(
    loop: EventLoopThread, face: ScpiDevice, way: str, connect: Callable[..., Driver], **options: object
) -> Iterator[Driver]:
    """A driver with a name of its own at a server of the face, both closed at the end."""
    server = loop.run(WAYS[way](face))
    instrument = connect(f"driven{next(_numbers)}", server.address, visalib="@py", **options)
    try:
        yield instrument
    finally:
        instrument.close()
        loop.run(server.close())
