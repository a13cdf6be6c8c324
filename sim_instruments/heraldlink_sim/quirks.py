# SPDX-License-Identifier: Apache-2.0
"""Permanent departures of a real model from the standard, declared one by one.

A quirk belongs to the model and never goes away; what is injected for a while is a fault.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quirk:
    """One departure: ``id`` (``santec-cls-keeps-queue``), what the instrument does, and how that is known.

    ``rows``: rows of the 488.2 checklist that this model therefore answers differently.
    """

    id: str
    what: str
    evidence: str
    rows: tuple[str, ...] = ()
