# SPDX-License-Identifier: Apache-2.0
"""Every shipped sequence file: it loads, compiles, and its waveforms hold what its settings say."""

import re
from dataclasses import replace
from math import pi
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from heraldlink.config import load_experiment
from heraldlink.config.document import read_document
from heraldlink.errors import ConfigurationError
from heraldlink.sequences import (
    NodeDrive,
    PumpPulse,
    QubitDrive,
    ReadoutGate,
    SlotPlan,
    generator_program_of,
    hub_tagger,
)
from heraldlink.sequences.experiments import KINDS, plan_of
from heraldlink_drivers.roles import MARKER_1

CONFIGS = Path(__file__).parents[2] / "configs" / "sequences"
ENDS = ("alice", "bob")
DRIVE = NodeDrive((0.5, 0.5), 0.2, 0.25, 5.0e9, 1.0e9, phase_switch=False)
RATE_Hz = 12.5e9


def shipped(kind: str) -> SlotPlan:
    return plan_of(load_experiment(f"sequences/{kind}.yaml"), ENDS)


def of_kind(plan: SlotPlan, part: str, node: str, kind: type) -> list:
    return [element for element in plan.part(part).elements[node] if isinstance(element, kind)]


def test_there_is_a_file_for_every_kind_and_no_other() -> None:
    assert {path.stem for path in CONFIGS.glob("*.yaml")} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_shipped_file_compiles_at_both_ends(kind: str) -> None:
    settings = load_experiment(CONFIGS / f"{kind}.yaml")
    plan = plan_of(settings, ENDS)
    assert (type(settings), plan.name, plan.nodes) == (KINDS[kind], kind, ENDS)
    for node in ENDS:
        program = generator_program_of(plan, node, DRIVE)
        assert len(program.steps) == len(plan.parts) <= len(program.waveforms)
        assert all(np.abs(w.channels[n]).max() <= 1 for w in program.waveforms.values() for n in (0, 1))
    assert plan.duration_ps + plan.period_ps <= plan.record_ps < 1e12 / plan.tick_rate_Hz


@pytest.mark.parametrize(
    ("kind", "field"),
    [("rabi", "angles_rad"), ("ramsey", "delays_ps"), ("t1", "delays_ps"), ("pump_sweep", "peaks_V"),
     ("hom", "shifts_ps"), ("time_bin", "bases"), ("barrett_kok", "bases"), ("microwave_link", "bases")],
)  # fmt: skip
def test_a_scan_has_one_part_per_value_one_after_the_other(kind: str, field: str) -> None:
    settings = load_experiment(f"sequences/{kind}.yaml")
    plan = plan_of(settings, ENDS)
    values = getattr(settings, field)
    assert [part.name for part in plan.parts] == [f"{kind}_{k}" for k in range(len(values))]
    indices = [n for part in plan.parts for n in plan.indices(part.name)]
    assert indices == list(range(sum(part.count for part in plan.parts)))


def test_rabi_turns_by_each_angle() -> None:
    settings = load_experiment("sequences/rabi.yaml")
    program = generator_program_of(plan_of(settings, ENDS), "bob", DRIVE)
    for k, angle in enumerate(settings.angles_rad):
        volts = program.waveforms[f"rabi_{k}"].channels[1].astype(float) * 0.25
        t_s = np.arange(volts.size) / RATE_Hz
        turned = 1e9 * abs(2 * np.sum(volts * np.exp(-2j * pi * 5e9 * t_s)) / RATE_Hz)
        assert turned == pytest.approx(angle, abs=1e-4)


def test_ramsey_pulses_are_a_delay_apart_and_the_second_axis_turns() -> None:
    settings = load_experiment("sequences/ramsey.yaml")
    plan = plan_of(settings, ENDS)
    for k, delay_ps in enumerate(settings.delays_ps):
        first, second = of_kind(plan, f"ramsey_{k}", "alice", QubitDrive)
        assert second.begin_ps - first.begin_ps == delay_ps
        assert (first.angle_rad, second.angle_rad, first.axis_rad) == (pi / 2, pi / 2, 0)
        turns = settings.fringe_Hz * delay_ps * 1e-12
        assert np.exp(1j * second.axis_rad) == pytest.approx(np.exp(2j * pi * turns))


