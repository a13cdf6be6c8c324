# SPDX-License-Identifier: Apache-2.0
"""Causes go over the wire: an instrument is changed over its own socket, and the tags follow the model.

Each change is made behind the nodes' back, at three magnitudes drawn at random where it has one. The nodes
must hand out no pair of it and say why, from tags and read-backs; what they counted must agree with the model
at the settings as they are read back, and disagree with the model at the settings as they were.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
import pyvisa
from exact_statistics import holm
from forecast import PHASE_AGE_s, ReadBack, TICK_s, devices, read_back, same_probability
from scipy.stats import binomtest, combine_pvalues
from two_node_lab import Laboratory

from heraldlink.pairs import Pair, Result, SlotReport

pytestmark = pytest.mark.timeout(600)

THREE_SIGMA = 0.0027
SLOTS = 30
NARROW_GATE = {"begin_ps": 120_000, "end_ps": 280_000}
"""Plus and minus 80 ns about the light, so that 50 ns are seen."""
MODEL = devices()
BELLS = {"psi+": "c", "psi-": "d"}


@dataclass(frozen=True)
class Cause:
    """One way to change the rack: commands at a magnitude, and the culprit that the nodes should name."""

    culprit: str
    change: Callable[[Laboratory, float], object]
    magnitudes: tuple[float, float] | None = None
    """Range to draw from; None where the cause has no magnitude."""
    playing: tuple[bool, bool] = (True, True)
    undo: Callable[[Laboratory], object] = lambda lab: None


@dataclass(frozen=True)
class Observation:
    """A request under a cause: its slots and heralds after the change, and the rack as it was left."""

    result: Result
    slots: tuple[SlotReport, ...]
    heralds: tuple[Pair, ...]
    rack: ReadBack


def half_scale(channel: int) -> Callable[[Laboratory, float], object]:
    """Scale the amplitude of one channel of Alice's generator."""
    return lambda lab, factor: lab.send("alice_awg", f"SOUR{channel}:VOLT {0.5 * factor:.4f}")


def move_marker(lab: Laboratory, delay_ns: float) -> None:
    """Write Alice's attempt sync later into the markers of the uploaded waveform."""
    resource = pyvisa.ResourceManager("@py").open_resource(lab.addresses["alice_awg"])
    try:
        resource.timeout = 5000
        name = "attempt_ch1"
        length = int(resource.query(f'WLIS:WAV:LENG? "{name}"'))
        query = f'WLIS:WAV:MARK:DATA? "{name}",0,{length}'
        marks = np.array(resource.query_binary_values(query, datatype="B"), dtype=np.uint8)
        moved = np.roll(marks, round(delay_ns * 12.5))
        command = f'WLIS:WAV:MARK:DATA "{name}",0,{length},'
        resource.write_binary_values(command, moved, datatype="B")
        assert resource.query("*OPC?").strip() == "1"
    finally:
        resource.close()


def set_bias(lab: Laboratory, bias_A: float) -> None:
    """Bias of both of the midpoint's detectors, in the detector box's own JSON."""
    lab.send_json(
        "hub_eos", {"command": "SetAllBiasCurrents", "label": "BiasCurrent", "value": [bias_A * 1e6] * 2}
    )


def move_gate(lab: Laboratory, offset_ns: float) -> None:
    """Shift the window of the herald combiner."""
    begin, end = (NARROW_GATE[key] + round(offset_ns * 1000) for key in ("begin_ps", "end_ps"))
    lab.send("hub_tc", f"TSCO5:WIND:BEGI:DELA {begin}", f"TSCO5:WIND:END:DELA {end}")


CAUSES: dict[str, Cause] = {
    "laser off": Cause("hub_pump", lambda lab, _: lab.send("hub_pump", ":POW:STAT 0")),
    "shutter closed": Cause("hub_pump", lambda lab, _: lab.send("hub_pump", ":POW:SHUT 1")),
    "pump off resonance": Cause(
        "hub_pump", lambda lab, nm: lab.send("hub_pump", f":WAV {1561.2158 + nm:.4f}nm"), (1.5, 2.5)
    ),
    "pump slightly off resonance": Cause(
        "hub_pump", lambda lab, nm: lab.send("hub_pump", f":WAV {1561.2158 + nm:.4f}nm"), (0.003, 0.008)
    ),
    "pump waveform scaled": Cause("alice_awg", half_scale(1), (0.5, 0.7)),
    "qubit waveform scaled": Cause("alice_awg", half_scale(2), (0.5, 0.6)),
    "sync marker moved": Cause("alice_awg", move_marker, (45, 55)),
    "gate off the pulse": Cause("hub_tc", move_gate, (60, 400)),
    "bias at zero": Cause("hub_eos", lambda lab, _: set_bias(lab, 0.0)),
    "bias lowered": Cause("hub_eos", set_bias, (7e-6, 11e-6)),
    "slot missed by bob": Cause(
        "generator",
        lambda lab, _: lab.send("bob_dg", "TLVL 3.4"),
        playing=(True, False),
        undo=lambda lab: lab.send("bob_dg", "TLVL 1"),
    ),
}
UNPLUGGED = Cause("bob_mw", lambda lab, _: lab.send("bob_mw", "SOUR:ROSC:SOUR INT"))
"""A clock that does not follow its reference; no slot is played then."""
CASES = [(name, k) for name, cause in CAUSES.items() for k in range(3 if cause.magnitudes else 1)]


UNCHANGED = Cause("", lambda lab, _: None)


