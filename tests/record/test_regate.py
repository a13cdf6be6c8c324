# SPDX-License-Identifier: Apache-2.0
"""Runs with known truth, re-gated: what stays, what goes, and when there is a fidelity."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_run import FIRST, GATE, PROBABILITY, SEQUENCE, WINDOW, Bench, prediction, synthetic

from heraldlink.agent.recorded_model import recorded_model
from heraldlink.errors import DataError, RequestError
from heraldlink.heralding.attempts import ReferenceIndex
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.patterns import single_click
from heraldlink.messages.values import Prediction
from heraldlink.pairs import NodeTags
from heraldlink.record.regate import Regated, regate
from heraldlink.record.run import write_run
from heraldlink.record.tag_files import open_tags
from heraldlink.sequences.tagger import CLICKS_C, CLICKS_D, READOUT_MARKS

NARROW, WIDE = (1_150_000, 1_250_000), (900_000, 1_500_000)


@pytest.fixture(scope="module")
def bench() -> Bench:
    return synthetic(seed=5, rounds=1)


@pytest.fixture(scope="module")
def folder(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run as it was."""
    return kept(bench, tmp_path_factory.mktemp("run"))


def again(folder: Path, gate_ps: tuple[int, int]) -> Regated:
    def same(_: object, __: object) -> Prediction:
        return prediction()

    return regate(folder, gate_ps, same)


def kept(bench: Bench, tmp_path: Path, tags: dict[str, NodeTags] | None = None) -> Path:
    return write_run(tmp_path, bench.result(), tags or bench.node_tags()).folder


def test_heralds_are_those_whose_click_lies_in_the_gate(bench: Bench, folder: Path) -> None:
    assert again(folder, GATE).identical
    found = again(folder, NARROW)
    expected = {
        (slot, int(attempt))
        for (slot, raw), (time, index) in bench.node_tags()["midpoint"].tags.items()
        if raw in (CLICKS_C, CLICKS_D) and slot != 3
        for attempt in index[(time >= NARROW[0]) & (time < NARROW[1]) & (index >= FIRST)]
    }
    assert {(item.slot, item.attempt) for item in found.heralds} == expected
    assert found.kept == len(expected) < found.stored
    assert found.unavailable == ""
    assert abs(found.results.fidelity["both"].corrected.deviation((1 + 0.8 + 0.8 + 0.9) / 4)) < 4


def test_the_tags_read_as_a_recording_hold_the_same_heralds(bench: Bench, folder: Path) -> None:
    for slot in bench.slots:
        stream = HeraldStream(single_click(CLICKS_C, CLICKS_D, NARROW), ReferenceIndex(first_index=FIRST))
        for block in open_tags(folder / "tags-midpoint.parquet", slot=str(slot.slot)).blocks(7):
            stream.push(block)
        heralds = stream.finish().heralds
        found = [item for item in again(folder, NARROW).heralds if item.slot == slot.slot]
        if not slot.estimate:
            assert [item.attempt for item in found] == (heralds.attempt + FIRST).tolist()
            assert [item.outcome for item in found] == heralds.outcome.tolist()


def with_click(bench: Bench, slot: int, attempt: int, raw: int, time_ps: int) -> dict[str, NodeTags]:
    tags = bench.node_tags()
    time, index = tags["midpoint"].tags[slot, raw]
    changed = (np.append(time, time_ps), np.append(index, attempt))
    return tags | {"midpoint": replace(tags["midpoint"], tags=tags["midpoint"].tags | {(slot, raw): changed})}


def test_a_double_click_becomes_a_herald_where_the_gate_leaves_one_click_out(
    bench: Bench, tmp_path: Path
) -> None:
    """It was read out: the hardware heralds for any click."""
    first = next(pair for pair in bench.heralds if pair.bell_state == "psi+")
    tags = with_click(bench, first.slot, first.attempt, CLICKS_D, GATE[0])
    result = bench.result()
    result = replace(result, heralds=tuple(pair for pair in result.heralds if pair is not first))
    folder = write_run(tmp_path, result, tags).folder
    assert again(folder, GATE).double_clicks == 1
    found = again(folder, (GATE[0] + 1, GATE[1]))
    assert (found.double_clicks, len(found.heralds)) == (0, len(result.heralds) + 1)
    new = next(item for item in found.heralds if (item.slot, item.attempt) == (first.slot, first.attempt))
    assert new.outcomes == first.outcomes
    assert found.results.fidelity["both"].pairs == len(bench.heralds)


def test_outside_there_is_a_fidelity_only_if_every_attempt_was_read_out(
    bench: Bench, folder: Path, tmp_path: Path
) -> None:
    assert "reaches outside the hardware's" in again(folder, WIDE).unavailable
    tags = bench.node_tags()
    for name in ("alice", "bob"):
        tags[name] = read_everywhere(tags[name])
    found = again(kept(bench, tmp_path, tags), WIDE)
    assert found.unavailable == ""
    assert found.results.fidelity["both"].pairs == len(found.heralds)


def read_everywhere(node: NodeTags) -> NodeTags:
    """The same node with a readout, without a photon, in every attempt that had none."""
    tags = dict(node.tags)
    for slot in {slot for slot, _ in tags}:
        time, index = tags[slot, READOUT_MARKS]
        rest = np.setdiff1d(np.arange(FIRST, FIRST + SEQUENCE.attempts), index)
        after = np.full(rest.size, SEQUENCE.attempt_period_ps - WINDOW.width_ps)
        tags[slot, READOUT_MARKS] = (np.append(time, after), np.append(index, rest))
    return replace(node, tags=tags)


@pytest.mark.parametrize("gate_ps", [(5, 5), (7, 3), (-1, 4), (0, SEQUENCE.attempt_period_ps + 1)])
def test_a_gate_that_is_none_is_refused(folder: Path, gate_ps: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match=f"gate {gate_ps[0]} to {gate_ps[1]} ps: it must begin at 0"):
        again(folder, gate_ps)


def test_a_run_without_its_model_is_told(folder: Path) -> None:
    with pytest.raises(DataError, match="came without their model"):
        regate(folder, NARROW, lambda describe, gate_ps: recorded_model(describe).predict(gate_ps))
    for text in ("{}", "[]", "{", '{"config": {}, "devices": 1}'):
        with pytest.raises(DataError, match="cannot be read"):
            recorded_model({"model": text})


def test_the_rate_is_compared_with_what_is_predicted(folder: Path) -> None:
    rate = again(folder, GATE).results.rate
    assert rate.predicted == PROBABILITY
    assert abs(rate.standard_deviations) < 4
