# SPDX-License-Identifier: Apache-2.0
"""YAML files that remember the line of every key, and validation that reports all mistakes at once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from heraldlink.config.quantities import Strict
from heraldlink.errors import ConfigurationError

Section = TypeVar("Section", bound=Strict)
Value = TypeVar("Value")
Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file: its path as shown to people, its plain content, and the line of every key."""

    path: Path
    content: dict[str, object]
    lines: dict[Location, int]

    def line(self, location: Location) -> int:
        """Line (from 1) of the key at ``location``, or of its nearest existing parent."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def sentence(self, location: Location, complaint: str) -> str:
        """``file:line: key: complaint``."""
        key = ".".join(str(part) for part in location)
        where = f"{self.path}:{self.line(location)}"
        return f"{where}: {key}: {complaint}" if key else f"{where}: {complaint}"


def read_document(path: Path) -> Document:
    """Parse a YAML file whose top level is a mapping; raise ConfigurationError naming file and line."""
    name = shown(path)
    content = _parse(path, name)
    if not isinstance(content, dict):
        raise ConfigurationError(f"{name}: must hold keys and values")
    lines: dict[Location, int] = {}
    return Document(name, cast("dict[str, object]", _plain(cast(object, content), (), lines)), lines)


def validate(model: type[Section], document: Document, content: dict[str, object] | None = None) -> Section:
    """Check the document (or the prepared ``content`` in its place) against ``model``.

    Raises ConfigurationError with one sentence for every mistake.
    """
    return validate_as(TypeAdapter(model), document, content or document.content)


def validate_as(adapter: TypeAdapter[Value], document: Document, content: dict[str, object]) -> Value:
    """The same for whatever an adapter builds, such as a dataclass."""
    try:
        return adapter.validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        raise ConfigurationError(*(document.sentence(d["loc"], _complaint(d)) for d in details)) from error


def shown(path: Path) -> Path:
    """The path relative to the working directory where it lies below it, for messages."""
    working = Path.cwd()
    return path.relative_to(working) if path.is_relative_to(working) else path


class _Marks(Protocol):
    """Line marks that the YAML reader attaches to mappings and lists."""

    @property
    def data(self) -> Mapping[object, object]: ...
    def key(self, key: object) -> tuple[int, int]: ...
    def item(self, key: int) -> tuple[int, int]: ...


class _Marked(Protocol):
    @property
    def lc(self) -> _Marks: ...


class _Load(Protocol):
    def __call__(self, stream: str) -> object: ...


def _parse(path: Path, name: Path) -> object:
    try:
        return cast(_Load, YAML(typ="rt").load)(path.read_text(encoding="utf-8"))  # pyright: ignore[reportUnknownMemberType]
    except MarkedYAMLError as error:
        mark = cast("object | None", error.problem_mark)  # pyright: ignore[reportUnknownMemberType]
        where = f"{name}:{cast(int, getattr(mark, 'line', 0)) + 1}"
        problem = cast("str | None", error.problem)  # pyright: ignore[reportUnknownMemberType]
        raise ConfigurationError(f"{where}: {_one_line(problem or 'not YAML')}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}: is not a YAML file ({_one_line(str(error))})") from error
    except OSError as error:
        raise ConfigurationError(f"{name}: cannot be read ({error.strerror})") from error


def _plain(value: object, here: Location, lines: dict[Location, int]) -> object:
    """``value`` as plain mappings, lists and scalars; notes the line of every key in ``lines``."""
    if isinstance(value, dict):
        return _mapping(cast("dict[object, object]", value), here, lines)
    if isinstance(value, list):
        return _items(cast("list[object]", value), here, lines)
    return _scalar(value)


def _mapping(value: dict[object, object], here: Location, lines: dict[Location, int]) -> dict[str, object]:
    marks = _marks(value)
    content: dict[str, object] = {}
    for key, item in value.items():
        inner = (*here, str(key))
        merged = key not in marks.data  # a key that comes by "<<: *anchor" has no line of its own
        lines[inner] = lines.get(here, 1) if merged else marks.key(key)[0] + 1
        content[str(key)] = _plain(item, inner, lines)
    return content


def _items(value: list[object], here: Location, lines: dict[Location, int]) -> list[object]:
    marks = _marks(value)
    for index in range(len(value)):
        lines[(*here, index)] = marks.item(index)[0] + 1
    return [_plain(item, (*here, index), lines) for index, item in enumerate(value)]


def _marks(value: object) -> _Marks:
    return cast(_Marked, value).lc


def _scalar(value: object) -> object:
    """A plain scalar: the reader's own number classes remember their spelling, which nobody needs here."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else str(value)


def _complaint(detail: ErrorDetails) -> str:
    if detail["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return "unknown key"
    if detail["type"] == "missing":
        return "missing key"
    message = detail["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    given = detail["input"]
    return message if isinstance(given, dict | list) else f"{message} (got {given!r})"


def _one_line(text: str) -> str:
    return " ".join(text.split())
