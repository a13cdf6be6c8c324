# SPDX-License-Identifier: Apache-2.0
"""``heraldlink tags heralds --follow FILE`` and ``--live ADDRESS``: heralds while tags come."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from heraldlink.cli.show import print_json
from heraldlink.cli.tags_input import Reading
from heraldlink.cli.tags_show import show_heralds
from heraldlink.errors import RequestError

if TYPE_CHECKING:
    from heraldlink.heralding.patterns import PatternTable
    from heraldlink.heralding.results import Heralds
    from heraldlink.recordings.first_look import FirstLook
    from heraldlink.recordings.gated import HeraldChoice, HeraldsFound
    from heraldlink.recordings.source import Recording
    from heraldlink.streams.bounded import Buffered
    from heraldlink.streams.live import LiveSource
    from heraldlink.tags.block import Block, Gap, Header, IndexedBlock

    Choose = Callable[[Recording, FirstLook], HeraldChoice]

Follow = Annotated[
    bool, typer.Option("--follow", help="Of a FILE that is still being written: as it grows, until Ctrl-C.")
]
Idle = Annotated[
    float | None,
    typer.Option("--idle", help="End --follow when FILE has not grown for so long.", metavar="SECONDS"),
]
Live = Annotated[
    str | None,
    typer.Option(
        "--live",
        help="From an ID900's time-stamp service; --option raw=1,2, device, port, index, attempts, queue.",
        metavar="tcp://HOST:PORT",
    ),
]
Publish = Annotated[
    str | None,
    typer.Option("--publish", help="Publish live heralds over ZeroMQ.", metavar="tcp://127.0.0.1:PORT"),
]
STREAM_OPTIONS = ("attempts", "device", "index", "port", "queue", "raw")


@dataclass(frozen=True, slots=True)
class LiveInput:
    """Where live tags come from, and where their heralds go."""

    follow: bool = False
    idle_s: float | None = None
    address: str | None = None
    publish: str | None = None

    @property
    def wanted(self) -> bool:
        """Whether tags are still coming. Raises RequestError for options that need that."""
        if self.follow and self.address is not None:
            raise RequestError("--follow reads a file, --live an instrument: give one of them")
        if self.idle_s is not None and not self.follow:
            raise RequestError("--idle ends --follow: give that too")
        if self.publish is not None and not (self.follow or self.address is not None):
            raise RequestError("--publish tells heralds as they come: give --follow or --live too")
        return self.follow or self.address is not None

    def open(self, files: Sequence[Path], reading: Reading) -> tuple[str, LiveSource]:
        """Name and source. Raises RequestError for what does not fit together."""
        options = reading.named_options()
        if self.address is not None:
            if files:
                raise RequestError(f"--live reads an instrument: leave out {files[0]}, or follow it instead")
            return self.address, _stream(self.address, options)
        if len(files) != 1:
            raise RequestError(f"--follow takes one FILE, not {len(files)}")
        from heraldlink.streams.following import follow

        return files[0].name, follow(files[0], self.idle_s, reading.format, **options)


def live_heralds(
    live: LiveInput,
    files: Sequence[Path],
    reading: Reading,
    choose: Choose,
    stored_delays: Mapping[int, int] | None,
    engine: str,
    keep: bool,
    as_json: bool,
) -> HeraldsFound:
    """Print heralds as they are decided, and the summary when the stream ends or is interrupted.

    A line of each herald: attempt, outcome, ps after the reference event. As JSON: an object per line, with
    arrays. ``choose``: what heralds, without a first look. ``stored_delays``: those of a pattern file.
    """
    from heraldlink.heralding.patterns import AMBIGUOUS
    from heraldlink.recordings.first_look import no_look
    from heraldlink.recordings.gated import HeraldsFound
    from heraldlink.recordings.late_gates import attempt_period_ps
    from heraldlink.streams.heralds import Publisher, run_live

    name, source = live.open(files, reading)
    watched = Watched(source)
    delays = reading.delays_ps() or stored_delays or source.header.delays_ps
    opened = _delayed(name, watched, delays, live.address is not None)
    look = no_look(source.header.resolution_ps)
    choice = choose(opened, look)
    printed = _json_lines(choice.table) if as_json else _lines(choice.table)
    told: Counter[int] = Counter()
    publishing = nullcontext() if live.publish is None else Publisher(live.publish)
    with stopped_by_signals(source), publishing as publisher:
        if publisher is not None:
            _tell_address(publisher.address, as_json)

        def tell(heralds: Heralds) -> None:
            printed(heralds)
            told.update(heralds.outcome.tolist())
            told[AMBIGUOUS] += heralds.ambiguous.size
            if publisher is not None:
                publisher.tell(heralds)

        result = run_live(opened, choice.stream(engine, keep), tell)
    found = HeraldsFound(name, choice, result, None, attempt_period_ps(choice.attempts, result.report, look))
    _summary(found, counted(found, told), watched, as_json)
    for channel in sorted(delays.keys() - set(watched.clicks) - set(watched.header.channels)):
        typer.echo(f"channel {channel}, which has a delay, never clicked", err=True)
    return found


def _delayed(name: str, source: Watched, delays_ps: Mapping[int, int], all_known: bool) -> Recording:
    """``all_known``: whether the header names every channel that can come."""
    from heraldlink.recordings.known_channels import check_delays
    from heraldlink.recordings.source import Recording
    from heraldlink.tags.channels import ChannelMap, mapped

    if all_known:
        check_delays(name, delays_ps, source.header.channels)
    return Recording(name, mapped(source, ChannelMap(delays_ps)) if any(delays_ps.values()) else source)


def counted(found: HeraldsFound, told: Mapping[int, int]) -> dict[str, object]:
    """The summary with numbers of heralds that were told, by code of outcome, and are not kept."""
    from heraldlink.heralding.patterns import AMBIGUOUS

    table, attempts = found.choice.table, found.result.report.attempts
    heralds = sum(number for code, number in told.items() if code != AMBIGUOUS)
    return found.summary() | {
        "heralds": heralds,
        "outcomes": {name: told.get(table.code(name), 0) for name in found.counts},
        "ambiguous": told.get(AMBIGUOUS, 0),
        "per_attempt": heralds / attempts if attempts else None,
    }


@dataclass
class Watched:
    """A source whose tags and gaps are counted as they go by."""

    source: LiveSource
    clicks: Counter[int] = field(default_factory=Counter[int])
    gaps: list[Gap] = field(default_factory=list["Gap"])

    @property
    def header(self) -> Header:
        """That of the source."""
        return self.source.header

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """Those of the source."""
        return self._watched(self.source.blocks(size))  # type: ignore[return-value]  # one kind throughout

    def _watched(self, blocks: Iterator[Block] | Iterator[IndexedBlock]) -> Iterator[Block | IndexedBlock]:
        import numpy as np

        for block in blocks:
            counts = np.bincount(block.channel.view(np.uint16))
            for place in np.flatnonzero(counts):
                self.clicks[int(np.int16(np.uint16(place)))] += int(counts[place])
            self.gaps += block.gaps
            yield block


@contextmanager
def stopped_by_signals(source: LiveSource) -> Generator[None]:
    """The first Ctrl-C (or SIGTERM) ends the stream, whose result is then shown; the second interrupts."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        restore()
        source.stop()

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore()


