# SPDX-License-Identifier: Apache-2.0
"""Origins form a lattice, its laws checked for all of them; a silent instrument is never real."""

from itertools import permutations, product

import pytest

from heraldlink.messages.origin import ORIGINS, join, joined, origin_of


def test_all_origins_are_there() -> None:
    assert set(ORIGINS) == {"real", "replayed", "simulated", "mixed", "unknown"}


def test_join_is_commutative_associative_and_idempotent() -> None:
    for a, b, c in product(ORIGINS, repeat=3):
        assert join(a, b) == join(b, a)
        assert join(join(a, b), c) == join(a, join(b, c))
        assert join(a, a) == a
        assert join(a, join(a, b)) == join(a, b)


def test_join_is_the_least_upper_bound() -> None:
    for a, b in product(ORIGINS, repeat=2):
        above = [c for c in ORIGINS if join(a, c) == c == join(b, c)]
        assert join(a, b) in above
        assert all(join(join(a, b), c) == c for c in above)


@pytest.mark.parametrize(
    ("contributors", "origin"),
    [
        (["real", "real"], "real"),
        (["simulated", "simulated"], "simulated"),
        (["replayed"], "replayed"),
        (["real", "simulated"], "mixed"),
        (["real", "replayed"], "mixed"),
        (["replayed", "simulated"], "simulated"),
        (["real", "unknown"], "unknown"),
        (["real", "simulated", "unknown"], "unknown"),
        ([], "unknown"),
    ],
)
def test_what_a_result_says(contributors, origin) -> None:
    assert {joined(order) for order in permutations(contributors)} == {origin}


def test_real_needs_every_instrument_to_be_real() -> None:
    for contributors in product(ORIGINS, repeat=3):
        assert (joined(contributors) == "real") is (set(contributors) == {"real"})


@pytest.mark.parametrize(
    ("identity", "origin"),
    [
        ("SANTEC,TSL-570,SIM-hub_pump,0026.0026.0011", "simulated"),
        ("Rohde&Schwarz,SGS100A,1416.0505k02/SIM-alice_mw,3.1.19.15", "simulated"),
        ("Rohde&Schwarz,SGS100A,1416.0505k02/112233,3.1.19.15", "real"),
        ("Rohde&Schwarz,SGS100A,1416.0505k02/REPLAY-112233,3.1.19.15", "replayed"),
        ("Stanford Research Systems,DG645,s/n001111,ver1.14.10E", "real"),
        ("Stanford Research Systems,DG645,s/nREPLAY-001111,ver1.14.10E", "replayed"),
        ("SANTEC,TSL-570,REPLAY-SIM-hub_pump,0026.0026.0011", "replayed"),
        ("SIM-MAKER,SIM-9,12,1", "real"),
        ("Single Quantum,EOS,unknown,", "unknown"),
        ("ACME,PL780,0,1.4", "unknown"),
        ("IDQ ID1000", "unknown"),
        ("", "unknown"),
    ],
)
def test_only_the_serial_number_tells(identity: str, origin: str) -> None:
    assert origin_of(identity) == origin
