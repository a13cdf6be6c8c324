# SPDX-License-Identifier: Apache-2.0
"""What the drivers make of a wire that misbehaves: the right error, no wrong value, and back after it."""

import time
from contextlib import suppress

import pytest
from fault_rig import CASES, TIMEOUT_s

from heraldlink_drivers import KeysightN7764A
from heraldlink_drivers.errors import ConnectionLost, DriverError, Timeout

# a reading that is refused; QCoDeS' parameters parse with ValueError
REFUSED = (DriverError, ValueError)


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def at(request, rig):
    """(rig, driver, read, read something else, the two right values)."""
    case = request.param
    each = rig(case.model, case.name)
    driver = case.connect(each.addresses)

    class At:
        rig, protocol = each, case.name
        match = case.match
        right, other_right = case.read(driver), case.other(driver)

        def read(self):
            return case.read(driver)

        def other(self):
            return case.other(driver)

        def fault(self, kind, **options):
            return each.fault(kind, match=case.match, **options)

    At.driver = driver
    return At()


def all_right(at) -> None:
    """Both readings, twice, each its own."""
    for _ in range(2):
        assert at.read() == at.right
        assert at.other() == at.other_right


def test_a_short_delay_is_waited_for(at) -> None:
    at.fault("delay", delay_s=0.1, jitter_s=0.05)
    begun = time.monotonic()
    assert at.read() == at.right
    assert time.monotonic() - begun >= 0.05
    at.rig.heal()
    all_right(at)


def test_a_late_answer_never_answers_the_next_question(at) -> None:
    at.fault("delay", delay_s=TIMEOUT_s + 0.2, count=1)
    with pytest.raises((Timeout, ConnectionLost), match=at.protocol):
        at.read()
    assert at.other() == at.other_right
    all_right(at)


def test_a_dropped_connection_is_lost_and_found_again(at) -> None:
    at.fault("drop", count=1)
    with pytest.raises((ConnectionLost, Timeout), match=at.protocol):
        at.read()
    all_right(at)


def test_a_connection_dropped_within_an_answer_gives_no_answer(at) -> None:
    at.fault("drop", after_bytes=2, count=1)
    with pytest.raises((ConnectionLost, Timeout), match=at.protocol):
        at.read()
    all_right(at)


@pytest.mark.parametrize("then", ["silent", "closed"])
def test_a_truncated_answer_is_none(at, then) -> None:
    at.fault("truncate", after_bytes=3, then=then, count=1)
    with pytest.raises((ConnectionLost, Timeout), match=at.protocol):
        at.read()
    all_right(at)


@pytest.mark.parametrize("seed", range(5))
def test_garbage_is_refused_and_leaves_nothing_behind(at, seed) -> None:
    at.fault("garbage", count=1, seed=seed)
    with pytest.raises(REFUSED):
        at.read()
    all_right(at)


def test_an_answer_sent_twice_is_read_once(at) -> None:
    at.fault("duplicate", count=1)
    assert at.read() == at.right
    with suppress(ConnectionLost):  # a driver may give the connection up instead
        assert at.other() == at.other_right
    all_right(at)


def test_the_answer_before_is_no_lasting_shift(at) -> None:
    at.other()
    at.fault("stale", count=1)
    with suppress(*REFUSED):
        at.read()  # may be wrong, once: no driver can tell an old answer of the right form
    all_right(at)


def test_a_hanging_instrument_is_given_up_and_found_again(at) -> None:
    at.fault("hang")
    begun = time.monotonic()
    with pytest.raises((Timeout, ConnectionLost), match=at.protocol):
        at.read()
    assert time.monotonic() - begun < 10 * TIMEOUT_s
    at.rig.heal()
    all_right(at)


def test_a_device_clear_ends_a_hang(rig) -> None:
    each = rig("Keysight N7764A", "voa")
    voa = KeysightN7764A("voa", each.addresses["voa"], visalib="@py", timeout=TIMEOUT_s)
    before_dB = voa.attenuation_dB(1)
    each.fault("hang", match="*INP1:ATT?", count=1)
    voa.visa_handle.write(":INP1:ATT?")
    voa.visa_handle.clear()
    assert not each.faults.injected[0].lifted.is_set()
    assert voa.visa_handle.query(":OUTP2?").strip() in ("0", "+0")
    assert voa.attenuation_dB(1) == before_dB


def test_a_refused_connection_is_lost_until_it_is_healed(at) -> None:
    at.rig.fault("refuse")
    for _ in range(2):
        with pytest.raises((ConnectionLost, Timeout), match=at.protocol):
            at.read()
    at.rig.heal()
    all_right(at)


def test_another_instrument_is_seen_in_the_identity(at) -> None:
    assert f"SIM-{at.protocol}" in at.driver.identity()
    at.rig.fault("wrong-idn")
    assert f"SIM-{at.protocol}" not in at.driver.identity()
    assert "SIM-99" in at.driver.identity()


def test_every_strike_is_logged_with_bench_time_and_message(at) -> None:
    at.rig.time_s = 2.5
    fault = at.fault("delay", delay_s=0.01, count=2)
    for _ in range(3):
        at.read()
    strikes = [strike for strike in at.rig.faults.log if strike.kind == "delay"]
    assert [(s.time_s, s.instrument) for s in strikes] == [(2.5, at.rig.name)] * 2
    assert all(s.message for s in strikes)
    assert fault.hits == 2
    at.rig.look()
    assert at.rig.faults.listing() == []
