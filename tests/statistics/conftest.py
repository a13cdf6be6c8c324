# SPDX-License-Identifier: Apache-2.0
"""The whole chain against the models, as statistics, with helpers of the world's and the system's tests."""

import sys
from pathlib import Path

import pytest

for folder in ("world", "system"):
    sys.path.append(str(Path(__file__).parents[1] / folder))


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """Seed of laboratories and p-values."""
    return int(pytestconfig.getoption("--seed"))
