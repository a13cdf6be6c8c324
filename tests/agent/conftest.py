# SPDX-License-Identifier: Apache-2.0
"""Fixtures of this folder: a laboratory to share, and one to break."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A running laboratory of its own, for tests that break it."""
    laboratory = Lab(tmp_path)
    try:
        laboratory.start_sim("two_nodes.yaml", "--seed", "11")
        laboratory.start_nodes()
        yield laboratory
    finally:
        laboratory.stop()


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running laboratory that a module's tests share; each test prepares it anew."""
    laboratory = Lab(tmp_path_factory.mktemp("lab"))
    try:
        laboratory.start_sim("two_nodes.yaml", "--seed", "11")
        laboratory.start_nodes()
        yield laboratory
    finally:
        laboratory.stop()
