# SPDX-License-Identifier: Apache-2.0
"""``heraldlink journal``: check nodes' journals, compare them, repair one that refuses to start."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from heraldlink.journal.books import Book
    from heraldlink.journal.reconcile import Difference

Journals = Annotated[list[Path], typer.Argument(help="Journal files of the link's nodes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def journal() -> typer.Typer:
    """The commands below ``heraldlink journal``."""
    app = typer.Typer(no_args_is_help=True, help="Look after nodes' journals.")
    app.command()(check)
    app.command()(reconcile)
    app.command()(records)
    app.command()(repair)
    return app


def check(files: Journals, as_json: AsJson = False) -> None:
    """Verify journals, also of nodes that run, and archives, and say what they hold."""
    from heraldlink.journal.books import read_book

    books = {path: read_book(path) for path in files}
    if as_json:
        typer.echo(json.dumps([summary(path, book) for path, book in books.items()], indent=2))
        return
    for path, book in books.items():
        place = book.last
        kind = "archive" if place.seal else f"node {book.node}"
        rows = f"{book.rows} rows ({place.first} to {place.last})"
        typer.echo(f"{path}: {kind}, {rows}, every hash and the mark fit")
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(book.kinds.items()))
        typer.echo(f"  {kinds}")
        typer.echo(
            f"  {len(book.pairs)} decided heralds, {len(book.undecided)} undecided, "
            f"{len(book.open_requests)} requests without an end"
        )


def summary(path: Path, book: "Book") -> dict[str, object]:
    """What ``check --json`` says of one journal."""
    return {
        "file": str(path),
        "node": book.node,
        "rows": book.rows,
        "first": book.last.first,
        "archive": book.last.seal is not None,
        "kinds": dict(book.kinds),
        "decided": len(book.pairs),
        "undecided": len(book.undecided),
        "open_requests": book.open_requests,
    }


def reconcile(
    files: Journals,
    midpoint: Annotated[str | None, typer.Option(help="The midpoint's name, if it cannot be told.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Add what ends lack to their journals; their nodes are stopped.")
    ] = False,
    archive: Annotated[
        Path | None, typer.Option(help="Folder of the archives, if not archive beside each journal.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Compare a link's journals with their archives, pair by pair; exit code 1 if anything differs."""
    from heraldlink.journal.archives import read_whole
    from heraldlink.journal.reconcile import differences, midpoint_of

    books = {(book := read_whole(path, archive or path.parent / "archive")).node: book for path in files}
    authority = midpoint if midpoint in books else midpoint_of(books)
    found = differences(books, authority)
    if write:
        fill_up(dict(zip(books, files, strict=True)), books[authority], found)
        found = [item for item in found if not item.mendable]
    tell(found, sum(len(book.pairs) for book in books.values()), as_json=as_json)
    return 1 if found else 0


def fill_up(files: dict[str, Path], authority: "Book", found: "list[Difference]") -> None:
    """Append the midpoint's decisions to the journals that lack them."""
    from heraldlink.journal import Entry, Journal
    from heraldlink.journal.books import Identity
    from heraldlink.link.facts import PAIR

    for node, path in files.items():
        lacking = [item for item in found if item.mendable and item.node == node]
        facts = [authority.pairs[Identity(item.request, item.burst, item.attempt)] for item in lacking]
        if facts:
            opened = Journal(path)
            try:
                opened.append([Entry(PAIR, fact) for fact in facts])
            finally:
                opened.close()
            typer.echo(f"{path}: {len(facts)} decisions of the midpoint added", err=True)


def tell(found: "list[Difference]", records: int, *, as_json: bool) -> None:
    """Print the differences."""
    if as_json:
        typer.echo(json.dumps([asdict(item) for item in found], indent=2))
        return
    for item in found:
        says = "; ".join(f"{node}: {words}" for node, words in item.says.items())
        where = f"request {item.request}, burst {item.burst}, attempt {item.attempt}"
        typer.echo(f"{item.kind} at {item.node}: {where}: {says}. Remedy: {item.remedy}")
    typer.echo(f"{len(found)} differences in {records} records")


def records(
    node: Annotated[str, typer.Argument(help="The node's file.")],
    into: Annotated[Path, typer.Option(help="SQLite file of records, made if it is not there.")],
    data: Annotated[Path | None, typer.Option(help="Folder in place of the file's data_directory.")] = None,
) -> None:
    """Put the records of a node's archives into a store, in front of those that the node still hands out."""
    from heraldlink.config import load_node
    from heraldlink.journal import journal_file
    from heraldlink.journal.archives import archives_of, records_of
    from heraldlink.records import Cursor, PairRecord, RecordStore

    config = load_node(node)
    if data:
        config = config.model_copy(update={"data_directory": data})
    new, store = 0, RecordStore(into)
    try:
        for path in archives_of(journal_file(config.data_directory, config.node), config.archive_folder):
            for found in records_of(path):
                pairs = [PairRecord.of(config.node, config.ends[0], item) for item in found]
                last = Cursor(found[-1].number, found[-1].hash)
                cursor = max(store.cursor(config.node), last, key=lambda each: each.number)
                new += len(store.write(config.node, pairs, cursor))
    finally:
        store.close()
    typer.echo(f"{into}: {new} records of {config.archive_folder} added")


def repair(path: Annotated[Path, typer.Argument(help="Journal file, as the node named it.")]) -> None:
    """Set a damaged journal aside and keep its intact beginning; its node fetches what it then lacks."""
    from heraldlink.journal import repair as repair_journal

    typer.echo(repair_journal(path))
