# SPDX-License-Identifier: Apache-2.0
"""Without numba everything works, in numpy; with it, nothing loads it before it pays."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from heraldlink.errors import RequestError
from heraldlink.tags import engine
from heraldlink.tags.block import END_PS, Block, Header
from heraldlink.tags.formats.ptu_writer import PtuWriter

WITHOUT = """
import sys
if {missing}:
    sys.modules["numba"] = None
from heraldlink.recordings import coincidences, heralds
from heraldlink.tags.engine import pair_engine
found = coincidences({path!r}, channels=(1, 2)).summary()
herald = heralds({path!r}, gates_ps=((0, 600),), detectors=(1, 2), sync=0).summary()
print(sys.modules.get("numba") is not None)
print(found)
print(herald)
"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A sync each nanosecond, 1,000 clicks each of two detectors."""
    drawn = np.random.default_rng(1)
    clicks = drawn.integers(1_000, 1_000_000, 2_000)
    times = np.concatenate((np.arange(1, 1_000) * 1_000, clicks))
    channel = np.concatenate((np.zeros(999, np.int16), np.repeat(np.array([1, 2], np.int16), 1_000)))
    order = times.argsort(kind="stable")
    with (tmp_path / "tags.ptu").open("w+b") as stream:
        writer = PtuWriter(stream, Header("test", "times", 1.0))
        writer.push(Block(times[order], channel[order], END_PS))
        writer.finish()
    return tmp_path / "tags.ptu"


def test_verbs_give_the_same_without_it(recording: Path) -> None:
    loaded, *without = _run(recording, missing=True)
    assert loaded == "False"
    loaded, *as_installed = _run(recording, missing=False)
    assert loaded == "False"  # too few tags to be worth it
    assert without == as_installed
    assert "attempts" in without[1]


def test_the_compiled_engine_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(RequestError, match=r"heraldlink\[fast\]"):
        engine.engine_name("compiled")
    monkeypatch.setattr(engine, "LARGE_TAGS", 1)
    monkeypatch.setattr(engine, "WORTH_TAGS", 1)
    times = np.arange(10, dtype=np.int64)
    assert engine.pair_engine().count_pairs(times, times, 0, 1) == 10


def _run(path: Path, missing: bool) -> list[str]:
    script = WITHOUT.format(missing=missing, path=str(path))
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()
