# SPDX-License-Identifier: Apache-2.0
"""What the verbs take: a path, several paths, or a source of tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar, cast

from heraldlink.errors import RequestError
from heraldlink.record.parts import Parts, part_files
from heraldlink.record.tag_files import open_tags
from heraldlink.recordings.file_channels import by_channel
from heraldlink.recordings.known_channels import KnownDelays
from heraldlink.recordings.merged import Merged
from heraldlink.tags.block import Block, Header, IndexedBlock, TagSource
from heraldlink.tags.channels import ChannelMap, mapped
from heraldlink.tags.description import AnyBlock
from heraldlink.tags.passes import Analysis, present, run

Progress = Callable[[int], None]
"""Is told the number of tags of each block that was read."""

NEXT_FILE = 100
"""Added to the channels of each further file whose numbers collide with those of an earlier one."""

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Recording:
    """A source of tags with a name; ``found``: what reading counted beside the tags, whole after a pass.

    ``subtracted_ps``: delays that were stored with it, and that its times are less already, by channel.
    """

    name: str
    source: TagSource
    found: Mapping[str, int] = field(default_factory=dict[str, int])
    subtracted_ps: Mapping[int, int] = field(default_factory=dict[int, int])

    @property
    def header(self) -> Header:
        """What the recording says of itself."""
        return self.source.header

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All tags."""
        return self.source.blocks(size)


Source = str | Path | Sequence[str | Path] | TagSource


def open_recording(
    *paths: str | Path,
    salvage: bool = False,
    format: str | None = None,
    delays_ps: Mapping[int, int] | None = None,
    drop: Sequence[int] = (),
    raw: bool = False,
    file_channels: Sequence[int] | None = None,
    **options: str,
) -> Recording:
    """Open a file, a folder of a rolled recording, or several files as one stream by time.

    ``delays_ps`` (subtracted, by channel; stored ones unless given; a channel that has no tag is refused when
    all tags were read) and ``drop`` (channels) go by the numbers
    that the recording shows; of several files whose numbers collide, the second's are 100 more, the third's
    200 more. ``file_channels``: the channel of each file, where one holds one input of a recording (ID900);
    such files are one stream also if their tags come after reference events. ``raw``: delays stay beside the
    tags, for a copy. ``options``: what a format cannot know, such as ``unit="ns"``. Raises DataError and
    RequestError as `heraldlink.record.tag_files.open_tags`.
    """
    return opened(paths, salvage, format, options, delays_ps, drop, raw, file_channels)


def opened(
    paths: Sequence[str | Path],
    salvage: bool = False,
    format: str | None = None,
    options: Mapping[str, str] | None = None,
    delays_ps: Mapping[int, int] | None = None,
    drop: Sequence[int] = (),
    raw: bool = False,
    file_channels: Sequence[int] | None = None,
) -> Recording:
    """As `open_recording`."""
    if not paths:
        raise RequestError("give at least one recording")
    for path, times in Counter(Path(path).resolve() for path in paths).items():
        if times > 1:
            raise RequestError(f"{path.name} was given {times} times: its tags would count as often")
    each_one = [_opened(Path(path), salvage, format, options or {}) for path in paths]
    name = ", ".join(each.name for each in each_one)
    source = _one_stream(each_one, file_channels)
    found: Mapping[str, int] = each_one[0].found if len(each_one) == 1 else dict[str, int]()
    delays = source.header.delays_ps if delays_ps is None else delays_ps
    if delays_ps:
        source = KnownDelays(name, source, delays_ps)
    if drop or (any(delays.values()) and not raw):
        source = mapped(source, ChannelMap({} if raw else delays, frozenset(drop)))
    subtracted = dict[int, int]() if raw or delays_ps is not None else delays
    return Recording(name, Described(source, delays) if raw else source, found, subtracted)


def recording(source: Source, raw: bool = False, delays_ps: Mapping[int, int] | None = None) -> Recording:
    """Whatever a verb was given, with a name; ``raw`` and ``delays_ps`` as of `open_recording`.

    Of a `Recording` whose stored delays are subtracted already ``delays_ps`` replaces these, too.
    """
    if isinstance(source, str | Path):
        return open_recording(source, raw=raw, delays_ps=delays_ps)
    if isinstance(source, Sequence):
        return open_recording(*source, raw=raw, delays_ps=delays_ps)
    opened = source if isinstance(source, Recording) else Recording("tags", source)
    if delays_ps:
        known = KnownDelays(opened.name, opened, delays_ps)
        stored = opened.subtracted_ps
        more = {each: delays_ps.get(each, 0) - stored.get(each, 0) for each in delays_ps.keys() | stored}
        return Recording(opened.name, mapped(known, ChannelMap(more)), opened.found)
    return opened


