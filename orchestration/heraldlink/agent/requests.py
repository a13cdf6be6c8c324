# SPDX-License-Identifier: Apache-2.0
"""Ranges of what a CREATE may ask for."""

import math

from heraldlink.errors import RequestError
from heraldlink.messages.command import Create
from heraldlink.messages.values import Demand


def demand_of(body: Create) -> Demand:
    """The demand of a CREATE. Raises RequestError naming the field and its range."""
    if not 0 <= body.minimum_fidelity <= 1:
        raise RequestError(f"minimum_fidelity must lie within 0..1 (got {body.minimum_fidelity:g})")
    if not 1 <= body.number <= 10**9:
        raise RequestError(f"number must lie within 1..1e9 (got {body.number})")
    if not (math.isfinite(body.max_time_s) and body.max_time_s > 0):
        raise RequestError(f"max_time must be a positive number of seconds (got {body.max_time_s:g})")
    if not body.bases or len(set(body.bases)) != len(body.bases):
        raise RequestError("bases must name one or more of XX, YY and ZZ, each once")
    if body.withhold_limit < 1:
        raise RequestError(f"withhold_limit must be at least 1 (got {body.withhold_limit})")
    return Demand(
        number=body.number,
        minimum_fidelity=body.minimum_fidelity,
        max_time_s=body.max_time_s,
        seed=body.seed,
        bases=body.bases,
        withhold_limit=body.withhold_limit,
        purpose_id=body.purpose_id,
    )
