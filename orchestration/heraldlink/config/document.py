# SPDX-License-Identifier: Apache-2.0
"""YAML files that remember the line of every key, and validation that reports all mistakes at once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from heraldlink.config.quantities import Strict
from heraldlink.errors import ConfigurationError

Section = TypeVar("Section", bound=Strict)
Location = Sequence[int | str]


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file: its path as shown to people, and its content with line numbers."""

    path: Path
    content: CommentedMap

    def line(self, location: Location) -> int:
        """Line (from 1) of the key at ``location``, or of its nearest existing parent."""
        node: object = self.content
        line = 1
        for key in location:
            if isinstance(node, CommentedMap) and key in node:
                line = cast(int, node.lc.key(key)[0]) + 1
                node = cast(object, node[key])
            elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
                line = cast(int, node.lc.item(key)[0]) + 1
                node = cast(object, node[key])
        return line

    def sentence(self, location: Location, complaint: str) -> str:
        """``file:line: key: complaint``."""
        key = ".".join(str(part) for part in location)
        where = f"{self.path}:{self.line(location)}"
        return f"{where}: {key}: {complaint}" if key else f"{where}: {complaint}"


def read_document(path: Path) -> Document:
    """Parse a YAML file whose top level is a mapping; raise ConfigurationError naming file and line."""
    try:
        content = cast(object, YAML(typ="rt").load(path.read_text(encoding="utf-8")))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigurationError(f"{where}: {_one_line(error.problem or 'not YAML')}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: this is not a YAML file ({_one_line(str(error))})") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    if not isinstance(content, CommentedMap):
        raise ConfigurationError(f"{path}: must hold keys and values")
    return Document(shown(path), content)


def plain(value: object) -> object:
    """The document's content as plain mappings, lists and scalars (float subclasses reduced)."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in cast("dict[object, object]", value).items()}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[object]", value)]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else str(value)


def validate(model: type[Section], document: Document, content: object = None) -> Section:
    """Check the document (or the prepared ``content`` in its place) against ``model``.

    Raises ConfigurationError with one sentence for every mistake.
    """
    raw = plain(document.content) if content is None else content
    try:
        return model.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        raise ConfigurationError(*(document.sentence(d["loc"], _complaint(d)) for d in details)) from error


def shown(path: Path) -> Path:
    """The path relative to the working directory where it lies below it, for messages."""
    working = Path.cwd()
    return path.relative_to(working) if path.is_relative_to(working) else path


def _complaint(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        return "unknown key"
    if detail["type"] == "missing":
        return "missing key"
    message = detail["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    given = detail["input"]
    return message if isinstance(given, dict | list) else f"{message} (got {given!r})"


def _one_line(text: str) -> str:
    return " ".join(text.split())
