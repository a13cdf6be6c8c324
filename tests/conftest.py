# SPDX-License-Identifier: Apache-2.0
"""Options of the whole suite."""

import pytest
from hypothesis import settings

settings.register_profile("suite", deadline=None)  # a busy machine must not fail a test
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--seed N`: draw the statistical tests afresh; the default is fixed."""
    parser.addoption("--seed", type=int, default=20251, help="seed of benches and random settings")
