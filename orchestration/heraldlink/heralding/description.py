# SPDX-License-Identifier: Apache-2.0
"""What must be kept beside tags so that heralds and outcomes can be recomputed from them: text by key."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache

from heraldlink.errors import DataError
from heraldlink.heralding.readouts import ReadoutWindow
from heraldlink.sequences.pair_source import PairSourceSequence

SEQUENCE, GATE, READOUT, INSTRUMENT, SETTING = "sequence", "gate_ps", "readout", "instrument.", "setting."
ENVELOPE = "envelope_peak_V"
"""Peak of each end node's pump envelope, chosen for the request, by node."""
MODEL = "model"
"""What the midpoint predicted the request with: configuration, devices, calibrated values."""


def describe_midpoint(
    sequence: PairSourceSequence, gate_ps: tuple[int, int], instruments: Mapping[str, str]
) -> dict[str, str]:
    """Description of the midpoint's tags; ``instruments``: identity by name."""
    return {SEQUENCE: _sequence(sequence), GATE: _json(list(gate_ps))} | _identities(instruments)


def describe_end(
    sequence: PairSourceSequence, window: ReadoutWindow, instruments: Mapping[str, str]
) -> dict[str, str]:
    """Description of an end node's tags."""
    return {SEQUENCE: _sequence(sequence), READOUT: _json(asdict(window))} | _identities(instruments)


def sequence_of(describe: Mapping[str, str]) -> PairSourceSequence:
    """The sequence that was played. Raises DataError, as all below, if the description lacks it."""
    return PairSourceSequence(**json.loads(_entry(describe, SEQUENCE)))


def gate_of(describe: Mapping[str, str]) -> tuple[int, int]:
    """The herald gate, ps after START."""
    begin_ps, end_ps = json.loads(_entry(describe, GATE))
    return int(begin_ps), int(end_ps)


def window_of(describe: Mapping[str, str]) -> ReadoutWindow:
    """The readout window of an end node."""
    return ReadoutWindow(**json.loads(_entry(describe, READOUT)))


def envelopes_of(describe: Mapping[str, str]) -> dict[str, float]:
    """Peak of each end node's pump envelope, V."""
    return {str(name): float(peak_V) for name, peak_V in json.loads(_entry(describe, ENVELOPE)).items()}


def instruments_of(describe: Mapping[str, str]) -> dict[str, str]:
    """Identity of each instrument by name."""
    return {
        key.removeprefix(INSTRUMENT): value for key, value in describe.items() if key.startswith(INSTRUMENT)
    }


def describe_settings(values: Mapping[tuple[str, str], object]) -> dict[str, str]:
    """Read-backs by (instrument, setting), units in the settings' names."""
    return {f"{SETTING}{device}.{name}": _json(value) for (device, name), value in values.items()}


def settings_of(describe: Mapping[str, str], instrument: str) -> dict[str, object]:
    """What an instrument was set to when the request began, as it was read back."""
    prefix = f"{SETTING}{instrument}."
    return {
        key.removeprefix(prefix): json.loads(value)
        for key, value in describe.items()
        if key.startswith(prefix)
    }


@lru_cache(64)
def _sequence(sequence: PairSourceSequence) -> str:
    return _json(asdict(sequence))


def _identities(instruments: Mapping[str, str]) -> dict[str, str]:
    return {f"{INSTRUMENT}{name}": identity for name, identity in instruments.items()}


def _entry(describe: Mapping[str, str], key: str) -> str:
    if key not in describe:
        raise DataError(f"the description of the tags lacks {key!r}")
    return describe[key]


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
