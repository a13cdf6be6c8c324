# SPDX-License-Identifier: Apache-2.0
"""Each quirk that a model declares has its evidence, and a test that is named after it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from heraldlink_sim.model import quirks_of_models

TESTS = Path(__file__).resolve().parents[1]
QUIRKS = {quirk: text for about in quirks_of_models().values() for quirk, text in about["quirks"].items()}


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Names of all test functions."""
    texts = (path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    return {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_quirk_has_evidence_and_a_test_named_after_it(names, quirk):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", quirk)
    assert re.search(r"\S \(.{8,}\)$", QUIRKS[quirk])
    assert any(name.startswith(f"test_{quirk.replace('-', '_')}") for name in names)


def test_the_command_lists_every_model_with_its_quirks():
    command = [sys.executable, "-m", "heraldlink.cli", "sim", "models", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == quirks_of_models()
