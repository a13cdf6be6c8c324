# SPDX-License-Identifier: Apache-2.0
"""Reading node and network files, with the files they name."""

from copy import deepcopy
from pathlib import Path
from typing import cast

from heraldlink.config.document import Document, read_document, validate
from heraldlink.config.find import find_config
from heraldlink.config.network import NetworkConfig
from heraldlink.config.node import EndNodeConfig, MidpointConfig
from heraldlink.config.sequence import SequenceConfig
from heraldlink.config.station import check_station
from heraldlink.errors import ConfigurationError

KINDS: dict[str, type[EndNodeConfig] | type[MidpointConfig]] = {
    "end": EndNodeConfig,
    "midpoint": MidpointConfig,
}
PATHS = ("station", "sequence", "devices")


def load_network(name: str | Path) -> NetworkConfig:
    """The network file ``name``; raises ConfigurationError with a sentence for each mistake."""
    path = find_config(name)
    document = read_document(path)
    content = deepcopy(document.content)
    _resolve_keys(content, path.parent)
    return validate(NetworkConfig, document, content)


def load_sequence(name: str | Path) -> SequenceConfig:
    """The sequence file ``name``; raises ConfigurationError with a sentence for each mistake."""
    return validate(SequenceConfig, read_document(find_config(name)))


def load_node(name: str | Path) -> EndNodeConfig | MidpointConfig:
    """The node file ``name`` with its sequence read and its paths resolved, and its Station file checked.

    Raises ConfigurationError with a sentence, naming file, line and key, for each mistake in any file.
    """
    path = find_config(name)
    document = read_document(path)
    kind = document.content.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ConfigurationError(document.sentence(("kind",), f"must be end or midpoint (got {kind!r})"))
    content = deepcopy(document.content)
    mistakes: list[str] = []
    _resolve_paths(document, content, path.parent, mistakes)
    _resolve_keys(content.get("security"), path.parent)
    _read_sequence(content, mistakes)
    try:
        node = validate(KINDS[kind], document, content)
    except ConfigurationError as error:
        raise ConfigurationError(*mistakes, *_new(error, mistakes)) from error
    if not mistakes:
        mistakes += check_station(node.station, named(node), document)
    if mistakes:
        raise ConfigurationError(*mistakes)
    return node


def named(node: EndNodeConfig | MidpointConfig) -> dict[tuple[str, ...], str]:
    """Every instrument that a node's file names, by where it does."""
    found: dict[tuple[str, ...], str] = {("roles", role): name for role, name in node.instruments.items()}
    found |= {("permits", name, "instrument"): one.instrument for name, one in node.permits.items()}
    return found | {("identities", name): name for name in node.identities}


def _resolve_paths(document: Document, content: dict[str, object], beside: Path, mistakes: list[str]) -> None:
    """Replace every file name in the node's file by an absolute path."""
    for key in PATHS:
        value = content.get(key)
        if isinstance(value, str):
            try:
                content[key] = str(find_config(value, beside=beside))
            except ConfigurationError as error:
                mistakes.append(document.sentence((key,), str(error)))


def _resolve_keys(section: object, beside: Path) -> None:
    """Make a section's folder of keys absolute; it is the owner's and never searched for elsewhere."""
    if isinstance(section, dict):
        keys = cast("dict[str, object]", section)
        if isinstance(folder := keys.get("keys"), str):
            keys["keys"] = str((beside / Path(folder).expanduser()).resolve())


def _read_sequence(content: dict[str, object], mistakes: list[str]) -> None:
    """Put the sequence file's content in the place of its name."""
    name = content.get("sequence")
    if not isinstance(name, str) or not Path(name).is_file():
        return
    try:
        content["sequence"] = load_sequence(name).model_dump(mode="json")
    except ConfigurationError as error:
        mistakes += error.sentences


def _new(error: ConfigurationError, mistakes: list[str]) -> tuple[str, ...]:
    """The sentences of ``error``, without a second complaint about a sequence file already reported."""
    return tuple(s for s in error.sentences if not (mistakes and ": sequence: " in s))
