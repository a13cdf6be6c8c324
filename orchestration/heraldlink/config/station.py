# SPDX-License-Identifier: Apache-2.0
"""Checks of a QCoDeS Station file before any instrument is opened.

A Station file says which instruments there are and where; it must not act on them. Connecting with an
``initial_value`` would switch an output, open a shutter, or set a bias or a power before limits are known.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from heraldlink.config.document import Document, read_document
from heraldlink.errors import ConfigurationError


def check_station(path: Path, named: Mapping[tuple[str, ...], str], node: Document) -> list[str]:
    """Sentences for every name without an instrument and every setting that connecting would apply.

    ``named`` maps places in ``node``, the node's file, to instrument names; it is blamed for missing ones.
    """
    try:
        document = read_document(path)
    except ConfigurationError as error:
        return list(error.sentences)
    instruments = _mapping(document.content.get("instruments"))
    mistakes = [
        node.sentence(place, f"{document.path} declares no instrument named {name}")
        for place, name in named.items()
        if name not in instruments
    ]
    for name, declared in instruments.items():
        mistakes += _initial_values(document, ("instruments", name), declared)
    return mistakes


def _initial_values(document: Document, location: tuple[str, ...], value: object) -> list[str]:
    """Every ``initial_value`` below ``location``."""
    mistakes: list[str] = []
    for key, inner in _mapping(value).items():
        here = (*location, key)
        if key == "initial_value":
            mistakes.append(
                document.sentence(here, "a Station file must not set a value; declare it in the node's file")
            )
        else:
            mistakes += _initial_values(document, here, inner)
    return mistakes


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
