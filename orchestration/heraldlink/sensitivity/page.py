# SPDX-License-Identifier: Apache-2.0
"""The report as a Markdown page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from math import isinf

from heraldlink.sensitivity.combinations import ALIKE
from heraldlink.sensitivity.report import Report, Told
from heraldlink.sensitivity.shifts import MOST_SHOTS

MADE_BY = (
    "<!-- Written by `heraldlink sensitivity`: change the model, the sequences or the devices instead. -->"
)

METHOD = """\
A shot ends in one of several cells: which detector clicked and when, how many photons a readout gave, or
both. Their probabilities come from `heraldlink_physics`; the Fisher information of the counts gives the
smallest standard error sigma of each parameter while the others are known. Where a slot must find the phase
between the arms itself, that phase is estimated first and what it costs is subtracted."""
DETECTION = """\
A change is detected by the score test of the sequence's counts at 1 % false alarm, two-sided. The shift is
5 sigma; z is what the test gives on average for it, from the exact probabilities: 5 if they were linear, and
3.9 for a power of 0.9. It is upwards, unless that leaves the parameter's range or gives less than 4. That
shifts are found in played tags is shown by [a run](detection_power.md) of
`pytest tests/sensitivity/test_detection_power.py --long`; without the option it plays a few of them."""
COLUMNS = """\
Shots for 10 %: after which a change by a tenth of the value is 5 sigma. Sigma, all unknown: from all
sequences, while every other parameter of this table is estimated too; a dash where others mimic it."""


def page(found: Report) -> str:
    """The whole page."""
    return "\n\n".join([*_head(found), *_told(found), *_combined(found), *_untold(found)]) + "\n"


def as_json(found: Report) -> str:
    """The same numbers for programs; infinite ones are null."""
    told = [
        {
            "parameter": item.sight.path,
            "value": item.sight.value,
            "sequence": item.sight.observation.name,
            "sigma": item.sight.sigma,
            "shots": item.sight.observation.shots,
            "shots_for_a_tenth": item.sight.shots_needed,
            "shifted": item.shifted,
            "expected_z": item.z,
            "sigma_together": None if isinf(item.together.sigma) else item.together.sigma,
            "mimicked_by": dict(item.together.standin.others) if item.together.standin else {},
        }
        for item in found.told
    ]
    rest = {
        name: [
            {
                "parameter": item.path,
                "value": None if isinf(item.value) else item.value,
                "shots_for_a_tenth": None if isinf(item.shots) else item.shots,
                "reason": item.reason,
            }
            for item in items
        ]
        for name, items in (("beyond", found.beyond), ("unseen", found.unseen))
    }
    return json.dumps({"devices": found.devices.name, "told": told, **rest}, indent=1)


def _head(found: Report) -> list[str]:
    count = len(found.told) + len(found.beyond) + len(found.unseen)
    sequences = [(item.name, item.tells, f"{item.slots}", _number(item.shots)) for item in found.observations]
    return [
        MADE_BY,
        "# What the calibration sequences can tell",
        f"Devices: {found.devices.name}. Every number of the device file is listed once, {count} in all. All "
        "from one command, byte for byte:",
        "```sh\nheraldlink sensitivity --output docs/published\n```",
        METHOD,
        DETECTION,
        "## Sequences",
        _table(("sequence", "what is counted", "slots", "shots"), sequences),
    ]


def _told(found: Report) -> list[str]:
    rows = [_told_row(item) for item in found.told]
    header = (
        "parameter", "value", "sequence", "sigma", "relative", "shots for 10 %", "shifted to", "z",
        "sigma, all unknown",
    )  # fmt: skip
    return [
        "## Told by a sequence",
        COLUMNS,
        _table(header, rows),
    ]


def _told_row(item: Told) -> Sequence[str]:
    sight = item.sight
    relative = f"{_number(100 * sight.sigma / abs(sight.value))} %" if sight.value else "-"
    return (
        f"`{sight.path}`",
        _exact(sight.value),
        sight.observation.name,
        _number(sight.sigma),
        relative,
        _number(sight.shots_needed),
        _exact(item.shifted),
        f"{item.z:.1f}",
        "-" if isinf(item.together.sigma) else _number(item.together.sigma),
    )


def _combined(found: Report) -> list[str]:
    rows = [
        (
            f"`{item.sight.path}`",
            " ".join(f"{share:+.2g} `{path}`" for path, share in standin.others.items()),
            "wholly"
            if standin.left <= ALIKE
            else f"but for {100 * standin.left:.1g} %, with more others wholly",
        )
        for item in found.told
        if (standin := item.together.standin) is not None
    ]
    return [
        "## Told only in combination",
        "A relative change of the parameter does to all counts what these relative changes of others do "
        "together: only the sum is told, and a shift of either is detected as one of the sum. n_bar and the "
        "efficiency, for one, are not told apart by rates, but by clicks and qubits together (g2).",
        _table(("parameter", "is mimicked by", "how well"), rows),
    ]


def _untold(found: Report) -> list[str]:
    beyond = [
        (f"`{item.path}`", _exact(item.value), _number(item.shots), item.reason) for item in found.beyond
    ]
    unseen = [(f"`{item.path}`", _exact(item.value), item.reason) for item in found.unseen]
    return [
        f"## Out of reach: more than {MOST_SHOTS:.0e} shots",
        _table(("parameter", "value", "shots for 10 %", "why"), beyond),
        "## Not told by any sequence",
        _table(("parameter", "value", "why"), unseen),
    ]


def _number(value: float) -> str:
    return f"{value:.2g}" if abs(value) < 1000 and value != int(value) else f"{value:.3g}"


def _exact(value: float) -> str:
    return f"{value:.6g}" if abs(value) < 1e9 else f"{value:.9g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
