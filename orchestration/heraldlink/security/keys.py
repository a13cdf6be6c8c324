# SPDX-License-Identifier: Apache-2.0
"""Key files: a pair of one's own, the public keys that a node lets in, and those of nodes one connects to.

A folder of keys holds::

    NAME.secret              the pair of a user or a node: stays here, mode 0600, refused otherwise
    NAME.key                 its public half, to be given to those who shall let it in
    authorized/NAME.key      may connect to the node of this folder, with a role
    known/NODE.key           a node that this folder's owner connects to

Each file is lines of ``field: value``; keys are Curve25519 in Z85 (40 characters), as libzmq takes them.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import zmq

from heraldlink.errors import ConfigurationError
from heraldlink.messages.values import Role

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
Z85 = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
MOST_BYTES = 4096
ROLES: dict[str, Role] = {role: role for role in get_args(Role)}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key (Z85) and its owner's name; its role where it is an authorized one."""

    name: str
    public: str
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Somebody's own keys, Z85. Its repr does not tell the secret."""

    name: str
    public: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair({self.name!r}, {self.public!r})"


def new_pair(folder: Path, name: str) -> KeyPair:
    """Make ``NAME.secret`` and ``NAME.key``. Raises ConfigurationError if there is one already."""
    check_name(name)
    public, secret = (half.decode("ascii") for half in zmq.curve_keypair())
    pair = KeyPair(name, public, secret)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    head = f"# Secret key of {name}: whoever reads this file is {name}.\n"
    write(folder / f"{name}.secret", f"{head}name: {name}\npublic: {public}\nsecret: {secret}\n", 0o600)
    write_public(folder / f"{name}.key", PublicKey(name, public))
    return pair


def write_public(path: Path, key: PublicKey) -> None:
    """Write a public key file. Raises ConfigurationError if there is one already."""
    lines = [f"name: {key.name}", f"public: {key.public}"]
    lines += [f"role: {key.role}"] if key.role else []
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write(path, "# Public key.\n" + "\n".join(lines) + "\n", 0o644)


def read_pair(path: Path) -> KeyPair:
    """A secret file. Raises ConfigurationError if others may read it."""
    fields = read_fields(path, private=True)
    key = public_of(path, fields)
    secret = fields.get("secret", "")
    if not Z85.fullmatch(secret) or zmq.curve_public(secret.encode()).decode() != key.public:
        raise ConfigurationError(f"{path}: secret: does not belong to its public key: make a new pair")
    return KeyPair(key.name, key.public, secret)


def read_public(path: Path) -> PublicKey:
    """A public key file, with its role if it has one."""
    return public_of(path, read_fields(path))


def own_pair(folder: Path, name: str | None = None) -> KeyPair:
    """The pair called ``name``, or the only one of a folder. Raises ConfigurationError."""
    if name is not None:
        return read_pair(folder / f"{name}.secret")
    found = sorted(folder.glob("*.secret"))
    if len(found) != 1:
        what = "no secret key" if not found else f"several keys ({', '.join(path.stem for path in found)})"
        remedy = f"heraldlink keys new NAME --folder {folder}" if not found else "say which one"
        raise ConfigurationError(f"{folder} holds {what}: {remedy}")
    return read_pair(found[0])


def known_key(folder: Path, node: str) -> str:
    """Public key of a node one connects to. Raises ConfigurationError with the remedy."""
    path = folder / "known" / f"{node}.key"
    if not path.exists():
        raise ConfigurationError(
            f"{path} is missing: get {node}.key from the owner of node {node} "
            f"and run: heraldlink keys trust {node}.key --folder {folder}"
        )
    key = read_public(path)
    if key.name != node:
        raise ConfigurationError(f"{path}: name: is {key.name}, not {node}")
    return key.public


def key_files(folder: Path) -> Iterator[Path]:
    """Public key files of a folder, by name. Raises ConfigurationError if it cannot be read."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be read ({error.strerror})") from error
    yield from (folder / name for name in names if name.endswith(".key"))


def check_name(name: str) -> None:
    """Raise ConfigurationError unless a name is one for a user or a node."""
    if not NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no name for a key: take small letters, digits and _, at most 32, a letter first"
        )


def read_fields(path: Path, *, private: bool = False) -> dict[str, str]:
    """Fields of a key file. Raises ConfigurationError naming file and line."""
    text = read_text(path, private=private)
    fields: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        field, colon, value = line.partition(":")
        if not colon or field.strip() in fields:
            raise ConfigurationError(f"{path}:{number}: must be one 'field: value', each field once")
        fields[field.strip()] = value.strip()
    return fields


def read_text(path: Path, *, private: bool) -> str:
    """A short text file; a private one must be this user's alone. The open file is checked, not its name."""
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    if private and state.st_mode & 0o077:
        mode = stat.S_IMODE(state.st_mode)
        raise ConfigurationError(f"{path}: may be read by others (mode {mode:04o}): chmod 600 {path}")
    if private and state.st_uid not in (os.geteuid(), 0):
        raise ConfigurationError(f"{path}: belongs to another user: it must be this one's own")
    try:
        if len(content) > MOST_BYTES:
            raise ValueError
        return content.decode("ascii")
    except ValueError:
        raise ConfigurationError(f"{path}: is no key file") from None


def public_of(path: Path, fields: dict[str, str]) -> PublicKey:
    """The public key that a file's fields make. Raises ConfigurationError naming file and field."""
    unknown = set(fields) - {"name", "public", "secret", "role"}
    if unknown:
        raise ConfigurationError(f"{path}: {sorted(unknown)[0]}: unknown field")
    name, public, role = fields.get("name", ""), fields.get("public", ""), fields.get("role")
    if not NAME.fullmatch(name):
        raise ConfigurationError(f"{path}: name: missing or no name ({name!r})")
    if not Z85.fullmatch(public):
        raise ConfigurationError(f"{path}: public: missing or no key of 40 characters")
    return PublicKey(name, public, None if role is None else role_of(role, str(path)))


def role_of(text: str, where: str) -> Role:
    """A role by its name. Raises ConfigurationError listing the roles."""
    if text not in ROLES:
        raise ConfigurationError(f"{where}: role: must be {', '.join(ROLES)} (got {text!r})")
    return ROLES[text]


def write(path: Path, text: str, mode: int) -> None:
    """Write a new file with its mode from the start. Raises ConfigurationError if there is one already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise ConfigurationError(f"{path} exists already: it is not overwritten") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written ({error.strerror})") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
