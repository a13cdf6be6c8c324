# SPDX-License-Identifier: Apache-2.0
"""What all verbs of ``heraldlink tags`` take: files, how to read them, times in ps; and the progress bar."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from heraldlink.errors import RequestError

if TYPE_CHECKING:
    from heraldlink.recordings.source import Recording

Files = Annotated[
    list[Path],
    typer.Argument(
        help="Recordings, of any format (found by content); a folder of parts.", metavar="FILE..."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Save a plot: .svg, .png or .pdf.", metavar="FILE")]
Salvage = Annotated[
    bool, typer.Option("--salvage", help="Of truncated or damaged files keep the good part, with a gap.")
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="Format, where the content does not tell it.", metavar="NAME"),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", help="What a format cannot know, such as unit=ns.", metavar="NAME=VALUE"),
]
Delays = Annotated[
    str | None,
    typer.Option(
        "--delays",
        help="Subtracted from the times, ps by channel, instead of stored delays.",
        metavar="CHANNEL=PS,...",
    ),
]
FileChannels = Annotated[
    str | None,
    typer.Option(
        "--file-channels",
        help="Channel of each FILE, where each holds one input of a recording (ID900 .bin).",
        metavar="A,B,...",
    ),
]
ChannelList = Annotated[str | None, typer.Option("--channels", help="Channels.", metavar="A,B,...")]
Sync = Annotated[
    int | None, typer.Option("--sync", help="Channel whose tags begin attempts.", metavar="CHANNEL")
]
PeriodText = Annotated[
    str | None,
    typer.Option(
        "--period",
        help="Of filtered syncs: ps (to 1 %), or auto; 'counted' if every sync was recorded.",
        metavar="PS|auto|counted",
    ),
]
Engine = Annotated[str, typer.Option("--engine", help="auto, numpy or compiled.", metavar="NAME")]

SHOWN_AFTER_S = 1.0
"""A pass that takes less shows no progress bar."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read."""

    salvage: bool = False
    format: str | None = None
    options: Sequence[str] = ()
    delays: str | None = None
    file_channels: str | None = None

    def open(self, files: Sequence[Path], raw: bool = False) -> Recording:
        """One recording of all files, merged by time if there are several."""
        from heraldlink.recordings.source import opened

        return opened(
            files,
            self.salvage,
            self.format,
            self.named_options(),
            self.delays_ps(),
            raw=raw,
            file_channels=numbers(self.file_channels, "--file-channels"),
        )

    def named_options(self) -> dict[str, str]:
        """``--option`` by name."""
        return dict(_pair(text, "--option", "NAME=VALUE") for text in self.options)

    def delays_ps(self) -> dict[int, int] | None:
        """``--delays`` by channel, None if they were not given."""
        return None if self.delays is None else delays_ps(self.delays)


def reading(
    salvage: bool = False,
    format: str | None = None,
    option: list[str] | None = None,
    delays: str | None = None,
    file_channels: str | None = None,
) -> Reading:
    """From a verb's options."""
    return Reading(salvage, format, option or (), delays, file_channels)


def whole_ps(text: str, option: str) -> int:
    """A time in whole ps; 1e6 may be written."""
    try:
        value = float(text)
        if value == int(value):
            return int(text) if text.lstrip("+-").isdigit() else int(value)
    except (ValueError, OverflowError):
        pass
    raise RequestError(f"{option} {text}: a time is a whole number of ps, such as 500 or 1e6")


def times_ps(text: str, option: str) -> list[int]:
    """Times with commas."""
    return [whole_ps(each, option) for each in text.split(",")]


def window(text: str, option: str) -> tuple[int, int]:
    """BEGIN:END in ps."""
    begin, colon, end = text.partition(":")
    if not colon:
        raise RequestError(f"{option} {text}: write BEGIN:END in ps, such as -50000:50000")
    first, last = whole_ps(begin, option), whole_ps(end, option)
    if last <= first:
        raise RequestError(f"{option} {text}: the end must lie behind the beginning")
    return first, last


def windows(text: str, option: str) -> list[tuple[int, int]]:
    """BEGIN:END,BEGIN:END in ps."""
    return [window(each, option) for each in text.split(",")]


def numbers(text: str | None, option: str) -> list[int] | None:
    """Channels with commas."""
    if text is None:
        return None
    try:
        return [int(each) for each in text.split(",")]
    except ValueError:
        raise RequestError(f"{option} {text}: channels are numbers with commas, such as 1,2") from None


def delays_ps(text: str) -> dict[int, int]:
    """CHANNEL=PS with commas."""
    return {
        channel: whole_ps(delay, "--delays") for channel, delay in by_channel(text, "--delays", "PS").items()
    }


def new_channels(text: str) -> dict[int, int | str]:
    """CHANNEL=NEW with commas: a number or a name."""
    found = by_channel(text, "--channels", "NEW")
    for channel, new in found.items():
        if not new:
            raise RequestError(f"--channels {channel}=: give a number or a name")
    return {channel: int(new) if _is_number(new) else new for channel, new in found.items()}


def by_channel(text: str, option: str, value: str) -> dict[int, str]:
    """CHANNEL=VALUE with commas, each channel once."""
    found: dict[int, str] = {}
    for each in text.split(","):
        channel, given = _pair(each, option, f"CHANNEL={value}")
        if not _is_number(channel):
            raise RequestError(f"{option} {each}: {channel!r} is not the number of a channel")
        if int(channel) in found:
            raise RequestError(f"{option} {text}: channel {channel} stands twice")
        found[int(channel)] = given
    return found


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit()


def period(text: str | None) -> float | Literal["auto", "counted"] | None:
    """ps, auto or counted."""
    if text is None:
        return None
    if text == "auto":
        return "auto"
    if text == "counted":
        return "counted"
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e18:
        raise RequestError(f"--period {text}: a period is a number of ps, or auto, or counted")
    return value


def _pair(text: str, option: str, shape: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise RequestError(f"{option} {text}: write {shape}")
    return name.strip(), value.strip()


@contextmanager
def progress(tags: int | None, what: str) -> Generator[Callable[[int], None] | None]:
    """A bar on the terminal for what takes more than a second; None where standard error is none.

    ``tags``: how many are to be read, if that is known.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} tags")
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=tags)
    begun, shown = time.monotonic(), False

    def told(count: int) -> None:
        nonlocal shown
        bar.advance(task, count)
        if not shown and time.monotonic() - begun > SHOWN_AFTER_S:
            shown = True
            bar.start()

    try:
        yield told
    finally:
        if shown:
            bar.stop()
