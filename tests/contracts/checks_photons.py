# SPDX-License-Identifier: Apache-2.0
"""Contracts of time taggers and detector boxes."""

import pytest
from contract import Rig, check, switching

from heraldlink_drivers.errors import DriverError
from heraldlink_drivers.roles import Combiner, DetectorBias, TaggerProgram, TimeTagger

THRESHOLDS_V = {"STAR": 0.5, "INPU1": 0.25, "INPU2": 0.25, "INPU4": 0.5}
PROGRAM = TaggerProgram(
    reference="STAR",
    raw={1: "INPU1", 2: "INPU2", 3: "TSCO5"},
    combiner=Combiner(5, "INPU1", "INPU2", begin_ps=10_000, end_ps=250_000),
    outputs={1: "TSCO5"},
    threshold_V=THRESHOLDS_V,
)
RECORD_PS = 10**9


@check(TimeTagger)
@switching
def a_configuration_is_read_back(rig: Rig) -> None:
    rig.role.configure(PROGRAM)
    assert rig.role.gate_ps() == (10_000, 250_000)
    assert rig.role.thresholds_V() == pytest.approx(THRESHOLDS_V)
    assert rig.role.lost_tags() == 0
    assert rig.role.reference_external()
    assert set(rig.role.counts()) >= set(THRESHOLDS_V)


@check(TimeTagger)
def counters_only_grow(rig: Rig) -> None:
    first = rig.role.tick_count()
    assert rig.role.tick_count() >= first >= 0


@check(TimeTagger)
@switching
def an_unknown_signal_changes_nothing(rig: Rig) -> None:
    rig.role.configure(PROGRAM)
    wrong = TaggerProgram(reference="STAR", raw={1: "INPU77"}, threshold_V={"STAR": 0.75})
    with pytest.raises((ValueError, DriverError), match="INPU77"):
        rig.role.configure(wrong)
    assert rig.role.thresholds_V() == pytest.approx(THRESHOLDS_V)


@check(TimeTagger)
@switching
def a_record_is_armed_and_given_up(rig: Rig) -> None:
    rig.role.configure(PROGRAM)
    rig.role.open_streams()
    rig.role.open_streams()
    try:
        count = rig.role.arm_record(RECORD_PS)
        assert rig.role.tick_count() >= count
        rig.role.safe_state()
        assert rig.role.record_done()
    finally:
        rig.role.close_streams()
    rig.role.close_streams()


@check(DetectorBias)
def reading_never_biases(rig: Rig) -> None:
    before = rig.role.enabled()
    assert len(rig.role.bias_A()) == len(rig.role.trigger_level_V()) == rig.role.detector_count
    assert len(rig.role.count_rates_Hz()) == rig.role.detector_count
    assert rig.role.enabled() is before


@check(DetectorBias)
@switching
def biases_and_levels_are_read_back(rig: Rig) -> None:
    number = rig.role.detector_count
    bias_A = [rig.between("bias_A", 0.25 + 0.05 * index) for index in range(number)]
    level_V = [rig.between("trigger_level_V", 0.5 + 0.05 * index) for index in range(number)]
    rig.role.set_bias_A(bias_A)
    rig.role.set_trigger_level_V(level_V)
    assert rig.role.bias_A() == pytest.approx(bias_A, rel=1e-3, abs=1e-9)
    assert rig.role.trigger_level_V() == pytest.approx(level_V, rel=1e-3, abs=1e-5)


@check(DetectorBias)
@switching
def a_bias_is_held_in_safe_state(rig: Rig) -> None:
    rig.role.set_bias_A([rig.between("bias_A", 0.25)] * rig.role.detector_count)
    rig.role.set_enabled(True)
    before = rig.role.bias_A()
    rig.role.safe_state()
    assert rig.role.enabled()
    assert rig.role.bias_A() == before
    rig.role.set_enabled(False)
    assert not rig.role.enabled()


@check(DetectorBias)
def impossible_biases_change_nothing(rig: Rig) -> None:
    before = rig.role.bias_A()
    number = rig.role.detector_count
    for wrong in ([1.0] * number, [float("nan")] * number, [0.0] * (number + 1)):
        with pytest.raises((ValueError, DriverError), match=r"."):
            rig.role.set_bias_A(wrong)
    assert rig.role.bias_A() == before
