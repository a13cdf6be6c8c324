# SPDX-License-Identifier: Apache-2.0
"""Where live tags come from, and where they and their heralds go: options of ``heraldlink tags heralds``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heraldlink.cli.tags_input import Reading
from heraldlink.errors import RequestError

if TYPE_CHECKING:
    from heraldlink.streams.bounded import Buffered
    from heraldlink.streams.live import LiveSource

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
Store = Annotated[
    Path | None,
    typer.Option("--store", help="Store the tags of --live while they come.", metavar="FOLDER"),
]
STREAM_OPTIONS = ("attempts", "device", "index", "port", "queue", "raw")


@dataclass(frozen=True, slots=True)
class LiveInput:
    """Where live tags come from, and where their heralds go."""

    follow: bool = False
    idle_s: float | None = None
    address: str | None = None
    publish: str | None = None
    store: Path | None = None

    @property
    def wanted(self) -> bool:
        """Whether tags are still coming. Raises RequestError for options that need that."""
        if self.follow and self.address is not None:
            raise RequestError("--follow reads a file, --live an instrument: give one of them")
        if self.idle_s is not None and not self.follow:
            raise RequestError("--idle ends --follow: give that too")
        if self.publish is not None and not (self.follow or self.address is not None):
            raise RequestError("--publish tells heralds as they come: give --follow or --live too")
        if self.store is not None and self.address is None:
            raise RequestError("--store keeps what --live sends; a FILE is stored already")
        return self.follow or self.address is not None

    def open(self, files: Sequence[Path], reading: Reading, engine: str) -> tuple[str, LiveSource]:
        """Name and source. Raises RequestError for what does not fit together."""
        options = reading.named_options()
        if self.address is not None:
            if files:
                raise RequestError(f"--live reads an instrument: leave out {files[0]}, or follow it instead")
            return self.address, _stream(self.address, options, engine)
        if len(files) != 1:
            raise RequestError(f"--follow takes one FILE, not {len(files)}")
        from heraldlink.streams.following import follow

        return files[0].name, follow(files[0], self.idle_s, reading.format, **options)


def _stream(address: str, options: dict[str, str], engine: str) -> Buffered:
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
        engine=engine,
    )
    return Buffered(source, _whole(options["queue"], "queue") if "queue" in options else LIMIT_TAGS)


def _whole(text: str, option: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise RequestError(f"--option {option}={text}: a whole number is wanted")
    return int(text)
