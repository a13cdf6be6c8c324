# SPDX-License-Identifier: Apache-2.0
"""Rows of a journal and the chain of hashes that ties each one to all before it."""

import hashlib
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

from heraldlink.errors import JournalError

GENESIS = bytes(32)
ARCHIVE = re.compile(r"-\d{12}-\d{12}\.sqlite(\.part)?$")
"""How the name of an archive ends: first and last row."""
RawRow = tuple[int, str, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """One journalled fact; ``payload`` is msgpack of a struct of that kind, ``hash`` the chain's up to it."""

    seq: int
    kind: str
    payload: bytes
    hash: bytes = GENESIS


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact to journal."""

    kind: str
    body: msgspec.Struct


def chain(previous: bytes, seq: int, kind: str, payload: bytes) -> bytes:
    """Hash of a row: SHA-256 over its predecessor's hash, its number, kind and payload."""
    return hashlib.sha256(previous + seq.to_bytes(8) + named(kind) + payload).digest()


@lru_cache(64)
def named(kind: str) -> bytes:
    """A kind as it is hashed: the length of its name (uint32, big endian), and the name."""
    name = kind.encode()
    return struct.pack(">I", len(name)) + name


def linked(entry: Entry, seq: int, previous: bytes) -> RawRow:
    """The row ``seq`` of an entry behind the row whose hash is ``previous``."""
    payload = msgspec.msgpack.encode(entry.body)
    return seq, entry.kind, payload, previous, chain(previous, seq, entry.kind, payload)


def follow(row: tuple[object, ...], seq: int, digest: bytes, path: Path) -> tuple[int, bytes]:
    """Check that a row as SQLite gave it continues the chain; its number and hash. Raises JournalError."""
    found, kind, payload, previous, own = row
    if found != seq + 1:
        raise damaged(path, f"row {seq + 1} is missing")
    # a flipped bit may have changed even the type of a value
    if (
        isinstance(kind, str)
        and isinstance(payload, bytes)
        and isinstance(own, bytes)
        and previous == digest
        and own == chain(digest, seq + 1, kind, payload)
    ):
        return seq + 1, own
    raise damaged(path, f"row {seq + 1} was changed")


def damaged(path: Path, what: str) -> JournalError:
    """The error that refuses to start, or to read an archive, with the remedy."""
    if ARCHIVE.search(path.name):
        return JournalError(
            f"archive {path} is damaged: {what}; put a copy of it and of its mark in its place"
        )
    return JournalError(
        f"journal {path} is damaged: {what}; the node does not start on it. "
        f"To set it aside and keep its intact beginning: heraldlink journal repair {path}"
    )
