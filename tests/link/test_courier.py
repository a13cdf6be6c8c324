# SPDX-License-Identifier: Apache-2.0
"""Couriers over a channel that loses, doubles, delays and reorders: everything arrives once and in order."""

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from heraldlink.link.courier import MOST_WAITING, WINDOW, Courier, meet, post, receive, tick
from heraldlink.link.mail import Mail
from heraldlink.link.serial import advanced, ahead
from heraldlink.messages.header import Body
from heraldlink.messages.link import Close, Label, Receipt


def message(number: int) -> Close:
    return Close(number, "DELIVERED", "")


@dataclass
class Channel:
    """Two nodes and what flies between them: (when it arrives, to whom, from which life, label, body)."""

    choices: Random
    loss: float
    longest_s: float
    now: float = 0.0
    life: dict[str, int] = field(default_factory=lambda: {"a": 1, "b": 1})
    nodes: dict[str, Mail] = field(default_factory=dict[str, Mail])
    flying: list[tuple[float, str, int, Label, Body]] = field(default_factory=list)
    got: dict[str, list[int]] = field(default_factory=lambda: {"a": [], "b": []})

    def __post_init__(self) -> None:
        for node in ("a", "b"):
            self.start(node)

    def start(self, node: str) -> None:
        other, life = "ab"["ab".index(node) - 1], self.life[node]

        def transmit(target: str, label: Label, body: Body) -> None:
            copies = 2 if self.choices.random() < self.loss else 1
            for _ in range(copies):
                if self.choices.random() >= self.loss:
                    arrives = self.now + self.choices.uniform(0, self.longest_s)
                    self.flying.append((arrives, target, life, label, body))

        self.nodes[node] = Mail(life, (other,), transmit)

    def restart(self, node: str) -> None:
        self.life[node] += 1
        self.got[node] = []
        self.start(node)

    def begin_at(self, sender: str, receiver: str, number: int) -> None:
        """As if so many messages had gone from one to the other before."""
        out, into = self.nodes[sender]._couriers, self.nodes[receiver]._couriers
        out[receiver] = replace(out[receiver], next_number=number)
        into[sender] = replace(into[sender], expected=number)

    def introduce(self) -> None:
        self.nodes["a"].meet("b", self.life["b"], self.now)
        self.nodes["b"].meet("a", self.life["a"], self.now)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += 0.005
            due = [item for item in self.flying if item[0] <= self.now]
            self.flying = [item for item in self.flying if item[0] > self.now]
            for _, target, life, label, body in sorted(due, key=lambda item: item[0]):
                source = "ab"["ab".index(target) - 1]
                bodies = self.nodes[target].receive(source, life, label, body, self.now)
                self.got[target] += [one.request for one in bodies if isinstance(one, Close)]
            for mail in self.nodes.values():
                mail.tick(self.now)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.4]), st.sampled_from([0.001, 0.05, 0.3]))
def test_everything_arrives_once_and_in_order(seed: int, loss: float, longest_s: float) -> None:
    channel = Channel(Random(seed), loss, longest_s)
    channel.introduce()
    for number in range(150):
        channel.nodes["a"].post("b", message(number), channel.now)
        if number % 3 == 0:
            channel.nodes["b"].post("a", message(number), channel.now)
        channel.run(0.01)
    channel.loss = 0.0
    channel.run(20.0)
    assert channel.got["b"] == list(range(150))
    assert channel.got["a"] == list(range(0, 150, 3))
    assert not channel.flying


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 59), st.sampled_from(["a", "b"]))
def test_a_new_life_gets_nothing_of_the_former_one(seed: int, moment: int, victim: str) -> None:
    """``a`` counts its lives into its messages; ``b`` never reads one twice, or one of another life."""
    channel = Channel(Random(seed), 0.2, 0.3)
    channel.introduce()
    for number in range(60):
        if number == moment:
            channel.restart(victim)
            channel.introduce()
        channel.nodes["a"].post("b", message(1000 * channel.life["a"] + number), channel.now)
        channel.run(0.02)
    channel.loss = 0.0
    channel.run(20.0)
    first = 1000 * channel.life["a"]
    read = [number for number in channel.got["b"] if number >= first]
    assert read == list(range(read[0], first + 60))
    assert len(set(channel.got["b"])) == len(channel.got["b"])
    assert read[0] <= first + moment
    assert channel.nodes["ab"["ab".index(victim) - 1]].restarted() == [victim]


