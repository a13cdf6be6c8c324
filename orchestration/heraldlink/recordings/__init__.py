# SPDX-License-Identifier: Apache-2.0
"""Recordings of time tags in a notebook: the verbs of ``heraldlink tags``, in arrays and xarray.

Each verb takes a path, several paths, or any `heraldlink.tags.block.TagSource`, and gives a dataclass with
`summary` (plain values, as ``--json`` prints them) and mostly `to_xarray`. Times are int64 ps throughout::

    from heraldlink import recordings

    print(recordings.info("unknown.ptu").summary())
    recordings.g2("unknown.ptu", window_ps=(-50_000, 50_000), bin_ps=500).to_xarray()
    tags = recordings.open_recording("clicks.csv", unit="ns", delays_ps={1: 350})
    recordings.heralds(tags, gates_ps=[(0, 2000)], detectors=(1, 2), sync=5).heralds.attempt

What a verb needs is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heraldlink.record.repair import repair
    from heraldlink.recordings.clicks_over_time import rates
    from heraldlink.recordings.copies import convert, cut
    from heraldlink.recordings.gated import heralds
    from heraldlink.recordings.information import info
    from heraldlink.recordings.pair_counts import coincidences
    from heraldlink.recordings.second_order import g2
    from heraldlink.recordings.source import Recording, open_recording

__all__ = [
    "Recording",
    "coincidences",
    "convert",
    "cut",
    "g2",
    "heralds",
    "info",
    "open_recording",
    "rates",
    "repair",
]

_PLACES = {
    "Recording": "heraldlink.recordings.source",
    "open_recording": "heraldlink.recordings.source",
    "info": "heraldlink.recordings.information",
    "g2": "heraldlink.recordings.second_order",
    "coincidences": "heraldlink.recordings.pair_counts",
    "heralds": "heraldlink.recordings.gated",
    "rates": "heraldlink.recordings.clicks_over_time",
    "convert": "heraldlink.recordings.copies",
    "cut": "heraldlink.recordings.copies",
    "repair": "heraldlink.record.repair",
}


def __getattr__(name: str) -> object:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
