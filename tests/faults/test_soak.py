# SPDX-License-Identifier: Apache-2.0
"""A minute under random faults: the counters of all nodes and of all clients balance."""

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.timeout(240)
def test_a_minute_of_random_faults_balances(request: pytest.FixtureRequest) -> None:
    seed = str(request.config.option.seed)
    command = [sys.executable, str(SOAK), "--seconds", "60", "--every", "3", "--seed", seed]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=230, check=False)
    assert ended.returncode == 0, ended.stderr
    pairs = [line.split()[-1] for line in ended.stdout.splitlines() if line.startswith("pairs: journal")]
    assert len(pairs) == 3
    assert len(set(pairs)) == 1
    assert float(pairs[0]) > 0
    faults = next(line for line in ended.stdout.splitlines() if line.startswith("faults"))
    assert float(faults.split()[1]) >= 10
