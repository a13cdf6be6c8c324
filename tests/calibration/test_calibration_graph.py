# SPDX-License-Identifier: Apache-2.0
"""What is due, in which order and why; what blocks what."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.calibration.graph import Calibration, Graph, Limits, Now
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.result import Result
from heraldlink.errors import ConfigurationError

GRAPH = Graph(
    [
        Calibration("readout", "alice", ("pi",), 100.0, {"fidelity": Limits(0.9, 1.0)}),
        Calibration("bias", "midpoint", (), 1000.0, {"bias": Limits(10, 20)}),
        Calibration("pi", "alice", ("bias",), 50.0, {"rabi": Limits(0.5, 2)}, {"rabi": 0.01}),
    ]
)


def result(
    name: str, slot: int, moved_slot: int = 0, outcome="measured", reason="", **values: float
) -> Result:
    measured = {key: Measured(value, 0.001) for key, value in values.items()}
    return Result(name, "alice", outcome, slot, moved_slot, "", "simulated", "", measured, reason)


def good(slot: int = 0) -> dict[str, Result]:
    found = [
        result("bias", slot, bias=15),
        result("pi", slot, rabi=1),
        result("readout", slot, fidelity=0.95),
    ]
    return {item.calibration: item for item in found}


def names(results: dict[str, Result], now: Now, **options) -> list[str]:
    return [item.name for item in GRAPH.due(results, now, **options)]


def test_all_are_due_at_first_in_the_order_of_their_needs() -> None:
    assert names({}, Now(0, 10)) == ["bias", "pi", "readout"]
    assert all(item.reason == "never measured" for item in GRAPH.due({}, Now(0, 10)))


def test_nothing_is_due_while_all_are_in_specification() -> None:
    assert names(good(), Now(499, 10)) == []


def test_expiry_counts_bench_seconds() -> None:
    due = GRAPH.due(good(), Now(501, 10))
    assert [item.name for item in due] == ["pi"]
    assert due[0].reason == "expired: 50 s old, good for 50 s"


def test_a_count_that_began_anew_makes_ages_unknown() -> None:
    assert names(good(100), Now(5, 10)) == ["bias", "pi", "readout"]


def test_a_count_that_began_anew_and_grew_past_a_result_is_told_by_the_time_of_day() -> None:
    """Measured in the 10th second after one start; asked in the 20th after the next, a day later."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    results = {name: replace(item, at=at.isoformat()) for name, item in good(100).items()}
    assert names(results, Now(200, 10, at.timestamp() + 10.0)) == []
    assert names(results, Now(200, 10, at.timestamp() + 69.0)) == []
    for elapsed_s in (86_400.0, -86_400.0):
        due = GRAPH.due(results, Now(200, 10, at.timestamp() + elapsed_s))
        assert [item.name for item in due] == ["bias", "pi", "readout"]
        assert due[0].reason == "the slot count began anew: its age is not known"


def test_out_of_limits_is_due_and_blocks_what_needs_it() -> None:
    results = good() | {"bias": result("bias", 0, bias=25)}
    due = GRAPH.due(results, Now(1, 10))
    assert [item.name for item in due] == ["bias"]
    assert "out of limits: bias is 25 ± 0.001, allowed 10 .. 20" in due[0].reason
    assert GRAPH.blocked("pi", results, Now(1, 10)).startswith("needs bias, which is out of specification")
    assert GRAPH.blocked("readout", results, Now(1, 10)) == ""


def test_a_failed_one_blocks_its_dependants_with_its_reason() -> None:
    results = good() | {"bias": result("bias", 3, outcome="failed", reason="the wire is latched")}
    assert names(results, Now(4, 10)) == ["bias"]
    assert "the wire is latched" in GRAPH.blocked("pi", results, Now(4, 10))


def test_what_changed_makes_its_dependants_due() -> None:
    results = good() | {"bias": result("bias", 9, 9, bias=18)}
    assert names(results, Now(10, 10)) == ["pi"]
    assert GRAPH.due(results, Now(10, 10))[0].reason == "bias has changed since"


def test_moved_needs_significance_and_size() -> None:
    before = result("pi", 0, rabi=1.0)
    assert not GRAPH.moved(before, result("pi", 1, rabi=1.002))
    assert not GRAPH.moved(before, result("pi", 1, rabi=1.009))
    assert GRAPH.moved(before, result("pi", 1, rabi=1.02))
    assert GRAPH.moved(None, before)


def test_only_what_is_wanted_with_what_it_needs() -> None:
    assert names({}, Now(0, 10), wanted=["pi"]) == ["bias", "pi"]
    assert GRAPH.of_nodes({"midpoint"}) == ("bias",)
    assert names(good(), Now(0, 10), force={"readout": "asked for"}) == ["readout"]
    with pytest.raises(ConfigurationError, match="there is no calibration 'pie'"):
        GRAPH.due({}, Now(0, 10), wanted=["pie"])


def test_circles_and_gaps_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="in a circle"):
        Graph([Calibration("a", "n", ("b",)), Calibration("b", "n", ("a",))])
    with pytest.raises(ConfigurationError, match="which does not exist"):
        Graph([Calibration("a", "n", ("b",))])


@given(st.data())
def test_order_respects_needs_whatever_the_graph(data: st.DataObject) -> None:
    """Random acyclic graphs, given in random order: needs come first, and each calibration once."""
    size = data.draw(st.integers(1, 8))
    needs = [
        tuple(f"c{k}" for k in data.draw(st.sets(st.integers(0, i - 1)) if i else st.just(set())))
        for i in range(size)
    ]
    items = [Calibration(f"c{i}", "n", needs[i]) for i in data.draw(st.permutations(range(size)))]
    order = Graph(items).order
    assert sorted(order) == sorted(item.name for item in items)
    assert all(order.index(need) < order.index(item.name) for item in items for need in item.needs)
    assert names_of_due(items) == list(order)


def names_of_due(items: list[Calibration]) -> list[str]:
    return [item.name for item in Graph(items).due({}, Now(0, 1))]
