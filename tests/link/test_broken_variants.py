# SPDX-License-Identifier: Apache-2.0
"""Every broken variant is caught, and the design passes where it is."""

from math import inf
from pathlib import Path
from random import Random

import pytest
from broken_variants import VARIANTS, table
from network_invariants import Violation, check, require
from test_courier import Channel, message
from test_network_properties import WEATHERS, calm, pipelined, storm
from variants import Variant
from virtual_network import VirtualNetwork

TRIES = 60


def storms(seed: int) -> None:
    check(storm(seed, WEATHERS[seed % 4], 1 + seed % 3))


def slips(seed: int) -> None:
    net = VirtualNetwork(seed, slips=0.4)
    net.run(3.0)
    net.ask("alice", number=60, max_time_s=20.0)
    net.run(25.0)
    calm(net)
    check(net)


def channel(seed: int) -> None:
    one = Channel(Random(seed), 0.2, 0.1)
    one.introduce()
    for number in range(60):
        one.nodes["a"].post("b", message(number), one.now)
        one.run(0.01)
    one.loss = 0.0
    one.run(6.0)
    require(one.got["b"] == list(range(60)), f"order: {one.got['b']}")


def restart(seed: int) -> None:
    one = Channel(Random(seed), 0.2, 0.3)
    one.introduce()
    for number in range(40):
        if number == 20:
            one.restart("ab"[seed % 2])
            one.introduce()
        one.nodes["a"].post("b", message(1000 * one.life["a"] + 100 * one.life["b"] + number), one.now)
        one.run(0.02)
    one.loss = 0.0
    one.run(6.0)
    first = 1000 * one.life["a"] + 100 * one.life["b"] + 20
    read = [number for number in one.got["b"] if number >= first]
    require(read == list(range(first, first + 20)), f"order: {one.got['b']}")
    former = set(one.got["b"]) - set(read)
    require(seed % 2 == 0 or not former, f"order: the new life was told {former}")


def wrap(seed: int) -> None:
    one = Channel(Random(seed), 0.2, 0.05)
    one.introduce()
    one.begin_at("a", "b", 2**32 - 20)
    for number in range(150):
        one.nodes["a"].post("b", message(number), one.now)
    one.run(3.0)
    one.loss = 0.0
    one.run(6.0)
    require(one.got["b"] == list(range(150)), f"order: {one.got['b']}")
    require(one.nodes["a"].due_s() == inf, "rest: what has arrived is sent again for ever")


def ahead(seed: int) -> None:
    check(pipelined(seed))


PROPERTIES = {
    "ahead": ahead,
    "storm": storms,
    "slips": slips,
    "channel": channel,
    "restart": restart,
    "wrap": wrap,
}


def violated(found_by: str, first: int) -> tuple[int, str]:
    """The next seed that a property does not pass, and by which invariant; (-1, "") if all do."""
    for seed in range(first, first + TRIES):
        try:
            PROPERTIES[found_by](seed)
        except Violation as violation:
            return seed, str(violation).partition(":")[0]
    return -1, ""


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_broken_variant_is_caught(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    variant.break_(monkeypatch)
    seed, invariant = violated(variant.found_by, variant.first)
    assert invariant in variant.caught.split()
    monkeypatch.undo()
    PROPERTIES[variant.found_by](seed)


def test_the_documentation_lists_these_variants() -> None:
    page = Path(__file__).parents[2] / "docs/reference/broken-variants.md"
    assert table() in page.read_text()
