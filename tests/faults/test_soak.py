# SPDX-License-Identifier: Apache-2.0
"""A minute under random faults, with supervisors: all counters balance, and no process grows."""

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.timeout(240)
def test_a_minute_of_random_faults_balances(request: pytest.FixtureRequest) -> None:
    seed = str(request.config.option.seed)
    command = [sys.executable, str(SOAK), "--seconds", "60", "--every", "3", "--seed", seed, "--up"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=230, check=False)
    assert ended.returncode == 0, ended.stderr
    pairs = [line.split()[-1] for line in ended.stdout.splitlines() if line.startswith("pairs: journal")]
    assert len(pairs) == 3
    assert len(set(pairs)) == 1
    assert float(pairs[0]) > 0
    faults = next(line for line in ended.stdout.splitlines() if line.startswith("faults"))
    assert float(faults.split()[1]) >= 10
    judged = [line for line in ended.stdout.splitlines() if ": memory" in line and "+- inf" not in line]
    assert any(line.startswith("bench") for line in judged)
    assert len(judged) >= 3