def test_t1_waits_from_the_pulse_to_the_gate() -> None:
    settings = load_experiment("sequences/t1.yaml")
    plan = plan_of(settings, ENDS)
    for k, delay_ps in enumerate(settings.delays_ps):
        (pulse,) = of_kind(plan, f"t1_{k}", "bob", QubitDrive)
        (gate,) = of_kind(plan, f"t1_{k}", "bob", ReadoutGate)
        assert gate.begin_ps - (pulse.begin_ps + pulse.end_ps) / 2 == delay_ps


@pytest.mark.parametrize(("pumped", "ends"), [("a", {"alice"}), ("b", {"bob"}), ("both", set(ENDS))])
def test_the_pump_sweep_pumps_the_chosen_ends_with_each_peak(pumped: str, ends: set[str]) -> None:
    settings = replace(load_experiment("sequences/pump_sweep.yaml"), pumped=pumped)
    plan = plan_of(settings, ENDS)
    for k, peak_V in enumerate(settings.peaks_V):
        found = {node: of_kind(plan, f"pump_sweep_{k}", node, PumpPulse) for node in ENDS}
        assert {node for node, pulses in found.items() if pulses} == ends
        assert all(pulse.peak_V == peak_V for pulses in found.values() for pulse in pulses)


def test_hom_shifts_only_the_second_node_and_stays_in_the_gate() -> None:
    settings = load_experiment("sequences/hom.yaml")
    plan = plan_of(settings, ENDS)
    for k, shift_ps in enumerate(settings.shifts_ps):
        (a,), (b,) = (of_kind(plan, f"hom_{k}", node, PumpPulse) for node in ENDS)
        assert b.centre_ps - a.centre_ps == shift_ps
        for pulse in (a, b):  # 3 sigma of the light, after the sync
            assert plan.gate_ps[0] <= pulse.centre_ps - settings.sync_begin_ps - 3 * pulse.sigma_ps
            assert plan.gate_ps[1] >= pulse.centre_ps - settings.sync_begin_ps + 3 * pulse.sigma_ps


def test_g2_pumps_and_reads_one_node() -> None:
    plan = plan_of(replace(load_experiment("sequences/g2.yaml"), pumped="b"), ENDS)
    assert [type(e).__name__ for e in plan.part("g2").elements["alice"]] == ["Sync"]
    assert [type(e).__name__ for e in plan.part("g2").elements["bob"]] == ["Sync", "PumpPulse", "ReadoutGate"]


def test_time_bin_reads_both_bins_in_the_same_basis() -> None:
    plan = shipped("time_bin")
    for k, drives in enumerate((0, 2, 2)):  # Z, X, Y
        early, late = of_kind(plan, f"time_bin_{k}", "alice", ReadoutGate)
        assert len(of_kind(plan, f"time_bin_{k}", "alice", PumpPulse)) == 2
        found = of_kind(plan, f"time_bin_{k}", "alice", QubitDrive)
        assert len(found) == drives
        for drive, gate in zip(found, (early, late), strict=False):
            assert drive.end_ps <= gate.begin_ps
    axes = [{d.axis_rad for d in of_kind(plan, f"time_bin_{k}", "alice", QubitDrive)} for k in (1, 2)]
    assert [len(one) for one in axes] == [1, 1]
    assert axes[0] != axes[1]
    for k, (alice, bob) in ((3, (1, 2)), (4, (2, 1))):  # XY, YX
        for end, like in (("alice", alice), ("bob", bob)):
            assert plan.part(f"time_bin_{k}").elements[end] == plan.part(f"time_bin_{like}").elements[end]


def test_barrett_kok_flips_between_the_pulses() -> None:
    plan = shipped("barrett_kok")
    one, two = of_kind(plan, "barrett_kok_1", "bob", PumpPulse)
    prepare, flip, analysis = of_kind(plan, "barrett_kok_1", "bob", QubitDrive)
    assert (prepare.angle_rad, flip.angle_rad, analysis.angle_rad) == (pi / 2, pi, pi / 2)
    assert prepare.end_ps <= one.begin_ps < one.end_ps <= flip.begin_ps < flip.end_ps <= two.begin_ps
    assert two.end_ps <= analysis.begin_ps


def test_the_microwave_link_emits_absorbs_and_heralds_nothing() -> None:
    settings = load_experiment("sequences/microwave_link.yaml")
    plan = plan_of(settings, ENDS)
    prepare, emit = of_kind(plan, "microwave_link_0", "alice", QubitDrive)
    (absorb,) = of_kind(plan, "microwave_link_0", "bob", QubitDrive)
    assert (prepare.angle_rad, emit.angle_rad, absorb.angle_rad) == (pi, pi / 2, pi)
    assert absorb.begin_ps - emit.begin_ps == settings.flight_ps
    assert not of_kind(plan, "microwave_link_0", "alice", PumpPulse)
    program = hub_tagger(plan, {})
    assert (program.combiner, dict(program.outputs)) == (None, {})


