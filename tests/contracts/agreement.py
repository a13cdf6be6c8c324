# SPDX-License-Identifier: Apache-2.0
"""The report that a run on hardware ends with: per command, whether hardware and simulator agree."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from heraldlink_sim.recording import compare

TellAgreement = Callable[[str, Path, Path], None]
_PROPERTY = "agreement"
_ORDER = ("different", "unknown", "tolerated", "equal")


@pytest.fixture
def agreement(record_property: Callable[[str, object], None]) -> TellAgreement:
    """``agreement(driver, hardware, simulator)`` keeps the comparison of two transcripts for the report."""

    def tell(driver: str, hardware: Path, simulator: Path) -> None:
        rows = [
            [driver, found.request, found.verdict, found.left, found.right, found.why]
            for found in compare(hardware, simulator)
        ]
        record_property(_PROPERTY, json.dumps(rows, default=str))

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the worst verdict of each command, once."""
    worst: dict[tuple[str, str], list[str]] = {}
    for driver, request, verdict, *rest in _rows(terminalreporter):
        known = worst.get((driver, request))
        if known is None or _ORDER.index(verdict) < _ORDER.index(known[0]):
            worst[driver, request] = [verdict, *rest]
    if not worst:
        return
    terminalreporter.section("hardware against simulator")
    for (driver, request), (verdict, left, right, why) in sorted(worst.items(), key=lambda item: item[1][0]):
        shown = "" if verdict == "equal" else f": {left!s:.60} / {right!s:.60} {why}"
        terminalreporter.write_line(f"{verdict:10} {driver} {request:.60}{shown}")
    counts = {verdict: sum(row[0] == verdict for row in worst.values()) for verdict in _ORDER}
    terminalreporter.write_line(", ".join(f"{number} {verdict}" for verdict, number in counts.items()))


def _rows(terminalreporter: pytest.TerminalReporter) -> Iterator[list[str]]:
    """All comparisons that the tests kept, from whichever worker."""
    for report in (item for items in terminalreporter.stats.values() for item in items):
        if getattr(report, "when", "") == "call":
            for name, value in report.user_properties:
                if name == _PROPERTY:
                    yield from json.loads(value)
