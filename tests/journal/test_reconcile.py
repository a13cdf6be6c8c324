# SPDX-License-Identifier: Apache-2.0
"""Journals of a link's three nodes compared: every difference is named, what is missing can be added."""

import json
from pathlib import Path

import msgspec
import pytest
from journal_facts import END_FACT, heralds, pair, written

from heraldlink.cli.main import execute
from heraldlink.errors import RequestError
from heraldlink.journal.books import Book, read_book
from heraldlink.journal.reconcile import differences, midpoint_of
from heraldlink.link.facts import END, HERALDS, PAIR, PairFact


def three(folder: Path, alice: list[int], bob: list[int], midpoint: list[int]) -> list[str]:
    return [
        str(written(folder, node, numbers))
        for node, numbers in {"alice": alice, "bob": bob, "midpoint": midpoint}.items()
    ]


def compared(folder: Path) -> dict[str, list[tuple[str, int]]]:
    """Differences by kind: (node, attempt)."""
    books = {node: read_book(folder / f"journal-{node}.sqlite") for node in ("alice", "bob", "midpoint")}
    found: dict[str, list[tuple[str, int]]] = {}
    for item in differences(books, midpoint_of(books)):
        found.setdefault(item.kind, []).append((item.node, item.attempt))
    return found


def test_equal_journals_differ_in_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = three(tmp_path, [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4])
    assert execute(["journal", "reconcile", *files]) == 0
    assert capsys.readouterr().out == "0 differences in 12 records\n"


def test_what_ends_lack_is_named_and_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = three(tmp_path, [1, 3], [1, 2, 3], [1, 2, 3])
    assert compared(tmp_path) == {"missing": [("alice", 20)], "undecided": [("midpoint", 40)]}
    assert execute(["journal", "reconcile", *files, "--json"]) == 1
    (missing, _) = json.loads(capsys.readouterr().out)
    assert missing["says"]["alice"] == "nothing"
    assert missing["mendable"]
    assert execute(["journal", "reconcile", *files, "--write"]) == 1  # one herald is undecided still
    assert compared(tmp_path) == {"undecided": [("midpoint", 40)]}
    assert read_book(tmp_path / "journal-alice.sqlite").pairs == read_book(Path(files[2])).pairs


def test_what_the_midpoint_has_not_decided_is_not_added_to_it(tmp_path: Path) -> None:
    files = three(tmp_path, [1, 2, 3, 4], [1, 2, 3], [1, 2, 3])
    assert compared(tmp_path) == {"unknown": [("alice", 40)], "undecided": [("midpoint", 40)]}
    assert execute(["journal", "reconcile", *files, "--write"]) == 1
    assert compared(tmp_path)["unknown"] == [("alice", 40)]


def test_contradictions_are_named() -> None:
    books = {node: Book(node) for node in ("alice", "bob", "midpoint")}
    encode = msgspec.msgpack.encode
    books["midpoint"].add(HERALDS, encode(heralds(1, 2)))
    for node, book in books.items():
        status = "EXPIRED" if node == "bob" else "CONFIRMED"
        book.add(PAIR, encode(pair(1, status)))
        book.add(PAIR, encode(pair(2)))
        state = "FAILED" if node == "bob" else "DELIVERED"
        book.add(END, encode(msgspec.structs.replace(END_FACT, state=state)))
    books["alice"].add(PAIR, encode(pair(2)))
    again = PairFact(1, 2, 8, "ZZ", msgspec.structs.replace(pair(2).decision, attempt=5))
    books["bob"].add(PAIR, encode(again))
    kinds = {(item.kind, item.node, item.attempt) for item in differences(books, "midpoint")}
    assert kinds == {
        ("different", "bob", 10),
        ("repeated", "alice", 20),
        ("unknown", "bob", 5),
        ("number twice", "bob", 5),
        ("ended differently", "nobody known", 0),
    }


def test_the_midpoint_must_be_known() -> None:
    with pytest.raises(RequestError, match="alice, bob is the midpoint cannot be told: name it"):
        midpoint_of({"alice": Book("alice"), "bob": Book("bob")})


def test_check_says_what_a_journal_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "midpoint", [1, 2, 3])
    before = {each: each.read_bytes() for each in sorted(tmp_path.iterdir())}
    assert execute(["journal", "check", str(file)]) == 0
    words = capsys.readouterr().out
    assert "node midpoint, 6 rows (1 to 6), every hash and the mark fit" in words
    assert "3 decided heralds, 1 undecided, 0 requests without an end" in words
    assert {each: each.read_bytes() for each in before} == before
    content = file.read_bytes()
    file.write_bytes(content.replace(b"CONFIRMED", b"CONFIRMEE", 1))
    assert execute(["journal", "check", str(file)]) == 1
    assert "was changed" in capsys.readouterr().err
    assert execute(["journal", "check", str(tmp_path / "none.sqlite")]) == 1
    assert "there is no journal" in capsys.readouterr().err