def _stream(address: str, options: dict[str, str]) -> Buffered:
    from heraldlink.streams.bounded import LIMIT_TAGS, Buffered
    from heraldlink.streams.id900 import STREAM_PORT, ID900Tags

    for unknown in sorted(options.keys() - set(STREAM_OPTIONS)):
        raise RequestError(f"a live stream has no option {unknown} (it takes: {', '.join(STREAM_OPTIONS)})")
    if "raw" not in options:
        raise RequestError("say which RAW channels to stream with --option raw=1,2")
    if options.get("index", "yes") not in ("yes", "no"):
        raise RequestError(f"--option index={options['index']}: yes (time and reference index) or no (times)")
    source = ID900Tags(
        address,
        [_whole(each, "raw") for each in options["raw"].split(",")],
        device=options.get("device"),
        stream_port=_whole(options["port"], "port") if "port" in options else STREAM_PORT,
        indexed=options.get("index", "yes") == "yes",
        record_attempts=_whole(options["attempts"], "attempts") if "attempts" in options else None,
    )
    return Buffered(source, _whole(options["queue"], "queue") if "queue" in options else LIMIT_TAGS)


def _whole(text: str, option: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise RequestError(f"--option {option}={text}: a whole number is wanted")
    return int(text)


def _lines(table: PatternTable) -> Callable[[Heralds], None]:
    def show(heralds: Heralds) -> None:
        rows = zip(heralds.attempt.tolist(), heralds.outcome.tolist(), heralds.after_ps.tolist(), strict=True)
        lines = [f"{attempt} {table.outcome_name(code)} {after_ps}" for attempt, code, after_ps in rows]
        if lines:
            print("\n".join(lines), flush=True)

    return show


def _tell_address(address: str, as_json: bool) -> None:
    """Where heralds are published: names the port, where 0 was asked for."""
    typer.echo(f"heralds are published at {address}", err=True)
    if as_json:
        print(json.dumps({"published": address}), flush=True)


def _json_lines(table: PatternTable) -> Callable[[Heralds], None]:
    def show(heralds: Heralds) -> None:
        found = {
            "attempt": heralds.attempt.tolist(),
            "outcome": [table.outcome_name(code) for code in heralds.outcome.tolist()],
            "after_ps": heralds.after_ps.tolist(),
            "ambiguous": heralds.ambiguous.tolist(),
        }
        print(json.dumps(found), flush=True)

    return show


def _summary(found: HeraldsFound, summary: dict[str, object], watched: Watched, as_json: bool) -> None:
    gaps = [[gap.begin_ps, gap.end_ps, gap.reason, gap.tags] for gap in watched.gaps]
    clicks = dict(sorted(watched.clicks.items()))
    if as_json:
        print_json(summary | {"clicks": clicks, "gaps": gaps})
        return
    show_heralds(summary)
    for channel in found.choice.detectors:
        if not clicks.get(channel):
            typer.echo(f"channel {channel}, a detector, never clicked", err=True)
    for begin, _, reason, tags in gaps:
        many = "an unknown number of tags" if tags is None else f"{tags:,} tags"
        unit = "ps" if watched.header.kind == "times" else "reference events"
        typer.echo(f"{reason}: {many} missing from {begin:,} {unit} on", err=True)
