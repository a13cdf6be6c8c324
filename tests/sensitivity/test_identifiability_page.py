# SPDX-License-Identifier: Apache-2.0
"""The page in docs/published is what the command writes; every parameter stands in it once, with reasons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heraldlink.cli.exits import ExitCode
from heraldlink.cli.main import execute
from heraldlink.sensitivity import page
from heraldlink.sensitivity.catalogue import observations
from heraldlink.sensitivity.load import load_link, load_sequences
from heraldlink.sensitivity.parameters import leaves
from heraldlink.sensitivity.reasons import BEYOND, UNSEEN, why_beyond, why_unseen
from heraldlink.sensitivity.report import Report, report
from heraldlink.sensitivity.shifts import MOST_SHOTS

DOCS = Path(__file__).parents[2] / "docs" / "published"


@pytest.fixture(scope="module")
def found() -> Report:
    devices = load_link()
    return report(devices, observations(devices, load_sequences()))


def test_the_committed_page_is_what_the_model_gives(found):
    told = "run heraldlink sensitivity --output docs/published"
    assert (DOCS / "identifiability.md").read_text(encoding="utf-8") == page.page(found), told


def test_every_parameter_stands_there_once(found):
    listed = [item.sight.path for item in found.told]
    listed += [item.path for item in (*found.beyond, *found.unseen)]
    assert sorted(listed) == sorted(leaves(found.devices))


def test_those_told_are_within_reach_and_the_others_have_a_reason(found):
    assert all(item.sight.shots_needed <= MOST_SHOTS for item in found.told)
    assert all(item.reason for item in (*found.beyond, *found.unseen))
    used = {item.reason for item in (*found.beyond, *found.unseen)}
    assert {*UNSEEN.values(), *BEYOND.values()} <= used, "a reason is given that nothing needs"


def test_the_shift_promises_the_power_asked_for(found):
    assert min(abs(item.z) for item in found.told) > 3.9


def test_interchangeable_parameters_name_each_other(found):
    together = {item.sight.path: item.together for item in found.told}
    splitter = together["arms.alice.splitter"].standin
    assert splitter is not None
    assert splitter.others == pytest.approx({"arms.alice.insertion": 1.0}, abs=1e-3)
    assert together["arms.alice.qubit.t1_s"].standin is None


def test_numbers_for_programs(found):
    numbers = json.loads(page.as_json(found))
    assert len(numbers["told"]) == len(found.told)
    assert numbers["unseen"][0]["reason"]


def test_a_parameter_without_a_reason_is_an_error():
    with pytest.raises(KeyError):
        why_unseen("arms.alice.qubit.t1_s", 1.0)
    with pytest.raises(KeyError):
        why_beyond("arms.alice.qubit.t1_s")


def test_an_unknown_device_file_is_refused(capsys):
    assert execute(["sensitivity", "--devices", "nowhere.yaml"]) == ExitCode.BAD_INPUT
    assert "nowhere.yaml" in capsys.readouterr().err
