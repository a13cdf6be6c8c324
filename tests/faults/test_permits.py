# SPDX-License-Identifier: Apache-2.0
"""What a node needs is read again and again: without it nothing is prepared, armed or believed."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_lab import Laboratory, fault, wait_for
from ruamel.yaml import YAML

from heraldlink.agent.permits import HOLD_S, Permit
from heraldlink.config import find_config
from heraldlink.config.permits import PermitConfig
from heraldlink.errors import RequestError

MAX_AGE_S = 0.6
COLD = {"instrument": "alice_cold", "parameter": "ch6_temperature", "at_most": 4.5, "max_age_s": MAX_AGE_S}


def changed(shipped: str, copy: Path, **instruments: dict[str, object]) -> Path:
    """A copy of a shipped bench or Station file with more instruments."""
    found, yaml = find_config(shipped), YAML()
    content = yaml.load(found)
    content["instruments"] |= instruments
    if "devices" in content:
        content["devices"] = str((found.parent / content["devices"]).resolve())
    with copy.open("w") as stream:
        yaml.dump(content, stream)
    return copy


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Alice's transducer has to be cold, as a thermometer says that plays no other role."""
    folder = tmp_path_factory.mktemp("permits")
    bench = changed("benches/two_nodes.yaml", folder / "bench.yaml", alice_cold={"model": "Lake Shore 372"})
    thermometer = {
        "type": "qcodes.instrument_drivers.Lakeshore.LakeshoreModel372",
        "address": "TCPIP::127.0.0.1::7777::SOCKET",
        "init": {"visalib": "@py", "device_clear": False},
    }
    station = changed("stations/alice.station.yaml", folder / "alice.station.yaml", alice_cold=thermometer)
    changes = {"alice": {"station": str(station), "permits.cold": COLD}}
    with Laboratory(folder / "lab", bench=str(bench), changes=changes) as laboratory:
        yield laboratory


def granted(rack: Laboratory) -> bool:
    """Whether alice prepares."""
    with rack.client() as client:
        try:
            client.network["alice"].prepare()
        except RequestError:
            return False
    return True


def armings(rack: Laboratory, after_s: float) -> list[float]:
    """When alice's generator was armed."""
    return [at for at, _, message in rack.wire_log(after_s) if "AWGC:RUN" in message]


@fault(66)
def test_a_stale_reading_suspends_and_a_fresh_one_goes_on(rack: Laboratory) -> None:
    """A thermometer that does not answer grants nothing once its last reading is too old: the node is
    SUSPENDED, no slot is armed, and the same request goes on when it answers again."""
    wait_for(lambda: granted(rack), 10, "the permit")
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        rack.watch("alice_awg", "alice_dg")
        lost = time.monotonic()
        rack.fault("alice_cold", "refuse")
        wait_for(lambda: rack.state("alice").startswith("SUSPENDED"), 4 * MAX_AGE_S, "alice to be suspended")
        suspended = time.monotonic()
        assert rack.strikes("alice_cold", "refuse")
        assert suspended - lost > MAX_AGE_S / 2
        said = rack.state("alice")
        assert "permit cold of node alice is missing: ch6_temperature of alice_cold was read" in said
        assert "max_age_s is 0.6" in said
        wait_for(lambda: time.monotonic() > suspended + 1.0, 2, "a second to pass")
        assert not armings(rack, suspended + 0.5), "a slot was armed without the permit"
        rack.heal()
        healed = time.monotonic()
        wait_for(lambda: rack.state("alice") == "RUNNING", HOLD_S, "the request to go on")
        wait_for(lambda: armings(rack, healed), 3, "a slot to be armed")
        asked.request.cancel()
        ending = asked.end()
    assert ending.state == "EXPIRED", ending
    assert ending.result is not None
    flagged = [slot for slot in ending.result.slots if "permit cold" in str(slot.deviations)]
    assert not {pair.slot for pair in ending.pairs} & {slot.slot for slot in flagged}


@fault(66)
def test_a_permit_that_stays_away_ends_the_request_and_refuses_the_next(rack: Laboratory) -> None:
    """After 4 s the request FAILED, naming node, thermometer and permit, and alice is safe; nothing is
    prepared before the permit is back."""
    wait_for(lambda: granted(rack), 10, "the permit")
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        rack.fault("alice_cold", "refuse")
        begun = time.monotonic()
        ending = asked.end()
        assert HOLD_S < time.monotonic() - begun < HOLD_S + 4 * MAX_AGE_S
        assert ending.state == "FAILED", ending
        assert ending.result is not None
        assert (ending.result.node, ending.result.device) == ("alice", "alice_cold")
        assert "permit cold of node alice is missing" in ending.sentence
        wait_for(lambda: rack.state("alice") == "SAFE", 3, "alice to be safe")
        assert int(rack.panel("alice_awg", "OUTP1?")) == 0
        with pytest.raises(RequestError, match="permit cold of node alice is missing: ch6_tem"):
            client.network["alice"].prepare()
        assert rack.strikes("alice_cold", "refuse")
        rack.heal()
        wait_for(lambda: granted(rack), 10, "the permit to be back")
        client.prepare()
        assert client.measure(5).state == "DELIVERED"


def test_a_reading_grants_within_its_bounds_its_age_and_after_it_has_settled() -> None:
    declared = PermitConfig(
        instrument="fridge", parameter="ch6_temperature", at_most=4.5, max_age_s=2.0, settle_s=1.0
    )
    permit = Permit("alice", "cold", declared)
    assert "was never read" in permit.missing(0.0).reason
    permit.take(4.0, 0.0)
    assert permit.missing(2.0) is None
    assert "was read 2.5 s ago, max_age_s is 2" in permit.missing(2.5).reason
    permit.take(4.0, 3.0)
    assert "not yet for 1 s" in permit.missing(3.5).reason
    permit.take(4.0, 4.0)
    assert permit.missing(4.0) is None
    permit.take(5.0, 4.5)
    assert "is 5.0, not at most 4.5" in permit.missing(4.5).reason
    permit.fail("fridge: no answer")
    assert "(fridge: no answer)" in permit.missing(9.0).reason
    for strange in (float("nan"), "cold", True):
        assert not declared.grants(strange)
