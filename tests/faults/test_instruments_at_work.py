# SPDX-License-Identifier: Apache-2.0
"""Instruments that are not those declared, take no upload, miss a trigger or latch; numbers that grow."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from fault_lab import Laboratory, Rule, fault, wait_for
from fault_lab.client import Client, Ending
from fault_lab.relay import Frames, Relay
from ruamel.yaml import YAML

from heraldlink.config import find_config
from heraldlink.errors import HeraldlinkError
from heraldlink.journal import Entry, Journal, journal_file
from heraldlink.link.facts import HERALDS, PAIR, HeraldsFact, PairFact
from heraldlink.link.recovery import expired
from heraldlink.messages.link import Gen, Report
from heraldlink.messages.values import Herald, Readout

DECLARED = "Stanford Research Systems,DG645,*,ver1.*"
SLOTS_WRAP, HERALDS_WRAP, BEFORE = 2**16, 2**32, 5
OTHER_FIRMWARE = "Stanford Research Systems,DG645,SIM-bob_dg,ver0.99"


def long_lived(folder: Path) -> None:
    """The midpoint's journal as of a link that has numbered almost 2^32 heralds."""
    (folder / "data").mkdir(parents=True)
    journal = Journal(journal_file(folder / "data", "midpoint"))
    last = Herald(HERALDS_WRAP - BEFORE, 1, 1)
    fact = HeraldsFact(request=1, burst=1, slot=1, basis="ZZ", heralds=(last,))
    decided = PairFact(request=1, burst=1, slot=1, basis="ZZ", decision=expired(last, "of long ago"))
    journal.append([Entry(HERALDS, fact), Entry(PAIR, decided)])
    journal.close()


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Bob declares which slot trigger he expects; the next slot is the one before 2^16."""
    folder = tmp_path_factory.mktemp("rack")
    shipped, yaml = find_config("benches/two_nodes.yaml"), YAML()
    content = yaml.load(shipped)
    content["devices"] = str((shipped.parent / content["devices"]).resolve())
    content["first_tick"] = SLOTS_WRAP - 2
    bench = folder / "bench.yaml"
    with bench.open("w") as stream:
        yaml.dump(content, stream)
    long_lived(folder / "lab")
    changes = {"bob": {"identities": {"bob_dg": DECLARED}}}
    with Laboratory(folder / "lab", bench=str(bench), changes=changes) as laboratory:
        yield laboratory


def refused(client: Client, node: str) -> str:
    """The sentence with which a node refuses to prepare."""
    with pytest.raises(HeraldlinkError) as caught:
        client.call(f"prepare {node}", client.network[node].prepare)
    assert not client.network[node].status().prepared
    return str(caught.value)


def parks(client: Client, node: str) -> bool:
    """Whether a node can be brought to its safe state; not with one that has just lost power."""
    with suppress(HeraldlinkError):
        client.network[node].park()
        return True
    return False


def delivers(rack: Laboratory) -> None:
    """Once the cause is gone pairs come again."""
    with rack.client() as client:
        client.prepare()
        assert client.measure(5).state == "DELIVERED"


@fault(73)
def test_no_pair_is_lost_where_numbers_pass_powers_of_two(rack: Laboratory) -> None:
    """Slots go on beyond 2^16 and herald numbers beyond 2^32: every herald is decided once, none has EXPIRED
    for its number, and what clients are told is what all journals hold."""
    with rack.client() as client:
        client.prepare()
        ending = client.measure(300)
    assert ending.state == "DELIVERED", ending
    assert ending.result is not None
    heralds, slots = ending.result.heralds, [slot.slot for slot in ending.result.slots]
    assert min(slots) < SLOTS_WRAP <= max(slots), slots
    first = HERALDS_WRAP - BEFORE + 1
    assert [pair.mhp_seq for pair in heralds] == list(range(first, first + len(heralds)))
    assert {pair.status for pair in heralds} <= {"CONFIRMED", "EXPIRED"}
    surplus = {pair.reason for pair in heralds if pair.status == "EXPIRED"}
    assert surplus <= {"the request was already complete"}
    assert len(ending.pairs) == 300


@pytest.mark.parametrize(
    ("device", "options", "expected"),
    [
        ("bob_mw", {}, "SIM-bob_mw"),
        ("bob_dg", {"text": OTHER_FIRMWARE}, f"declared {DECLARED}"),
    ],
)
@fault(59)
def test_another_instrument_at_the_address_is_refused(
    rack: Laboratory, device: str, options: dict[str, object], expected: str
) -> None:
    """Another serial number than when it was opened, another firmware than declared: the node is not
    prepared, the sentence says what was found and what was expected, and no output is on."""
    with rack.client() as client:
        client.network["bob"].park()
        rack.fault(device, "wrong-idn", **options)
        sentence = refused(client, "bob")
        assert rack.strikes(device, "wrong-idn")
        assert f"bob, {device}: it is " in sentence
        assert expected in sentence
        assert str(options.get("text", "SIM-")) in sentence.partition(expected)[0]
        assert int(rack.panel("bob_mw", "OUTP:STAT?")) == 0
        client.call("prepare alice", client.network["alice"].prepare)
        client.call("prepare midpoint", client.network["midpoint"].prepare)
        ending = client.measure(5)
        assert ending.state in ("REFUSED", "FAILED", "REJECTED"), ending
        assert "bob" in ending.sentence
    rack.heal()
    delivers(rack)


@fault(60)
def test_an_upload_that_does_not_arrive_is_refused(rack: Laboratory) -> None:
    """Every sample is read back: the node is not prepared, the waveform named, and the output stays off."""
    with rack.client() as client:
        client.network["alice"].park()
        rack.fault("alice_awg", "reset")  # what it held is gone
        wait_for(lambda: parks(client, "alice"), 10, "the generator to be found again")
        rack.fault("alice_awg", "ignore-write", match="*WLIS:WAV:DATA *")
        sentence = refused(client, "alice")
        assert rack.strikes("alice_awg", "ignore-write")
        assert "alice, alice_awg: " in sentence
        assert "reads back other than it was sent" in sentence
        outputs = [int(rack.panel("alice_awg", f"OUTP{number}?")) for number in (1, 2)]
        assert outputs == [0, 0]
    rack.heal()
    delivers(rack)


@fault(61)
def test_a_generator_that_misses_its_trigger_makes_no_pair(rack: Laboratory) -> None:
    """Stopped between arming and trigger it plays nothing: the midpoint misses its syncs, the slot is flagged
    with the node's name, none of its heralds is CONFIRMED, and the request goes on with the next slot."""

    def stop() -> None:
        rack.panel("bob_awg", "AWGC:STOP")

    bursts: set[int] = set()

    def is_new(frames: Frames) -> bool:
        """Whether a slot is armed for the first time: what is sent again stops nothing."""
        burst = msgspec.msgpack.decode(frames[1], type=Gen).burst
        known = burst in bursts
        bursts.add(burst)
        return not known

    meant = Rule("call", kind="link.gen", way="up", skip=2, count=2, called=stop, fits=is_new)
    with rack.client() as client:
        client.prepare()
        rule = rack.link["bob"].add(meant)
        ending = client.measure(300)
    assert len(rule.struck) == 2
    assert ending.state == "DELIVERED", ending
    assert ending.result is not None
    missed = [slot for slot in ending.result.slots if "it missed the slot" in str(slot.deviations)]
    assert [(one.node, one.device) for slot in missed for one in slot.deviations][:1] == [
        ("bob", "generator")
    ]
    assert not {pair.slot for pair in ending.pairs} & {slot.slot for slot in missed}


