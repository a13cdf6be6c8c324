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
from typing import TYPE_CHECKING

import typer

from heraldlink.cli.live_input import LiveInput
from heraldlink.cli.show import print_json
from heraldlink.cli.tags_input import Reading
from heraldlink.cli.tags_show import show_heralds

if TYPE_CHECKING:
    from heraldlink.heralding.patterns import PatternTable
    from heraldlink.heralding.results import Heralds
    from heraldlink.recordings.first_look import FirstLook
    from heraldlink.recordings.gated import HeraldChoice, HeraldsFound
    from heraldlink.recordings.source import Recording
    from heraldlink.streams.heralds import Publisher
    from heraldlink.streams.live import LiveSource
    from heraldlink.streams.stored import Stored
    from heraldlink.tags.block import Block, Gap, Header, IndexedBlock

    Choose = Callable[[Recording, FirstLook], HeraldChoice]


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
    from heraldlink.recordings.first_look import no_look
    from heraldlink.recordings.gated import HeraldsFound
    from heraldlink.recordings.late_gates import attempt_period_ps
    from heraldlink.streams.heralds import Publisher, run_live
    from heraldlink.streams.stored import Stored

    name, source = live.open(files, reading, engine)
    delays = reading.delays_ps() or stored_delays or source.header.delays_ps
    stored = None if live.store is None else Stored(source, live.store, delays)
    watched = Watched(stored or source)
    opened = _delayed(name, watched, delays, live.address is not None)
    look = no_look(source.header.resolution_ps)
    choice = choose(opened, look)
    if live.address is not None:
        _check_channels(name, choice, watched.header)
    stream = choice.stream(engine, keep, live=True)
    told: Counter[int] = Counter()
    publishing = nullcontext() if live.publish is None else Publisher(live.publish)
    with stopped_by_signals(source), publishing as publisher, _storing(stored):
        if publisher is not None:
            _tell_address(publisher.address, as_json)
        result = run_live(opened, stream, _telling(choice.table, told, publisher, as_json))
    found = HeraldsFound(name, choice, result, None, attempt_period_ps(choice.attempts, result.report, look))
    kept = {} if stored is None else {"stored": {"folder": str(stored.folder), "tags": stored.tags}}
    _summary(found, counted(found, told) | kept, watched, as_json)
    _tell_silent(watched, delays)
    return found


def _tell_silent(watched: Watched, delays_ps: Mapping[int, int]) -> None:
    for channel in sorted(delays_ps.keys() - set(watched.clicks) - set(watched.header.channels)):
        typer.echo(f"channel {channel}, which has a delay, never clicked", err=True)


def _telling(
    table: PatternTable, told: Counter[int], publisher: Publisher | None, as_json: bool
) -> Callable[[Heralds], None]:
    """Prints heralds, publishes and counts them."""
    from heraldlink.heralding.patterns import AMBIGUOUS

    printed = _json_lines(table) if as_json else _lines(table)

    def tell(heralds: Heralds) -> None:
        if publisher is not None:
            publisher.tell(heralds)
        printed(heralds)
        told.update(heralds.outcome.tolist())
        told[AMBIGUOUS] += heralds.ambiguous.size

    return tell


@contextmanager
def _storing(stored: Stored | None) -> Generator[None]:
    """The recording is open inside; what became of it is told however it ends."""
    if stored is None:
        yield
        return
    try:
        with stored:
            yield
    finally:
        for sentence in stored.told:
            typer.echo(sentence, err=True)


def _delayed(name: str, source: Watched, delays_ps: Mapping[int, int], all_known: bool) -> Recording:
    """``all_known``: whether the header names every channel that can come."""
    from heraldlink.recordings.known_channels import check_delays
    from heraldlink.recordings.source import Recording
    from heraldlink.tags.channels import ChannelMap, mapped

    if all_known:
        check_delays(name, delays_ps, source.header.channels)
    return Recording(name, mapped(source, ChannelMap(delays_ps)) if any(delays_ps.values()) else source)


def _check_channels(name: str, choice: HeraldChoice, header: Header) -> None:
    """Raise RequestError if heralds need a channel that the instrument does not send."""
    from heraldlink.errors import RequestError

    needed = (*choice.detectors, choice.hardware, getattr(choice.attempts.strategy, "channel", None))
    for channel in needed:
        if channel is not None and channel not in header.channels:
            channels = ", ".join(map(str, sorted(header.channels)))
            raise RequestError(f"{name}: there is no channel {channel} (its channels: {channels})")


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