def passed(
    source: Recording, analyses: Sequence[Analysis[ResultT]], progress: Progress | None = None
) -> list[ResultT]:
    """One pass of all analyses. Errors name the recording."""
    try:
        return run(source, analyses, progress=progress)
    except RequestError as error:
        raise RequestError(named(source, error)) from error


def named(source: Recording, error: Exception) -> str:
    """An error's text with the recording's name before it, once."""
    return str(error) if source.name in str(error) else f"{source.name}: {error}"


def _one_stream(opened: Sequence[Recording], file_channels: Sequence[int] | None) -> TagSource:
    if file_channels is not None:
        sources = by_channel([each.name for each in opened], [each.source for each in opened], file_channels)
        return sources[0] if len(sources) == 1 else Merged(sources, one_recording=True)
    return opened[0].source if len(opened) == 1 else Merged(_apart(opened))


def _opened(path: Path, salvage: bool, format: str | None, options: Mapping[str, str]) -> Recording:
    if path.is_dir():
        name = _only_name(path)
        parts = Parts(path, name, salvage)
        return Recording(str(path), parts, parts.found)
    file = open_tags(path, salvage, format, **options)
    return Recording(str(path), file, file.found)


def _only_name(folder: Path) -> str:
    """The name of the recording whose parts a folder holds."""
    names = sorted({path.stem[:-7] for path in folder.iterdir() if part_files(folder, path.stem[:-7])})
    if len(names) != 1:
        held = f"parts of {', '.join(names)}" if names else "no parts of a recording"
        raise RequestError(
            f"{folder}: holds {held}; name one file (a run is recomputed by heraldlink replay)"
        )
    return names[0]


def _apart(opened: Sequence[Recording]) -> list[TagSource]:
    """Sources with channels that do not collide."""
    seen: set[int] = set()
    owners: dict[int, tuple[int, str]] = {}
    apart: list[TagSource] = []
    for place, each in enumerate(opened):
        channels = _occurring(each)
        rename = (
            {channel: channel + place * NEXT_FILE for channel in sorted(channels | set(each.header.channels))}
            if seen & channels
            else {}
        )
        seen |= {rename.get(channel, channel) for channel in channels}
        names = {rename.get(number, number): f"{Path(each.name).stem} {text}" for number, text in
                 each.header.channels.items()}  # fmt: skip
        delays = {rename.get(number, number): delay for number, delay in each.header.delays_ps.items()}
        renumbered = mapped(each, ChannelMap({}, rename=rename, names=names))
        apart.append(Described(OwnChannels(renumbered, (place, each.name), owners), delays))
    return apart


def _occurring(source: TagSource) -> set[int]:
    """Channels in the first block."""
    for block in source.blocks():
        return {int(channel) for channel in set(block.channel.tolist())}
    return set()


@dataclass(frozen=True)
class OwnChannels:
    """One of several files, none of whose channels another one has; ``owners``: files by channel, of all.

    ``blocks`` raises RequestError for a channel of two files, one of which shows it behind its first block.
    """

    source: TagSource
    file: tuple[int, str]
    owners: dict[int, tuple[int, str]]

    @property
    def header(self) -> Header:
        """That of the source."""
        return self.source.header

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """Those of the source."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._blocks(size))

    def _blocks(self, size: int) -> Iterator[AnyBlock]:
        for block in self.source.blocks(size):
            for channel in present(block.channel):
                owner = self.owners.setdefault(channel, self.file)
                if owner != self.file:
                    raise RequestError(
                        f"channel {channel} has tags in {owner[1]} and in {self.file[1]}: give it another"
                        f" number first, with heraldlink tags convert {self.file[1]}"
                        f" --channels {channel}={channel + NEXT_FILE} --output FILE"
                    )
            yield block


@dataclass(frozen=True)
class Described:
    """A source with delays stored beside its tags."""

    source: TagSource
    delays_ps: Mapping[int, int]

    @property
    def header(self) -> Header:
        """With the delays."""
        return replace(self.source.header, delays_ps=self.delays_ps)

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """As they were recorded."""
        return self.source.blocks(size)
