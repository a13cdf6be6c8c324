# SPDX-License-Identifier: Apache-2.0
"""``heraldlink show``: the table, the JSON object and the figure of a sequence."""

import json
from pathlib import Path

import pytest

from heraldlink.cli.exits import ExitCode
from heraldlink.cli.main import execute
from heraldlink.config import load_experiment
from heraldlink.sequences.experiments import plan_of


def test_the_table_lists_every_part_with_its_indices(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["show", "pair_source"]) == ExitCode.DONE
    printed = capsys.readouterr().out
    rows = [line.split() for line in printed.splitlines()]
    assert ["cal_e", "100", "1100", "..", "1199", "0.5"] in rows
    assert ["attempt", "5000", "1200", "..", "25", "readout"] in rows
    assert "gate 50 to 350 ns after START" in printed


def test_the_json_object_is_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["show", "sequences/ramsey.yaml", "--json", "--node", "bob"]) == ExitCode.DONE
    found = json.loads(capsys.readouterr().out)
    plan = plan_of(load_experiment("sequences/ramsey.yaml"), ("alice", "bob"))
    assert (found["digest"], found["duration_ps"]) == (plan.digest(), plan.duration_ps)
    assert [part["indices"] for part in found["parts"]] == [
        [plan.indices(part.name).start, plan.indices(part.name).stop] for part in plan.parts
    ]
    assert list(found["memory_samples"]) == ["bob"]
    drives = [e for e in found["parts"][3]["elements"]["bob"] if e["element"] == "QubitDrive"]
    assert [drive["begin_ps"] for drive in drives] == [4_150_000, 5_000_000]


@pytest.mark.parametrize(("kind", "link"), [("microwave_link", "deterministic, no herald"), ("rabi", None)])
def test_link_types_are_told_apart_from_calibrations(
    kind: str, link: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["show", kind, "--json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["link"] == link


@pytest.mark.parametrize(("suffix", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_figure_is_written_in_the_format_of_its_name(suffix: str, begins: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"figure.{suffix}"
    assert execute(["show", "time_bin", "--output", str(path)]) == ExitCode.DONE
    content = path.read_bytes()
    assert content.startswith(begins)
    if suffix == "svg":
        assert all(f"<!-- time_bin_{k}  2100 × -->".encode() in content for k in range(3))
        assert b"<!-- alice -->" in content


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "there is no file sequences/nothing.yaml"),
        (["rabi", "--node", "carol"], "the ends are alice, bob"),
        (["rabi", "--output", "rabi.jpg"], "must end in .svg"),
        (["rabi", "--generator", "AWG5208"], "1490..2.5e+09 of the AWG5208"),
        (["rabi", "--drive", "nodes/midpoint.yaml", "nodes/bob.yaml"], "kind: must be end"),
    ],
)
def test_what_cannot_be_shown_is_said(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["show", *arguments]) == ExitCode.BAD_INPUT
    assert words in capsys.readouterr().err