@fault(63)
def test_latched_detectors_are_cycled_and_then_given_up(rack: Laboratory) -> None:
    """Dark detectors end the request with their name and the slots are not counted; preparing takes their
    bias down and up again, three times an hour; then the node asks for somebody."""
    for _ in range(3):
        ending = latched(rack)
        assert ending.state == "FAILED", ending
        assert ending.result is not None
        assert (ending.result.node, ending.result.device) == ("midpoint", "hub_eos")
        assert not ending.pairs
        rack.watch("hub_eos")
        with rack.client() as client:
            client.network["midpoint"].park()
        delivers(rack)
        assert [message for _, _, message in rack.wire_log() if "DetectorEnable" in message]
    latched(rack)
    with rack.client() as client:
        sentence = refused(client, "midpoint")
    assert "midpoint, hub_eos: " in sentence
    assert "3 times within an hour" in sentence
    rack.kill("midpoint")  # somebody has looked after them
    rack.heal()
    rack.mend()
    delivers(rack)


def latched(rack: Laboratory) -> Ending:
    """A request whose herald detectors latch, once more."""
    with rack.client() as client:
        client.prepare()
        rack.heal("hub_eos")
        before = len(rack.strikes("hub_eos", "latch"))
        rack.fault("hub_eos", "latch")
        assert len(rack.strikes("hub_eos", "latch")) == before + 1
        return client.measure(20, withhold_limit=5)


@fault(64)
def test_a_time_controller_whose_tick_line_is_dead_is_named(rack: Laboratory) -> None:
    """Where slot ticks are not counted nothing is played: the request FAILED, naming the time controller."""
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        rack.fault("alice_tc", "stuck", match="*INPU4:COUN?*")
        ending = asked.end()
    assert rack.strikes("alice_tc", "stuck")
    rack.heal()
    assert ending.state == "FAILED", ending
    assert ending.result is not None
    assert (ending.result.node, ending.result.device) == ("alice", "alice_tc")
    # what is stuck is the answer to any question that asks for the count, among others
    assert "no slot tick arrives" in ending.sentence or "its record does not end" in ending.sentence
    delivers(rack)


