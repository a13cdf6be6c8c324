# SPDX-License-Identifier: Apache-2.0
"""Who is let in at a door of keys: real sockets and handshakes, without a node behind them."""

import logging
import time

import pytest
import zmq
from door_site import LIMIT_S, Site, received, told
from fault_lab import fault, wait_for

from heraldlink.errors import ConfigurationError
from heraldlink.security.door import Door
from heraldlink.security.keyring import Credentials, Keyring
from heraldlink.security.keys import new_pair, read_pair
from heraldlink.security.roster import revoke
from heraldlink.security.sender import Sender
from heraldlink.sockets import LIMITS
from heraldlink.transport import Dealer, Refused, Router


def stranger_is_refused(site: Site, door: Door) -> None:
    """The scenario of row 33."""
    router = site.router(door)
    begin = time.monotonic()
    sentence = told(site.dealer(router, site.user("eve", None).to("alice")))
    assert time.monotonic() - begin < 1.0
    assert "node alice does not let in the key of eve" in sentence
    assert "heraldlink keys authorize" in sentence
    assert router.receive() is None


@fault(33)
def test_a_stranger_s_key_is_refused_with_a_sentence(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The handshake is refused; the client is told the remedy at once; the log has one line a second."""
    door = site.door()
    with caplog.at_level(logging.WARNING, "heraldlink.security.door"):
        stranger_is_refused(site, door)
        router = site.router(door)
        eve = Keyring(site.folder / "eve").to("alice")
        for _ in range(20):
            told(site.dealer(router, eve))
    wait_for(lambda: door.denied >= 21, LIMIT_S, "21 refusals")
    lines = [record for record in caplog.records if "refused a connection" in record.getMessage()]
    assert 1 <= len(lines) < 10


def door_that_fails(site: Site, limit_s: float = LIMIT_S) -> None:
    """The scenario of row 34."""
    carol = site.user("carol", "operator").to("alice")
    failing = True

    def admit(mechanism: bytes, credential: bytes) -> str | None:
        if failing:
            raise OSError("the folder of keys is gone")
        return zmq.utils.z85.encode(credential).decode()

    door = site.door(admit=admit)
    router = site.router(door)
    dealer = site.dealer(router, carol)
    sentence = told(dealer, limit_s)
    wait_for(lambda: door.failures, LIMIT_S, "the failure to be counted")
    assert "could not judge the key of carol" in sentence
    failing = False
    wait_for(lambda: dealer.send([b"question"]), LIMIT_S, "the door to judge again")
    assert received(router).sender.name == "carol"


@fault(34)
def test_a_door_that_fails_lets_nobody_in_and_lives(site: Site) -> None:
    """Who cannot be judged is refused; the door goes on, and lets in again once it can judge."""
    door_that_fails(site)


@fault(34)
def test_a_broken_list_lets_nobody_new_in_until_it_is_mended(site: Site) -> None:
    """After a reload that fails those who are in stay, nobody new gets in, and the broken file is named."""
    carol = site.user("carol", "operator").to("alice")
    door = site.door()
    router = site.router(door)
    inside = site.dealer(router, carol)
    inside.send_or_raise([b"before"], "alice", LIMIT_S)
    assert received(router).frames == [b"before"]
    broken = site.keys / "authorized" / "dave.key"
    broken.write_bytes(b"\xff\x00 nonsense")
    with pytest.raises(ConfigurationError, match=r"dave\.key"):
        door.reload()
    assert "dave.key" in door.trouble
    inside.send_or_raise([b"still"], "alice", LIMIT_S)
    assert received(router).sender.name == "carol"
    assert "does not let in" in told(site.dealer(router, carol))
    broken.unlink()
    door.reload()
    site.dealer(router, carol).send_or_raise([b"again"], "alice", LIMIT_S)
    assert received(router).frames == [b"again"]


def nobody_gets_in_without_a_door(site: Site, *, enforce: bool) -> None:
    """The scenario of row 35."""
    carol = site.user("carol", "operator").to("alice")
    door = site.door()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()  # in which nobody answers libzmq's question
    socket = context.socket(zmq.ROUTER)
    site.closing.append(lambda: context.destroy(linger=0))
    door.guard(socket, "tcp://127.0.0.1:0")
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, int(enforce))
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    assert carol is not None
    dealer = Dealer(site.context, f"tcp://127.0.0.1:{port}", "command", carol, "alice")
    site.closing.append(dealer.close)
    assert not dealer.send([b"question"], 1.0)
    assert not socket.poll(0)


@fault(35)
def test_nobody_gets_in_while_nobody_asks_for_keys(site: Site) -> None:
    """Without the thread that judges keys every connection is refused, also one with an authorized key."""
    nobody_gets_in_without_a_door(site, enforce=True)


def wrong_keys(site: Site, limit_s: float = LIMIT_S) -> None:
    """The scenario of row 36."""
    router = site.router(site.door())
    assert "lets in nobody without a key" in told(site.dealer(router, None), limit_s)
    carol = site.user("carol", "operator").to("alice")
    assert carol is not None
    other = new_pair(site.folder / "mallory", "mallory")
    wrong = Credentials(carol.pair, other.public)
    assert "does not own the key that known/alice.key holds" in told(site.dealer(router, wrong))
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    plain = Router(context, "tcp://127.0.0.1:0", "command")
    assert "node alice takes no keys" in told(site.dealer(plain, carol))
    plain.close()
    context.destroy(linger=0)


@fault(36)
def test_each_way_to_have_the_wrong_keys_has_its_own_sentence(site: Site) -> None:
    """No key, a wrong node's key, and a key where none is asked for: the client is told which it is."""
    wrong_keys(site)


def routing_id_is_taken(site: Site, *, handover: bool) -> None:
    """The scenario of row 37."""
    carol, mallory = (site.user(name, "operator").to("alice") for name in ("carol", "mallory"))
    router = site.router(site.door())
    router.socket.setsockopt(zmq.ROUTER_HANDOVER, int(handover))

    def named(credentials: Credentials | None) -> "zmq.Socket[bytes]":
        assert credentials is not None
        socket = site.context.socket(zmq.DEALER)
        site.closing.append(lambda: socket.close(0))
        socket.setsockopt(zmq.ROUTING_ID, b"the same id")
        credentials.show(socket)
        socket.connect(router.endpoint)
        socket.send(b"question")
        return socket

    first = named(carol)
    message = received(router)
    assert (message.peer, message.sender.name) == (b"the same id", "carol")
    second = named(mallory)
    second.send(b"more")
    assert not router.socket.poll(300)  # the second one's messages are not taken at all
    assert router.send(message.peer, [b"answer"])
    assert first.poll(int(LIMIT_S * 1000))
    assert first.recv() == b"answer"
    assert not second.poll(100)
    first.send(b"again")
    assert received(router).sender.name == "carol"


@fault(37)
def test_a_routing_id_cannot_be_stolen(site: Site) -> None:
    """Who takes another's routing id gets none of its answers, and the first keeps its name."""
    routing_id_is_taken(site, handover=False)


def revoked_key_is_refused(site: Site, door: Door) -> None:
    """The scenario of row 39, on the socket."""
    router = site.router(door)
    dealer = site.dealer(router, Keyring(site.folder / "carol").to("alice"))
    dealer.send_or_raise([b"one"], "alice", LIMIT_S)
    assert received(router).sender == Sender("carol", "operator")
    revoke(site.keys, "carol")
    door.reload()
    dealer.send_or_raise([b"two"], "alice", LIMIT_S)
    with pytest.raises(Refused, match="no longer authorized") as caught:
        received(router)
    assert caught.value.code == "AUTH"


@fault(39)
def test_a_revoked_key_is_refused_at_its_next_message(site: Site) -> None:
    """The next message on a connection that is open is refused: the role is looked up for each message."""
    site.user("carol", "operator")
    revoked_key_is_refused(site, site.door())


def readable_secret(site: Site, mode: int) -> None:
    """The scenario of row 40."""
    secret = site.keys / "alice.secret"
    assert read_pair(secret).name == "alice"
    secret.chmod(mode)
    with pytest.raises(ConfigurationError, match=rf"{secret}: .*mode {mode:04o}\): chmod 600"):
        site.door()


@fault(40)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_secret_that_others_may_read_is_refused(site: Site, mode: int) -> None:
    """A secret key file that anybody else may read is refused, naming file, mode and remedy."""
    readable_secret(site, mode)


def too_large(site: Site) -> None:
    """The scenario of row 41."""
    limits = LIMITS["safety"]
    carol = site.user("carol", "operator").to("alice")
    router = site.router(site.door(), "safety")
    dealer = site.dealer(router, carol, "safety")
    for frames in ([b"x"] * (limits.frames + 1), [b"x"] * 1000, [bytes(limits.frame_bytes)] * 2):
        dealer.send_or_raise(frames, "alice", LIMIT_S)
        with pytest.raises(Refused, match="exceeds the limit") as caught:
            received(router)
        assert caught.value.code == "TOO_LARGE"
        assert len(caught.value.frames) == 1
    dealer.send_or_raise([bytes(2 * limits.frame_bytes)], "alice", LIMIT_S)
    other = site.dealer(router, carol, "safety")
    other.send_or_raise([b"next"], "alice", LIMIT_S)
    assert received(router).frames == [b"next"]
    wait_for(lambda: dealer.send([b"back"]), LIMIT_S, "the connection to be made again")
    assert received(router).frames == [b"back"]


@fault(41)
def test_what_is_too_large_is_told_or_cut_off(site: Site) -> None:
    """Too many frames or bytes: TOO_LARGE; one frame beyond libzmq's limit: cut off; others are served."""
    too_large(site)


@fault(41)
def test_a_flood_is_told_to_stop_and_others_are_served(site: Site) -> None:
    """More messages than the rate allows are answered LIMIT; another connection is served meanwhile."""
    carol = site.user("carol", "operator").to("alice")
    router = site.router(site.door())
    flood, other = site.dealer(router, carol), site.dealer(router, carol)
    codes: set[str] = set()
    while "LIMIT" not in codes:
        while flood.send([b"x"]):
            pass
        for _ in range(2000):
            try:
                if router.receive() is None:
                    break
            except Refused as refused:
                codes.add(refused.code)
    other.send_or_raise([b"mine"], "alice", LIMIT_S)

    def served() -> bool:
        try:
            found = router.receive()
        except Refused:
            return False
        return found is not None and found.frames == [b"mine"]

    wait_for(served, LIMIT_S, "the other connection's message")
