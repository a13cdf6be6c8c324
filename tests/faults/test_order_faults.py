# SPDX-License-Identifier: Apache-2.0
"""Orders that come too late, twice, under another's id or in many threads, and calls that are interrupted."""

import signal
import threading
from collections.abc import Callable

import pytest
from fault_lab import Laboratory, Rule, fault, wait_for
from owners import owner, sets

from heraldlink import connection
from heraldlink.client import Network
from heraldlink.errors import RequestError
from heraldlink.messages.command import Err, Prepare
from heraldlink.messages.lease import AcquireLease, LeaseStatus, Reading


@fault(26)
def test_an_order_after_its_deadline_is_not_done(rack: Laboratory) -> None:
    """An order that was under way for longer than its deadline is EXPIRED and reaches no instrument."""
    expired_order(rack)


def expired_order(rack: Laboratory) -> None:
    with rack.client(relayed=True) as client, pytest.MonkeyPatch.context() as patch:
        client.network["alice"].park()
        patch.setattr(connection, "DEADLINE_S", 0.3)
        late = rack.command["alice"].add(Rule("delay", kind="prepare", way="up", delay_s=0.6))
        rack.watch("alice_mw")
        said = refusal_of(client.network["alice"].prepare)
        assert late.struck
        assert "after its deadline and was not done" in said, "it was done, though late"
        assert sets(rack, "alice_mw", "FREQ") == 0
        assert not client.network["alice"].status().prepared


def refusal_of(order: Callable[[], object]) -> str:
    """The sentence with which an order is refused, empty if it is done."""
    try:
        order()
    except RequestError as error:
        return str(error)
    return ""


@fault(27)
def test_a_command_whose_answer_is_lost_is_done_once(rack: Laboratory) -> None:
    """The client asks again under the same request id and gets the stored answer; it was done once."""
    lost_answer(rack)


def lost_answer(rack: Laboratory) -> None:
    with rack.client(relayed=True) as client:
        node = client.network["alice"]
        node.park()
        lost = rack.command["alice"].add(Rule("drop", kind="done", way="down", count=1))
        before = len(rack.command["alice"].seen("prepare", "up"))
        rack.watch("alice_mw")
        notes = node.prepare()
        assert lost.struck
        assert len(rack.command["alice"].seen("prepare", "up")) - before == 2
        assert notes["alice_mw"] == "prepared"
        once = sets(rack, "alice_mw", "FREQ")
        rack.watch("alice_mw")
        node.prepare()
        assert sets(rack, "alice_mw", "FREQ") > 0
        assert once == sets(rack, "alice_mw", "FREQ"), "it was done more than once"


@fault(27)
def test_an_end_that_is_lost_is_told_again(rack: Laboratory) -> None:
    """A client that hears nothing of its request asks for it again under the same id and is told its end."""
    with rack.client(relayed=True) as client:
        client.prepare()
        lost = rack.command["alice"].add(Rule("drop", kind="finished", way="down", count=1))
        asked = client.start(10)
        ending = asked.end()
        assert lost.struck
        assert (ending.state, len(ending.pairs)) == ("DELIVERED", 10)
        assert len(rack.command["alice"].seen("create", "up")) == 2


@fault(46)
def test_an_id_used_again_gets_its_old_answer_or_none(rack: Laboratory) -> None:
    """The same order again: the stored answer. Another order under the same id: ID_REUSED."""
    with rack.client() as client:
        mine = client.network["alice"].connection
        request_id = mine.post(AcquireLease("first", 5.0))
        first = mine.next(request_id).body
        assert isinstance(first, LeaseStatus)
        assert again(client.network, request_id, AcquireLease("first", 5.0)) == first
        other = again(client.network, request_id, AcquireLease("second", 5.0))
        assert isinstance(other, Err)
        assert other.code == "ID_REUSED"
        client.network["alice"].free("the test is over")


def again(network: Network, request_id: int, body: AcquireLease | Prepare, lease: int = 0) -> object:
    """The answer to a command that is sent under an id that was used before."""
    mine = network["alice"].connection
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "new_id", lambda: request_id)
        mine.post(body, lease)
    return mine.next(request_id).body


@fault(89)
def test_an_interrupted_call_leaves_nothing_wedged(rack: Laboratory) -> None:
    """After Ctrl-C in the middle of a call the same client's next call is answered, with its own answer."""
    with rack.client() as client:
        client.network["alice"].park()
        rack.fault("alice_mw", "delay", delay_s=0.4, match="*FREQ*")
        with owner(rack, "interrupt") as process:
            wait_for(lambda: rack.strikes("alice_mw", "delay"), 5, "the slow instrument to be asked")
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=20)
            assert said.strip() == "then alice, interrupt"
        rack.heal()
        client.prepare()
        assert client.measure(10).state == "DELIVERED"


def test_a_command_begun_before_a_crash_is_not_repeated(rack: Laboratory) -> None:
    with rack.client() as client:
        client.network["alice"].park()
        rack.fault("alice_mw", "hang", match="*FREQ*")
        mine = client.network["alice"].connection
        request_id = mine.post(Prepare())
        wait_for(lambda: rack.strikes("alice_mw", "hang"), 5, "the hanging instrument to be asked")
        rack.kill("alice")
        rack.heal()
        rack.restart("alice")
        with rack.client() as fresh:
            rack.watch("alice_mw")
            answer = again(fresh.network, request_id, Prepare())
            assert isinstance(answer, Err)
            assert answer.code == "INDETERMINATE"
            assert float(answer.facts["alice_mw frequency_Hz"]) > 0
            assert sets(rack, "alice_mw", "FREQ") == 0
            fresh.prepare()


def test_threads_that_share_a_node_get_their_own_answers(rack: Laboratory) -> None:
    parameters = [
        (name, "identity") for name in ("hub_pump", "hub_readout_pump", "hub_voa", "hub_eos", "hub_tc")
    ]
    parameters += [
        ("hub_pump", "wavelength"),
        ("hub_readout_pump", "wavelength"),
        ("hub_voa", "ch1_attenuation"),
    ]
    with rack.client() as client:
        client.prepare()
        node = client.network["midpoint"]
        expected = {each: node.read(*each).value for each in parameters}
        assert len(set(expected.values())) == len(parameters)
        wrong: list[Reading] = []

        def work(number: int) -> None:
            for turn in range(30):
                wanted = parameters[(number + turn) % len(parameters)]
                found = node.read(*wanted)
                if (found.instrument, found.parameter, found.value) != (*wanted, expected[wanted]):
                    wrong.append(found)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
        assert not wrong


@pytest.mark.parametrize(
    ("instrument", "parameter", "words"),
    [
        ("hub_pump", "__class__", "it has identity, wavelength, power"),
        ("nobody", "power", "there are hub_pump"),
    ],
)
def test_only_what_is_listed_can_be_read(
    rack: Laboratory, instrument: str, parameter: str, words: str
) -> None:
    with rack.client() as client, pytest.raises(RequestError, match=words):
        client.network["midpoint"].read(instrument, parameter)
