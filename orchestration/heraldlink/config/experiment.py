# SPDX-License-Identifier: Apache-2.0
"""Reading a sequence file of any kind."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from heraldlink.config.document import read_document, validate, validate_as
from heraldlink.config.find import find_config
from heraldlink.config.sequence import SequenceConfig
from heraldlink.errors import ConfigurationError

if TYPE_CHECKING:
    from heraldlink.sequences.experiments import Settings


def load_experiment(name: str | Path) -> "Settings":
    """The settings in the file ``name``, such as sequences/rabi.yaml; its ``kind`` chooses their class.

    Raises ConfigurationError with a sentence, naming file, line and key, for each mistake.
    """
    from heraldlink.sequences.experiments import KINDS, Settings  # loads numpy

    document = read_document(find_config(name))
    content = dict(document.content)
    kind = content.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ConfigurationError(
            document.sentence(("kind",), f"must be one of {', '.join(KINDS)} (got {kind!r})")
        )
    if kind == "pair_source":
        return validate(SequenceConfig, document).declared
    return validate_as(TypeAdapter[Settings](KINDS[kind]), document, content)
