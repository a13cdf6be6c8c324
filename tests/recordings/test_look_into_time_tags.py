# SPDX-License-Identifier: Apache-2.0
"""Every command and script of docs/how-to/look-into-time-tags.md runs as it stands there."""

import re
import shlex
from pathlib import Path

import pytest
from made_recordings import filtered_syncs, pair_source

from heraldlink import recordings
from heraldlink.cli.main import execute

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "look-into-time-tags.md"
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    recordings.convert(filtered_syncs(clicks=10_000)[0], "clicks.parquet")
    for name, times in zip(("signal", "idler"), pair_source(12_400), strict=True):
        Path(f"{name}.txt").write_text("".join(f"{time}\n" for time in times.tolist()))
    commands = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    assert len(commands) == 10
    for command in commands:
        assert execute(shlex.split(command)[1:]) == 0, (command, capsys.readouterr().err)
    for kind, text in BLOCKS:
        if kind == "python":
            exec(compile(text, str(PAGE), "exec"), {})  # noqa: S102
    shown = capsys.readouterr().out
    for said in ("filtered sync", "--delays 101=12", "Psi+", "clicks.ptu"):
        assert said in shown
    assert {path.name for path in tmp_path.iterdir()} == {
        "clicks.parquet", "signal.txt", "idler.txt", "g2.svg", "heralds.csv", "rates.pdf", "clicks.ptu",
        "part.parquet",
    }  # fmt: skip
