# SPDX-License-Identifier: Apache-2.0
"""The bench of the checklist, and its table behind the summary: ``pytest tests/sim/checklist``."""

from collections.abc import Iterator

import pytest
from checklist_table import table

from heraldlink_sim.transport import EventLoopThread

_RESULTS = pytest.StashKey[dict[tuple[str, str, str], str]]()


@pytest.fixture(scope="session")
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as running:
        yield running


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RESULTS] = {}


class _Collector:
    """Gathers what the tests noted, here or in other processes."""

    def __init__(self, config: pytest.Config) -> None:
        self.results = config.stash[_RESULTS]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        noted = dict(report.user_properties).get("checklist")
        if noted and (report.when == "call" or report.outcome != "passed"):
            model, row, way = noted
            known = {"passed": "+", "failed": "FAIL", "skipped": "ref"}[report.outcome]
            if hasattr(report, "wasxfail"):
                known = "quirk" if report.outcome == "skipped" else "FAIL"
            self.results[(model, row, way)] = known


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(_Collector(session.config), "checklist results")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if results := config.stash[_RESULTS]:
        terminalreporter.section("IEEE 488.2, SCPI-1999 and HiSLIP: 85 behaviours")
        for line in table(results):
            terminalreporter.write_line(line)
