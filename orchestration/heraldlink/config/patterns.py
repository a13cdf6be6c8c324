# SPDX-License-Identifier: Apache-2.0
"""Pattern files: which clicks of which detectors in which gates herald what, and how attempts are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heraldlink.config.document import Document, read_document, validate
from heraldlink.config.quantities import Strict
from heraldlink.errors import ConfigurationError, RequestError

if TYPE_CHECKING:
    from heraldlink.heralding.attempts import Attempts
    from heraldlink.heralding.patterns import PatternTable

Channel = Annotated[int, Field(ge=-(1 << 15), lt=1 << 15, description="channel number of the recording")]
Ps = Annotated[int, Field(gt=-(10**15), lt=10**15, description="integer picoseconds, less than 1000 s")]
Period_ps = Annotated[float, Field(gt=0, le=1e15, description="picoseconds, whole or not")]
PartName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$", description="a detector or a gate")]
Clicks = Annotated[
    str, Field(pattern=r"^\s*\w+\.\w+(\s+\w+\.\w+)*\s*$", description="such as 'c.early d.late'")
]


@dataclass(frozen=True, slots=True)
class PatternFile:
    """What a pattern file says. ``attempts``, ``hardware``: None where it leaves them to the caller.

    ``delays_ps``: by channel number, None if the file has none.
    """

    table: PatternTable
    attempts: Attempts | None
    delays_ps: Mapping[int, int] | None
    hardware: int | None


def load_patterns(path: str | Path) -> PatternFile:
    """Read a pattern file (docs/reference/pattern-files.md).

    Raises ConfigurationError with a sentence, naming file, line and key, for each mistake.
    """
    document = read_document(Path(path))
    content = validate(PatternSection, document)
    try:
        table = _table(content)
        attempts = content.attempts.strategy() if content.attempts else None
    except RequestError as error:
        raise ConfigurationError(document.sentence(_place(document, str(error)), str(error))) from error
    return PatternFile(table, attempts, _delays(document, content), content.hardware)


class DetectorSection(Strict):
    """A detector with more than a channel."""

    channel: Channel
    dead_time_ps: Annotated[int, Field(ge=0, le=10**12)] = 0


class CountedSection(Strict):
    """Every sync is recorded."""

    kind: Literal["counted"]
    channel: Channel

    def strategy(self) -> Attempts:
        """As the analysis takes it."""
        from heraldlink.heralding.attempts import CountedSyncs

        return CountedSyncs(self.channel)


class ReconstructedSection(Strict):
    """A filter left only some syncs."""

    kind: Literal["reconstructed"]
    channel: Channel
    period_ps: Period_ps | None = None

    def strategy(self) -> Attempts:
        """As the analysis takes it."""
        from heraldlink.heralding.attempts import ReconstructedSyncs

        return ReconstructedSyncs(self.channel, self.period_ps)


class IndexSection(Strict):
    """Tags carry an index."""

    kind: Literal["reference_index"]
    period_ps: Period_ps | None = None
    first_index: Annotated[int, Field(ge=0)] = 0

    def strategy(self) -> Attempts:
        """As the analysis takes it."""
        from heraldlink.heralding.attempts import ReferenceIndex

        return ReferenceIndex(self.period_ps, self.first_index)


class SlotSection(Strict):
    """A tick begins a row of attempts."""

    kind: Literal["slot_ticks"]
    channel: Channel
    period_ps: Period_ps
    attempts: Annotated[int, Field(ge=1)]
    first_ps: Ps = 0

    def strategy(self) -> Attempts:
        """As the analysis takes it."""
        from heraldlink.heralding.attempts import SlotTicks

        return SlotTicks(self.channel, self.period_ps, self.attempts, self.first_ps)


AttemptsSection = Annotated[
    CountedSection | ReconstructedSection | IndexSection | SlotSection, Field(discriminator="kind")
]


class PatternSection(Strict):
    """The whole file."""

    detectors: Annotated[dict[PartName, Channel | DetectorSection], Field(min_length=1)]
    gates: Annotated[dict[PartName, tuple[Ps, Ps]], Field(min_length=1)]
    outcomes: dict[str, list[Clicks]]
    repeats: Literal["once", "ambiguous"] = "once"
    attempts: AttemptsSection | None = None
    delays_ps: dict[str, Ps] | None = None
    hardware: Channel | None = None


def _table(content: PatternSection) -> PatternTable:
    from heraldlink.heralding.patterns import Detector, Gate, PatternTable, Rule

    detectors = tuple(
        Detector(name, section)
        if isinstance(section, int)
        else Detector(name, section.channel, section.dead_time_ps)
        for name, section in content.detectors.items()
    )
    gates = tuple(Gate(name, begin_ps, end_ps) for name, (begin_ps, end_ps) in content.gates.items())
    rules = tuple(
        Rule(outcome, tuple(_click(click) for click in clicks.split()))
        for outcome, patterns in content.outcomes.items()
        for clicks in patterns
    )
    return PatternTable(detectors, gates, rules, content.repeats)


def _click(click: str) -> tuple[str, str]:
    detector, gate = click.split(".")
    return detector, gate


def _place(document: Document, complaint: str) -> tuple[str, ...]:
    """The key that a complaint is about: it begins with what the key holds, and its name."""
    kind, _, rest = complaint.partition(" ")
    section, name = f"{kind}s", rest.split(":")[0].split()[0] if rest else ""
    named = document.content.get(section)
    return (section, name) if isinstance(named, dict) and name in named else ()


def _delays(document: Document, content: PatternSection) -> dict[int, int] | None:
    if content.delays_ps is None:
        return None
    numbers = {
        name: section if isinstance(section, int) else section.channel
        for name, section in content.detectors.items()
    }
    if content.attempts is not None and not isinstance(content.attempts, IndexSection):
        numbers["sync"] = content.attempts.channel
    if content.hardware is not None:
        numbers["hardware"] = content.hardware
    delays: dict[int, int] = {}
    for name, delay_ps in content.delays_ps.items():
        if name not in numbers and not name.lstrip("-").isdecimal():
            known = ", ".join(numbers)
            complaint = f"is no channel number and none of {known}"
            raise ConfigurationError(document.sentence(("delays_ps", name), complaint))
        delays[numbers[name] if name in numbers else int(name)] = delay_ps
    return delays
