# SPDX-License-Identifier: Apache-2.0
"""A mistake in a file that only the worker reads ends the node with one sentence, not with a silent fault."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from agent_lab import CONFIGS, ROOT
from fault_lab import fault

MISTAKES = [
    ("midpoint", "devices/improved.yaml", "insertion:", "insertoin:", "improved.yaml: arms.alice.insertoin"),
    ("midpoint", "devices/improved.yaml", "splitter: 0.5", "splitter: 5", "splitter"),
    ("alice", "stations/alice.station.yaml", "address:", "adress:", "instruments.alice_awg.adress"),
    ("alice", "stations/alice.station.yaml", "HeraldTektronixAWG70002A", "Tektronics", "Tektronics"),
]


@fault(84, 86)
@pytest.mark.parametrize(("node", "file", "right", "wrong", "told"), MISTAKES)
def test_a_misspelt_file_ends_the_node(
    tmp_path: Path, node: str, file: str, right: str, wrong: str, told: str
) -> None:
    """The node ends with exit code 2 and one sentence that names file, key and instrument."""
    configs = Path(shutil.copytree(CONFIGS, tmp_path / "configs"))
    changed = configs / file
    changed.write_text(changed.read_text().replace(right, wrong, 1))
    (tmp_path / "addresses.json").write_text(json.dumps({}))
    command = [sys.executable, "-m", "heraldlink.cli", "node", str(configs / "nodes" / f"{node}.yaml")]
    command += ["--free-ports", "--data", str(tmp_path), "--addresses", str(tmp_path / "addresses.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, done.stderr
    (sentence,) = done.stderr.strip().splitlines()
    assert changed.name in sentence
    assert told in sentence
    assert "Traceback" not in sentence
