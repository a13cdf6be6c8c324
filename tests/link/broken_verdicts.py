# SPDX-License-Identifier: Apache-2.0
"""Broken variants of how heralds and readouts become pairs."""

import msgspec
import pytest
from msgspec.structs import replace
from variants import Variant

from heraldlink.link import midpoint_slot, verdict
from heraldlink.link.verdict import Case
from heraldlink.messages.link import Report
from heraldlink.messages.values import Deviation, Herald, Readout


def no_quota(patch: pytest.MonkeyPatch) -> None:
    whole = verdict.decide
    patch.setattr(midpoint_slot, "decide", lambda case: whole(replace(case, quota=10**9)))


def by_order(case: Case) -> Case:
    """The same evidence, with the n-th readout of each node given to the n-th herald."""

    def relabelled(report: Report) -> Report:
        pairs = zip(case.heralds, report.readouts, strict=False)
        readouts = tuple(Readout(herald.attempt, one.outcome or 1) for herald, one in pairs)
        return Report(
            **{name: getattr(report, name) for name in report.__struct_fields__} | {"readouts": readouts}
        )

    return replace(case, reports={node: relabelled(report) for node, report in case.reports.items()})


def matched_by_order(patch: pytest.MonkeyPatch) -> None:
    whole = verdict.decide
    patch.setattr(midpoint_slot, "strays", lambda *_: ())
    patch.setattr(midpoint_slot, "decide", lambda case: whole(by_order(case)))


def counted_at_the_end(patch: pytest.MonkeyPatch) -> None:
    def strays(heralds: tuple[object, ...], reports: dict[str, Report], doubles: tuple[int, ...]) -> object:
        return tuple(
            Deviation(node, "attempt index", "the counts of the slot differ")
            for node, report in reports.items()
            if len(report.readouts) != len(heralds) + len(doubles)
        )

    patch.setattr(midpoint_slot, "strays", strays)


def strays_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(midpoint_slot, "strays", lambda *_: ())


def repeats_ignored(patch: pytest.MonkeyPatch) -> None:
    whole = verdict.strays

    def strays(heralds: object, reports: dict[str, Report], doubles: object) -> object:
        single = {
            node: msgspec.structs.replace(
                report, readouts=tuple(one for one in report.readouts if one.outcome)
            )
            for node, report in reports.items()
        }
        return whole(heralds, single, doubles)  # type: ignore[arg-type]

    patch.setattr(midpoint_slot, "strays", strays)


def doubles_counted(patch: pytest.MonkeyPatch) -> None:
    """As many strays as there were double clicks are let pass, wherever they are."""
    whole = verdict.strays

    def strays(heralds: tuple[Herald, ...], reports: dict[str, Report], doubles: tuple[int, ...]) -> object:
        expected = {herald.attempt for herald in heralds}
        found = whole(heralds, reports, doubles)  # type: ignore[arg-type]
        return tuple(
            one
            for one in found
            if sum(item.attempt not in expected for item in reports[one.node].readouts) > len(doubles)
            or any(item.outcome == 0 for item in reports[one.node].readouts)
        )

    patch.setattr(midpoint_slot, "strays", strays)


VARIANTS = (
    Variant(
        "no-quota",
        "heralds beyond the number asked for are confirmed",
        "storm",
        "deliveries",
        no_quota,
    ),
    Variant(
        "matched-by-order",
        "the n-th readout is taken for the n-th herald",
        "slips",
        "outcomes",
        matched_by_order,
    ),
    Variant(
        "counted-at-the-end",
        "attempt counters are compared at the end of a slot only",
        "slips",
        "outcomes",
        counted_at_the_end,
    ),
    Variant(
        "strays-ignored",
        "readouts that belong to no herald raise no doubt",
        "slips",
        "outcomes",
        strays_ignored,
    ),
    Variant(
        "repeats-ignored",
        "an attempt that was read out twice raises no doubt",
        "slips",
        "outcomes",
        repeats_ignored,
        first=4,
    ),
    Variant(
        "doubles-counted",
        "as many strays as double clicks raise no doubt",
        "slips",
        "outcomes",
        doubles_counted,
    ),
)
