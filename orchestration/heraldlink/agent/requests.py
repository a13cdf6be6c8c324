# SPDX-License-Identifier: Apache-2.0
"""Ranges of what a CREATE may ask for."""

import math

import msgspec

from heraldlink.errors import RequestError
from heraldlink.link.choices import LARGEST_TEST_SHARE
from heraldlink.messages.command import Create
from heraldlink.messages.service import SETS, Side
from heraldlink.messages.values import Demand

LARGEST_PRIORITY = 15


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
    check_service(body)
    given = msgspec.structs.asdict(body)
    return msgspec.convert({name: given[name] for name in Demand.__struct_fields__}, Demand)


def check_service(body: Create) -> None:
    """Fields of priority, purpose, kept and tested pairs. Raises RequestError."""
    if not 0 <= body.purpose_id <= 0xFFFF:
        raise RequestError(f"purpose_id must lie within 0..65535 (got {body.purpose_id})")
    if not 0 <= body.priority <= LARGEST_PRIORITY:
        raise RequestError(f"priority must lie within 0..{LARGEST_PRIORITY} (got {body.priority})")
    if not 0 <= body.test_share <= LARGEST_TEST_SHARE:
        raise RequestError(f"test_share must lie within 0..{LARGEST_TEST_SHARE:g} (got {body.test_share:g})")
    if not (math.isfinite(body.cutoff_s) and body.cutoff_s >= 0):
        raise RequestError(f"cutoff must be a number of seconds, 0 or more (got {body.cutoff_s:g})")
    if body.type != "K":
        alone = {"atomic": body.atomic, "early": body.early, "cutoff": body.cutoff_s}
        if wrong := [name for name, value in alone.items() if value]:
            raise RequestError(f"{' and '.join(wrong)} is for kept pairs alone (type K)")
    for side in body.sides or ():
        check_side(side)


def check_side(side: Side) -> None:
    """Angles and probabilities of one side. Raises RequestError."""
    if not all(map(math.isfinite, side.rotation_rad)):
        raise RequestError(f"rotation angles must be numbers of radians (got {side.rotation_rad})")
    if side.probabilities is None:
        return
    given = side.probabilities[: len(SETS[side.random_basis]) - 1]
    if not all(0 <= one <= 1 for one in given) or sum(given) > 1 + 1e-12:
        raise RequestError(
            f"probabilities of {side.random_basis} must lie within 0..1 and not exceed 1 together"
            f" (got {', '.join(format(one, 'g') for one in side.probabilities)})"
        )
