# SPDX-License-Identifier: Apache-2.0
"""Whom a node lets in: public keys, each with the name and role under which it was authorized."""

from collections.abc import Mapping
from pathlib import Path

from heraldlink.errors import ConfigurationError
from heraldlink.messages.values import Role
from heraldlink.security.keys import PublicKey, check_name, key_files, read_public, write_public
from heraldlink.security.sender import Sender

Roster = Mapping[str, Sender]
"""Sender of each public key (Z85)."""


def read_roster(folder: Path) -> Roster:
    """The keys in ``authorized``. Raises ConfigurationError with a sentence for each mistake."""
    roster: dict[str, Sender] = {}
    mistakes: list[str] = []
    for path in key_files(folder / "authorized"):
        try:
            key = read_public(path)
            roster[key.public] = sender_of(path, key, roster)
        except ConfigurationError as error:
            mistakes += error.sentences
    if mistakes:
        raise ConfigurationError(*mistakes)
    return roster


def sender_of(path: Path, key: PublicKey, roster: Roster) -> Sender:
    """The sender that an authorized key stands for. Raises ConfigurationError."""
    if key.name != path.stem:
        raise ConfigurationError(f"{path}: name: is {key.name}, unlike the file's")
    if key.role is None:
        raise ConfigurationError(f"{path}: role: missing: run heraldlink keys authorize again")
    if key.public in roster:
        raise ConfigurationError(f"{path}: public: is the key of {roster[key.public].name} too")
    return Sender(key.name, key.role)


def authorize(folder: Path, file: Path, role: Role) -> PublicKey:
    """Let the owner of a public key file in. Raises ConfigurationError if name or key is in already."""
    key = read_public(file)
    for public, sender in read_roster(folder).items():
        if public == key.public and sender.name != key.name:
            raise ConfigurationError(f"{file}: is the key of {sender.name}, who is authorized already")
    authorized = PublicKey(key.name, key.public, role)
    write_public(folder / "authorized" / f"{key.name}.key", authorized)
    return authorized


def trust(folder: Path, file: Path) -> PublicKey:
    """Keep the public key of a node that is to be connected to."""
    key = read_public(file)
    write_public(folder / "known" / f"{key.name}.key", PublicKey(key.name, key.public))
    return key


def revoke(folder: Path, name: str) -> None:
    """Let somebody in no longer. Raises ConfigurationError if nobody of that name is authorized."""
    check_name(name)
    path = folder / "authorized" / f"{name}.key"
    try:
        path.unlink()
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is missing: {name} is not authorized") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be removed ({error.strerror})") from error
