# SPDX-License-Identifier: Apache-2.0
"""The pages in docs/published are what the command writes, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from heraldlink.cli.exits import ExitCode
from heraldlink.cli.main import execute
from heraldlink.published.catalogue import ROWS, row_of
from heraldlink.published.markdown import MADE_BY
from heraldlink.published.write import write

DOCS = Path(__file__).parents[2] / "docs" / "published"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    write(folder)
    return folder


def test_no_page_is_missing_or_left_over(written: Path) -> None:
    made = {path.name for path in DOCS.glob("*.md") if path.read_text().startswith(MADE_BY)}
    made |= {path.name for path in DOCS.glob("*.svg")}
    assert made == {path.name for path in written.iterdir()}


@pytest.mark.parametrize("name", [*(f"{row}.{kind}" for row in ROWS for kind in ("md", "svg")), "README.md"])
def test_a_committed_page_is_what_the_model_gives(written: Path, name: str) -> None:
    told = f"{name} is not what the model gives: run heraldlink published --output docs/published"
    assert (DOCS / name).read_bytes() == (written / name).read_bytes(), told


@pytest.mark.parametrize("name", ROWS)
def test_a_row_states_model_source_and_deviation(name: str) -> None:
    row = row_of(name)
    assert row.name == name
    assert all([row.source, row.statement, row.tables, row.panels, row.deviations])
    for panel in row.panels:
        assert "(" in panel.x_label or "dimensionless" in panel.x_label, f"no unit in {panel.x_label!r}"
        assert panel.points or panel.levels, f"{panel.title}: nothing published to compare with"


def test_the_command_writes_one_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["published", "meesala_2024", "--output", str(tmp_path)]) == ExitCode.DONE
    names = ["meesala_2024.md", "meesala_2024.svg"]
    assert capsys.readouterr().out.split() == [str(tmp_path / name) for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_an_unknown_row_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["published", "nobody_1905"]) == ExitCode.BAD_INPUT
    assert "no row 'nobody_1905': known are " in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").write_text("a file in the way")
    assert execute(["published", "meesala_2024", "--output", str(tmp_path / "docs")]) == ExitCode.BAD_INPUT
    assert "cannot be written" in capsys.readouterr().err