@pytest.fixture(scope="module")
def observations(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Mapping[tuple[str, int], Observation]:
    """Nothing changed, then every cause once, or at three random magnitudes."""
    seed = int(pytestconfig.getoption("--seed"))
    random = np.random.default_rng(seed)
    changes = {"midpoint": {"operating_point.gate": dict(NARROW_GATE)}}
    folder = tmp_path_factory.mktemp("causality")
    with Laboratory(folder, "--seed", str(seed), "--pace", "fast", changes=changes) as lab:
        lab.assert_nodes_cannot_import_the_simulator()
        found = {("unchanged", 0): observe(lab, UNCHANGED, 0.0)}
        for name, k in CASES:
            low, high = CAUSES[name].magnitudes or (0, 0)
            found[name, k] = observe(lab, CAUSES[name], float(random.uniform(low, high)))
        found["10 MHz unplugged", 0] = observe(lab, UNPLUGGED, 0.0)
        lab.net.park()
    return found


def observe(lab: Laboratory, cause: Cause, magnitude: float) -> Observation:
    """Prepare, load the generators' programs with a first pair, change, count."""
    lab.net.prepare()
    assert len(lab.net["alice"].create(remote="bob", number=1, max_time=1, seed=0).result.pairs) == 1
    cause.change(lab, magnitude)
    number = 1600 if cause.culprit else 1200
    request = lab.net["alice"].create(
        remote="bob", number=number, max_time=SLOTS * TICK_s, seed=1, withhold_limit=10**9
    )
    result = request.result
    rack = read_back(lab.addresses, MODEL, playing=cause.playing)
    cause.undo(lab)
    slots = tuple(slot for slot in result.slots if not slot.estimate)
    return Observation(result, slots, result.heralds, rack)


def p_values(seen: Observation, rack: ReadBack, analysis_scale: float = 1.0) -> dict[str, float]:
    """Exact two-sided p-values of the herald rate, the ports, and equal outcomes by Bell state and basis."""
    variances = [slot.phase.variance_rad2 for slot in seen.slots if slot.phase]
    drift = MODEL.midpoint.phase_diffusion_rad2_per_s * PHASE_AGE_s
    link = rack.link(MODEL, float(np.mean(variances)) + drift if variances else 0.0)
    heralds = sum(slot.counts.heralds for slot in seen.slots)
    attempts = sum(slot.counts.attempts for slot in seen.slots)
    found = {"rate": p_value(heralds, attempts, link.model.probability)}
    for bell, port in BELLS.items():
        pattern = link.model.patterns[port]
        for basis in ("XX", "YY", "ZZ"):
            here = [p for p in seen.heralds if (p.bell_state, p.basis) == (bell, basis) and all(p.outcomes)]
            equal = sum(pair.outcomes[0] == pair.outcomes[1] for pair in here)
            if here:
                same = same_probability(pattern.state, basis, rack.confusions, (analysis_scale, 1))
                found[f"{bell} {basis}"] = p_value(equal, len(here), same)
    return found


def p_value(count: int, trials: int, probability: float) -> float:
    """Exact two-sided binomial p-value."""
    return float(binomtest(count, trials, min(1.0, probability)).pvalue)


def analysis_scale(name: str, observations: Mapping[tuple[str, int], Observation], case: int) -> float:
    """By how much Alice's analysis pulses are smaller than they were, read back from her generator."""
    if name != "qubit waveform scaled":
        return 1.0
    return observations[name, case].rack.amplitudes_Vpp[0][1] / 0.5


def test_unchanged_bench_agrees_with_the_model(
    observations: Mapping[tuple[str, int], Observation],
) -> None:
    seen = observations["unchanged", 0]
    assert seen.result.state == "DELIVERED"
    assert len(seen.result.pairs) == 1200
    assert seen.result.deviations == ()
    assert holm(p_values(seen, seen.rack), THREE_SIGMA) == {}


def test_every_cause_has_the_effect_that_the_model_predicts(
    observations: Mapping[tuple[str, int], Observation],
) -> None:
    table = {
        f"{name} {k}: {what}": p
        for name, k in CASES
        for what, p in p_values(
            observations[name, k], observations[name, k].rack, analysis_scale(name, observations, k)
        ).items()
    }
    assert len(table) > 60
    assert holm(table, THREE_SIGMA) == {}


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_change_is_seen_and_withheld_and_explained(
    name: str, case: int, observations: Mapping[tuple[str, int], Observation]
) -> None:
    seen, cause = observations[name, case], CAUSES[name]
    nominal = observations["unchanged", 0].rack
    found = [max(p, 1e-300) for p in p_values(seen, nominal).values()]
    together = combine_pvalues(found).pvalue  # Fisher's method
    assert together < 1e-5, "the settings as they were would explain it too"
    assert len(seen.slots) >= SLOTS - 3
    assert all(slot.deviations for slot in seen.slots)
    assert not [pair for pair in seen.heralds if pair.status == "CONFIRMED"]
    assert seen.result.state == "EXPIRED"
    assert cause.culprit in {item.device for item in seen.result.deviations}
    assert cause.culprit in seen.result.reason or seen.result.deviations[0].reason in seen.result.reason


def test_without_a_common_10_MHz_no_slot_is_played(
    observations: Mapping[tuple[str, int], Observation],
) -> None:
    seen = observations["10 MHz unplugged", 0]
    assert (seen.result.state, seen.result.node, seen.result.device) == ("FAILED", "bob", "bob_mw")
    assert seen.slots == ()
    assert seen.heralds == ()


def test_dark_heralds_still_come_with_the_laser_off_and_none_is_ok(
    observations: Mapping[tuple[str, int], Observation],
) -> None:
    seen = observations["laser off", 0]
    assert seen.result.pairs == ()
    assert any("rate check failed" in item.reason for item in seen.result.deviations)
    expected = replace(seen.rack).link(MODEL, 0.0).model.probability
    assert 0 < expected < 1e-4