def test_a_detuned_drive_plays_at_its_own_frequency_with_its_axis_at_the_centre() -> None:
    settings = load_experiment("sequences/microwave_link.yaml")
    wave = generator_program_of(plan_of(settings, ENDS), "bob", DRIVE).waveforms["microwave_link_0"]
    volts, t_s = wave.channels[1].astype(float) * 0.25, np.arange(wave.length) / RATE_Hz
    centre_s = (settings.emission_begin_ps + settings.flight_ps + 4 * settings.transfer_sigma_ps) * 1e-12
    frame = np.exp(-2j * pi * (5e9 * t_s - 1e9 * (t_s - centre_s)))
    area = 2 * np.sum(volts * frame) / RATE_Hz
    assert 1e9 * abs(area) == pytest.approx(pi, rel=1e-4)
    assert np.angle(area) == pytest.approx(0, abs=1e-4)


def test_the_hub_raises_its_outputs_only_for_plans_that_jump() -> None:
    assert dict(hub_tagger(shipped("hom"), {}).outputs) == {}
    assert hub_tagger(shipped("hom"), {}).combiner is not None
    pair_source = replace(shipped("pair_source"), gate_ps=(50_000, 350_000))
    assert dict(hub_tagger(pair_source, {}).outputs) == {1: "TSCO5", 2: "TSCO5"}
    with pytest.raises(ConfigurationError, match=r"gate 0\.\.0 ps must be a window"):
        hub_tagger(shipped("pair_source"), {})


def test_only_the_first_node_stays_unswitched_in_the_phase_sequence() -> None:
    plan = shipped("phase")
    marks = {
        (node, part): generator_program_of(plan, node, DRIVE).waveforms[part].markers[0]
        for node in ENDS
        for part in ("bright_i", "bright_q")
    }
    high = {key: bool((track & ~np.uint8(MARKER_1)).any()) for key, track in marks.items()}
    assert [key for key, switched in high.items() if switched] == [("bob", "bright_q")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("kind: rabbi", r"rabi\.yaml:4: kind: must be one of"),
        ("shots: many", r"rabi\.yaml:\d+: shots: input should be a valid integer"),
        ("shots: 0", "shots: input should be greater than or equal to 1"),
        ("colour: red", "colour: unknown key"),
        ("angles_rad: [1.0]", "angles_rad: .* at least 2"),
        ("attempt_period_ps: 4.0e6", "attempt_period_ps: input should be a valid integer"),
    ],
)
def test_a_wrong_key_is_named_with_its_file_and_line(change: str, words: str, tmp_path: Path) -> None:
    key = change.split(":")[0]
    lines = (CONFIGS / "rabi.yaml").read_text(encoding="utf-8").splitlines()
    kept = [change if line.startswith(f"{key}:") else line for line in lines]
    path = tmp_path / "rabi.yaml"
    path.write_text("\n".join(kept if change in kept else [*kept, change]) + "\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=words):
        load_experiment(path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_refuses_a_key_that_it_does_not_know(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"{kind}.yaml"
    path.write_text((CONFIGS / path.name).read_text(encoding="utf-8") + "colour: red\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"{kind}\.yaml:\d+: colour: unknown key"):
        load_experiment(path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.yaml"
    path.write_text("name: x\nkind: t1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"short\.yaml:1: delays_ps: missing key"):
        load_experiment(path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_page_states_every_shipped_value(kind: str) -> None:
    page = (CONFIGS.parents[1] / "docs" / "reference" / "sequences.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {kind}: .*?(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    rows = {key: value for key, value in re.findall(r"^\| `(\w+)` \|.*\| (.+) \|$", section, re.MULTILINE)}
    content = read_document(CONFIGS / f"{kind}.yaml").content
    common = {"name", "kind", "sample_rate_Hz", "tick_rate_Hz"}
    assert {key: YAML(typ="safe").load(value) for key, value in rows.items()} == {
        key: value for key, value in content.items() if key not in common
    }


def test_the_page_shows_a_sequence_that_compiles() -> None:
    page = (CONFIGS.parents[1] / "docs" / "reference" / "sequences.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    found: dict[str, object] = {}
    exec(code, found)  # noqa: S102
    assert found["program"].steps[0].repeat == 2000
