# SPDX-License-Identifier: Apache-2.0
r"""Where a result comes from, joined over all instruments that contributed.

An instrument tells by its own identity: the serial number of a simulated one begins ``SIM-``, that of a
replayed one ``REPLAY-``; one that tells no serial number is unknown, never real. Origins form a lattice::

              unknown                  an instrument did not tell
                 |
               mixed                   some are real, and some are not
              /     \
           real   simulated            at least one is simulated, none is real
                      |
                   replayed            all are transcripts

The origin of several is their join, the lowest that is above all of them; so the order in which they are
joined, and whether one is counted twice, do not matter. Of no instrument at all it is unknown.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Final

from heraldlink.messages.values import Origin

ORIGINS: Final[tuple[Origin, ...]] = ("real", "replayed", "simulated", "mixed", "unknown")

_ABOVE: Final[dict[Origin, tuple[Origin, ...]]] = {
    "real": ("real", "mixed", "unknown"),
    "replayed": ("replayed", "simulated", "mixed", "unknown"),
    "simulated": ("simulated", "mixed", "unknown"),
    "mixed": ("mixed", "unknown"),
    "unknown": ("unknown",),
}
"""Each origin and those above it, lowest first."""

_NO_SERIAL: Final = frozenset({"", "0", "unknown", "none", "n/a"})


def join(one: Origin, other: Origin) -> Origin:
    """The lowest origin that is above both."""
    return next(origin for origin in _ABOVE[one] if origin in _ABOVE[other])


def joined(origins: Iterable[Origin]) -> Origin:
    """The join of all; unknown if there are none."""
    found = list(origins)
    return reduce(join, found) if found else "unknown"


def origin_of(identity: str) -> Origin:
    """What an instrument says of itself: maker, model, serial number, firmware, comma separated.

    Some makers write part number/serial number in the third field, or ``s/n`` before the number.
    """
    fields = identity.split(",")
    serial = fields[2].rsplit("/", 1)[-1].strip() if len(fields) > 2 else ""
    if serial.removeprefix("n").startswith("SIM-"):
        return "simulated"
    if serial.removeprefix("n").startswith("REPLAY-"):
        return "replayed"
    return "unknown" if serial.lower() in _NO_SERIAL else "real"
