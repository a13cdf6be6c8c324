# SPDX-License-Identifier: Apache-2.0
"""The comparison with SeQUeNCe: says what is missing, and its own side of the table is right."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def comparison(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import against_sequence

    return against_sequence


@pytest.mark.skipif(find_spec("sequence") is not None, reason="SeQUeNCe is installed here")
def test_without_sequence_it_says_how_to_get_it() -> None:
    script = BENCHMARKS / "against_sequence.py"
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "SeQUeNCe is not installed" in run.stderr


def test_physics_of_unequal_arms(comparison) -> None:
    for arms in comparison.ARMS:
        assert comparison.physics(arms) == pytest.approx(arms[0] * arms[1] / 2, rel=1e-12)


def test_the_world_heralds_as_often_as_its_model_says(comparison) -> None:
    link = comparison.world_link()
    link.attempts_per_s()
    assert link.played.clicked > 100
    assert link.agrees()