@pytest.mark.parametrize("bits", [8, 16, 32, 63])
def test_numbers_are_compared_by_the_shorter_way_round(bits: int) -> None:
    last = (1 << bits) - 1
    assert ahead(0, last, bits) == 1
    assert ahead(last, 0, bits) == -1
    assert advanced(last, 3, bits) == 2
    assert ahead(advanced(last, 40, bits), last, bits) == 40


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 200))
def test_numbers_wrap_around_under_loss(seed: int, before: int) -> None:
    channel = Channel(Random(seed), 0.2, 0.05)
    channel.introduce()
    channel.begin_at("a", "b", (2**32 - before) % 2**32)
    for number in range(200):
        channel.nodes["a"].post("b", message(number), channel.now)
    channel.run(3.0)
    channel.loss = 0.0
    channel.run(10.0)
    assert channel.got["b"] == list(range(200))


def test_no_more_than_a_window_is_under_way_and_nothing_before_the_other_is_known() -> None:
    courier = Courier(boot=1)
    for number in range(100):
        courier, parcels = post(courier, message(number), 0.0)
        assert not parcels
    courier, parcels, restarted = meet(courier, 7, 0.0)
    assert not restarted
    assert [parcel.label.number for parcel in parcels] == list(range(WINDOW))
    (courier, more), _ = receive(courier, 7, Label(1, 0, 10), Receipt(), 0.1)
    assert [parcel.label.number for parcel in more] == list(range(WINDOW, WINDOW + 10))
    assert len(courier.flying) == WINDOW


def test_a_label_for_another_life_is_not_taken() -> None:
    courier, _, _ = meet(Courier(boot=5), 7, 0.0)
    for boot, label in ((7, Label(4, 0, 0)), (6, Label(5, 0, 0)), (7, Label(5, WINDOW, 0))):
        (courier, _), bodies = receive(courier, boot, label, message(1), 0.0)
        assert bodies == ()
    assert (courier.tally.former_life, courier.tally.out_of_window) == (2, 1)
    courier, _, restarted = meet(courier, 6, 0.0)
    assert (courier.peer_boot, restarted) == (7, False)


def test_the_retry_follows_the_delay_of_the_channel() -> None:
    """Over 200 ms there and back, a message is not sent again before three times that."""
    courier, _, _ = meet(Courier(boot=1), 7, 0.0)
    now, again = 0.0, 0
    for number in range(10):
        courier, (parcel, *_) = post(courier, message(number), now)
        before = courier.tally.resent
        for _ in range(20):
            now += 0.01
            courier, _ = tick(courier, now)
        again = courier.tally.resent - before
        label = Label(1, 0, number + 1, 0, parcel.label.sent_us)
        (courier, _), _ = receive(courier, 7, label, Receipt(), now)
    assert again == 0
    assert courier.delay_s == pytest.approx(0.2, rel=0.05)


def test_where_messages_are_lost_each_is_sent_twice_until_they_arrive_again() -> None:
    courier, now = meet(Courier(boot=1), 7, 0.0)[0], 0.0
    copies: list[int] = []
    for number in range(400):
        courier, parcels = post(courier, message(number), now)
        copies.append(len(parcels))
        now += 0.005
        if number == 100:  # this one is lost, and its copy
            now += 1.0
            courier, again = tick(courier, now)
            assert len(again) == 1
        label = Label(1, 0, number + 1, 0, parcels[0].label.sent_us)
        (courier, _), _ = receive(courier, 7, label, Receipt(), now)
    assert copies[:101] == [1] * 101
    assert copies[101:150] == [2] * 49
    assert copies[-1] == 1
    assert courier.tally.resent == 1


def test_what_waits_for_a_silent_node_is_bounded() -> None:
    courier = Courier(boot=1)
    for number in range(MOST_WAITING + 5):
        courier, _ = post(courier, message(number), 0.0)
    assert len(courier.waiting) == MOST_WAITING
    assert courier.tally.given_up == 5
