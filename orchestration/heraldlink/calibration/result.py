# SPDX-License-Identifier: Apache-2.0
"""What one run of a calibration left behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from heraldlink.calibration.measured import Measured
from heraldlink.messages.values import Origin

Outcome = Literal["measured", "failed"]


@dataclass(frozen=True, slots=True)
class Result:
    """One run. ``slot`` counts slot ticks; ``moved_slot`` is that of the last run that changed a value.

    ``values``: by name, empty if it failed, for which ``reason`` then is a sentence. ``at``: time of day for
    people (ISO 8601, UTC). ``origin``: of all instruments that contributed, joined. ``digest``: SHA-256 of
    what was played. ``declared``: digests of what the files said, by section, for `changed_since`.
    """

    calibration: str
    node: str
    outcome: Outcome
    slot: int
    moved_slot: int
    at: str
    origin: Origin
    digest: str
    values: Mapping[str, Measured] = field(default_factory=dict[str, Measured])
    reason: str = ""
    declared: Mapping[str, str] = field(default_factory=dict[str, str])
