# SPDX-License-Identifier: Apache-2.0
"""Options of the whole suite."""

import os
import secrets

import pytest
from hypothesis import settings

# Several workers, each with BLAS threads on all cores, wait for each other most of the time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
settings.register_profile("suite", deadline=None)  # a busy machine must not fail a test
settings.load_profile("suite")

FIXED_SEED = 20251


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--seed N` or `--seed fresh`: draw the statistical tests anew."""
    told = "seed of benches and random settings: a number, or fresh"
    parser.addoption("--seed", default=str(FIXED_SEED), help=told)
    parser.addoption(
        "--long", action="store_true", help="also what takes half an hour: power of all shifts, all kills"
    )
    contracts = parser.getgroup("contracts", "contracts of drivers, tests/contracts")
    contracts.addoption(
        "--instrument",
        action="append",
        default=[],
        metavar="NAME=ADDRESS",
        help="run a driver's contract on this hardware too; NAME.argument=ADDRESS for its other addresses",
    )
    contracts.addoption(
        "--switching",
        action="store_true",
        help="on hardware, also what switches outputs, moves shutters or sets biases",
    )
    contracts.addoption("--limits", metavar="FILE", help="YAML: by driver and quantity, [lowest, highest]")
    contracts.addoption(
        "--simulator",
        action="append",
        default=[],
        metavar="NAME=MODEL",
        help="the simulated model of a driver of your own",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Turn `fresh` into a number before the workers get it, and register marks."""
    config.addinivalue_line("markers", "long: only with --long")
    config.addinivalue_line("markers", "fault(*rows): shows the outcome of rows of the fault list")
    config.addinivalue_line("markers", "unprotected(row, without): fails as it must without a protection")
    if config.option.seed == "fresh":
        config.option.seed = str(secrets.randbits(31))


def pytest_report_header(config: pytest.Config) -> str:
    """Tell the seed, so that a run can be repeated."""
    return f"seed: {config.option.seed}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is long; begin with the longest modules, so that no worker ends up alone with them."""
    if not config.option.long:
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: {"system", "statistics"}.isdisjoint(item.path.parts))