@pytest.mark.parametrize(
    ("device", "counts", "node"), [("hub_tc", "37;0;0", "midpoint"), ("bob_tc", "0;37", "bob")]
)
@fault(64)
def test_a_time_controller_that_lost_time_stamps_is_not_believed(
    rack: Laboratory, device: str, counts: str, node: str
) -> None:
    """Its own count of lost time stamps is read after every slot: from then on nothing is CONFIRMED, and the
    request FAILED naming it; preparing sets the count to 0."""
    with rack.client() as client:
        client.prepare()
        asked = client.start(withhold_limit=30)
        asked.slots(2)
        rack.fault(device, "stuck", match="*RAW2:ERRO?*", text=counts)
        ending = asked.end()
    assert rack.strikes(device, "stuck")
    rack.heal()
    assert ending.state == "FAILED", ending
    assert ending.result is not None
    assert (ending.result.node, ending.result.device) == (node, device)
    assert "lost time stamps is 37, declared 0" in ending.sentence
    withheld = [pair.slot for pair in ending.result.heralds if pair.status == "WITHHELD"]
    assert max(pair.slot for pair in ending.pairs) < min(withheld)
    delivers(rack)


@fault(64)
def test_inputs_that_were_swapped_give_no_pair(rack: Laboratory) -> None:
    """Detector and readout gate of alice's time controller change places: the next slot already is not
    believed, and the request FAILED naming alice; preparing links every input anew."""
    with rack.client() as client:
        client.prepare()
        asked = client.start(withhold_limit=30)
        asked.slots(2)
        for raw, link in swapped_links(rack, "alice_tc").items():
            rack.panel("alice_tc", f"RAW{raw}:STOP:LINK {link}")
        ending = asked.end()
    assert ending.state == "FAILED", ending
    assert ending.result is not None
    assert ending.result.node == "alice"
    refused = [pair.slot for pair in ending.result.heralds if pair.status != "CONFIRMED"]
    assert max(pair.slot for pair in ending.pairs) < min(refused)
    with rack.client() as client:
        client.network["alice"].park()
    delivers(rack)


def swapped_links(rack: Laboratory, controller: str) -> dict[int, str]:
    """What RAW 1 and 2 have to be linked to so that they change places."""
    first, second = (rack.panel(controller, f"RAW{raw}:STOP:LINK?") for raw in (1, 2))
    return {1: second, 2: first}


def rotated(report: Report) -> Report:
    """Each outcome belongs to the attempt before: as of a counter that is off by one, with right numbers."""
    outcomes = [item.outcome for item in report.readouts]
    moved = [*outcomes[-1:], *outcomes[:-1]]
    readouts = tuple(Readout(item.attempt, new) for item, new in zip(report.readouts, moved, strict=True))
    return msgspec.structs.replace(report, readouts=readouts)


def rewritten(change: Callable[[Report], Report]) -> Callable[[Frames], Frames]:
    """Frames of a report with its body changed."""

    def changed(frames: Frames) -> Frames:
        body = msgspec.msgpack.decode(frames[1], type=Report)
        return [frames[0], msgspec.msgpack.encode(change(body)), *frames[2:]]

    return changed


@fault(75)
def test_outcomes_of_the_neighbouring_attempts_raise_an_alarm(rack: Laboratory) -> None:
    """Bob's outcomes are those of the heralds before: numbers fit, outcomes do not. The correlation peaks
    away from offset 0, which is told, and everything after it is WITHHELD; the request FAILED."""
    relay: Relay = rack.link["bob"]
    with rack.client() as client:
        client.prepare()
        rule = relay.add(Rule("change", kind="link.report", way="up", changed=rewritten(rotated)))
        ending = client.measure(2000, withhold_limit=50)
    assert len(rule.struck) >= 2, "one slot to be believed and one to be refused"
    assert ending.state == "FAILED", ending
    assert ending.result is not None
    assert (ending.result.node, ending.result.device) == ("midpoint", "attempt index")
    assert "correlate best at offset" in ending.sentence
    withheld = [pair.slot for pair in ending.result.heralds if pair.status == "WITHHELD"]
    assert len(withheld) >= 50
    assert max(pair.slot for pair in ending.pairs) < min(withheld)


def test_what_a_time_controller_says_at_a_time_is_asked_in_one_exchange(rack: Laboratory) -> None:
    """Ticks with counts, a record's stage with what is read at its end, a trigger's state with settings."""
    with rack.client() as client:
        client.prepare()
        assert client.measure(number=5).state == "DELIVERED"  # which queries belong together is known now
        begun = rack.watch("hub_tc", "alice_tc", "alice_dg")
        assert client.measure(number=5).state == "DELIVERED"
    sent = rack.wire_log(begun)
    for tagger, beside in (("hub_tc", ":TSCO5:WIND:"), ("alice_tc", ":STAR:COUN?")):
        told = [message for _, name, message in sent if name == tagger]
        slots = sum(":REC:PLAY;" in message for message in told)
        assert slots
        assert not [message for message in told if message in ("REC:STAG?", ":STAR:COUN?")]
        ended = [message for message in told if message.startswith(":REC:STAG?;")]
        assert len(ended) >= slots
        assert all(beside in message for message in ended)
        before = [one for one in told if one.startswith((":INPU4:COUN?;:STAR:", ":STAR:COUN?;:INPU1:"))]
        assert len(before) >= slots
    trigger = [message for _, name, message in sent if name == "alice_dg"]
    assert "INSR?" not in trigger, "asked apart from its settings"
    assert any(message.count(";") == 2 and "INSR?" in message for message in trigger)
