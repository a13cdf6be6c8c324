# SPDX-License-Identifier: Apache-2.0
"""The page on analyses: its examples run, and what it names is there."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from heraldlink.tags.block import END_PS, Block, Header
from heraldlink.tags.formats.ptu_writer import PtuWriter

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "tag-analyses.md"


def written(name: str, time: np.ndarray, channel: np.ndarray) -> None:
    with Path(name).open("w+b") as stream:
        writer = PtuWriter(stream, Header("test", "times", 1.0))
        writer.push(Block(time, channel.astype(np.int16), END_PS))
        writer.finish()


def two_photons(rng: np.random.Generator, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Photons of two sources, each pulse of 10 ns, behind a beam splitter: two leave apart so often."""
    pulses = np.arange(1_000_000)
    first, second = (rng.random(pulses.size) < 0.05 for _ in range(2))
    port = rng.integers(0, 2, pulses.size)
    other = np.where(rng.random(pulses.size) < apart, 1 - port, port)
    clicks = [(first | second, port), (first & second & (other != port), other)]
    time = np.concatenate([pulses[here] * 10_000 for here, _ in clicks])
    channel = np.concatenate([each[here] for here, each in clicks])
    order = np.lexsort((channel, time))
    return time[order], channel[order]


def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    time = np.sort(rng.integers(10**9, 10**10, 40_000))
    written("recording.ptu", time, rng.integers(0, 2, time.size))
    written("here.ptu", time, np.zeros(time.size))
    written("there.ptu", time[::4] + 123_456_789, np.zeros(time[::4].size))
    for name, together in (("parallel", 0.05), ("crossed", 0.5)):
        written(f"{name}.ptu", *two_photons(rng, together))
    delay = np.linspace(-60.0, 60.0, 41)
    expected = 500 * (1 - 0.8 * np.exp(-((delay - 7) ** 2) / (2 * 12**2)))
    scan = np.column_stack((delay, rng.poisson(expected * 2), np.full(delay.size, 2.0)))
    np.savetxt("scan.csv", scan, delimiter=",")
    first, photons, clocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(first, str(PAGE), "exec"), names)  # noqa: S102
    line, *rest = capsys.readouterr().out.splitlines()
    rate, pairs, accidental = re.fullmatch(r"(\S+) ± \S+ 1/s (\d+) (\S+)", line).groups()
    assert float(rate) == pytest.approx(40_000 / 2 / 0.009, rel=0.05)
    assert int(pairs) == pytest.approx(float(accidental), abs=5 * float(accidental) ** 0.5)
    assert len(re.findall(r"[\d.]+", " ".join(rest))) == 2 * 20
    exec(compile(photons, str(PAGE), "exec"), names)  # noqa: S102
    peaks, fitted = (
        list(map(float, re.findall(r"-?\d+\.\d+", line))) for line in capsys.readouterr().out.splitlines()
    )
    assert peaks[::2] == [pytest.approx(0.9, abs=5 * peaks[1]), 0.5]
    assert fitted[0] == pytest.approx(0.8, abs=5 * fitted[1])
    assert fitted[2] == pytest.approx(7, abs=5 * fitted[3])
    exec(compile(clocks, str(PAGE), "exec"), names)  # noqa: S102
    assert capsys.readouterr().out.startswith("123456789 ±")


def test_what_the_table_names_is_there() -> None:
    for place in set(re.findall(r"`((?:tags|heralding)(?:\.\w+)+)", PAGE.read_text())):
        module, name = place.rsplit(".", 1)
        assert hasattr(import_module(f"heraldlink.{module}"), name), place
