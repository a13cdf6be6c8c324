# SPDX-License-Identifier: Apache-2.0
"""Numbers of heralds and slots that pass 2^16 while pairs are made, as in a laboratory that ran for weeks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_lab import Laboratory, fault
from ruamel.yaml import YAML

from heraldlink.config import find_config
from heraldlink.journal import Entry, Journal, journal_file
from heraldlink.link.facts import HERALDS, PAIR, HeraldsFact, PairFact
from heraldlink.link.recovery import expired
from heraldlink.messages.values import Herald

WRAP = 2**16
BEFORE = 5


def long_lived(folder: Path) -> None:
    """The midpoint's journal as of a link that has numbered almost 2^16 heralds."""
    (folder / "data").mkdir(parents=True)
    journal = Journal(journal_file(folder / "data", "midpoint"))
    last = Herald(WRAP - BEFORE, 1, 1)
    fact = HeraldsFact(request=1, burst=1, slot=1, basis="ZZ", heralds=(last,))
    decided = PairFact(request=1, burst=1, slot=1, basis="ZZ", decision=expired(last, "of long ago"))
    journal.append([Entry(HERALDS, fact), Entry(PAIR, decided)])
    journal.close()


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A bench whose next slot is a few before 2^16."""
    folder = tmp_path_factory.mktemp("counters")
    shipped, yaml = find_config("benches/two_nodes.yaml"), YAML()
    content = yaml.load(shipped)
    content["devices"] = str((shipped.parent / content["devices"]).resolve())
    content["first_tick"] = WRAP - 2
    bench = folder / "bench.yaml"
    with bench.open("w") as stream:
        yaml.dump(content, stream)
    long_lived(folder / "lab")
    with Laboratory(folder / "lab", bench=str(bench)) as laboratory:
        yield laboratory


@fault(73)
def test_no_pair_is_lost_where_numbers_pass_two_to_the_sixteen(rack: Laboratory) -> None:
    """Slots and herald numbers go on beyond 65,535: every herald is decided once, none has EXPIRED for its
    number, and what clients are told is what all journals hold."""
    with rack.client() as client:
        client.prepare()
        ending = client.measure(300)
    assert ending.state == "DELIVERED", ending
    assert ending.result is not None
    heralds, slots = ending.result.heralds, [slot.slot for slot in ending.result.slots]
    assert min(slots) < WRAP <= max(slots), slots
    first = WRAP - BEFORE + 1
    assert [pair.mhp_seq for pair in heralds] == list(range(first, first + len(heralds)))
    assert {pair.status for pair in heralds} <= {"CONFIRMED", "EXPIRED"}
    surplus = {pair.reason for pair in heralds if pair.status == "EXPIRED"}
    assert surplus <= {"the request was already complete"}
    assert len(ending.pairs) == 300
