# SPDX-License-Identifier: Apache-2.0
"""What a publication reported and how its experiment was run: the files below ``configs/published``.

Evidence, as in the files: "V" read in the named source; "C" computed for this project; "M" general knowledge,
orientation only; "assumed" stated by no source.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import Field
from ruamel.yaml import YAML

from heraldlink.config.document import read_document, validate
from heraldlink.config.find import find_config
from heraldlink.config.quantities import Strict
from heraldlink.errors import ConfigurationError

Evidence = Literal["V", "C", "M", "assumed"]


class Number(Strict):
    """A value with where it comes from."""

    value: float
    sigma: Annotated[float, Field(ge=0)] = 0.0
    """Standard error as published; 0 where none was."""
    evidence: Evidence


class Experiment(Strict):
    """One file."""

    title: str
    source: str
    device: str | None = None
    """Device file that the model is computed from, such as ``devices/meesala_2024.yaml``."""
    conditions: dict[str, Number]
    """How it was run: what the model takes besides the device."""
    reported: dict[str, Number]
    """What came out: never an input of the model."""

    def condition(self, name: str) -> float:
        """A condition's value; raises ConfigurationError that names the key."""
        return _named(self.conditions, "conditions", name).value

    def result(self, name: str) -> Number:
        """What was reported; raises ConfigurationError that names the key."""
        return _named(self.reported, "reported", name)


def _named(numbers: dict[str, Number], section: str, name: str) -> Number:
    if name not in numbers:
        raise ConfigurationError(f"{section}.{name}: missing; known are {', '.join(sorted(numbers))}")
    return numbers[name]


def read_experiment(name: str) -> Experiment:
    """``configs/published/<name>.yaml``; raises ConfigurationError with file and line."""
    return validate(Experiment, read_document(find_config(f"published/{name}.yaml")))


def read_mapping(path: Path) -> object:
    """Content of a YAML file, for a loader that checks it."""
    try:
        return cast(object, YAML(typ="safe").load(path.read_text(encoding="utf-8")))  # pyright: ignore[reportUnknownMemberType]
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
