# SPDX-License-Identifier: Apache-2.0
"""A node's journal and keys."""

from collections.abc import Iterator

from heraldlink.diagnosis.findings import Finding, NodeFile, doubt, fault, good
from heraldlink.errors import ConfigurationError, HeraldlinkError
from heraldlink.journal import journal_file
from heraldlink.journal.books import read_book
from heraldlink.security.keys import known_key, own_pair
from heraldlink.security.places import is_loopback
from heraldlink.security.roster import read_roster


def journal(node: NodeFile) -> Iterator[Finding]:
    """Whether every row of it is the one that was written."""
    path = journal_file(node.data_directory, node.node)
    if not path.exists():
        yield good(str(path), "not there yet: the node begins a new one")
        return
    try:
        book = read_book(path)
    except HeraldlinkError as error:
        yield fault(str(path), str(error), f"heraldlink journal repair {path}")
        return
    yield good(str(path), f"{len(book.pairs)} decided heralds, every row verified")


def keys(node: NodeFile) -> Iterator[Finding]:
    """Own key, the midpoint's, and who is let in."""
    folder = node.security.keys
    if folder is None:
        open_to = [at for at in node.listen.endpoints.values() if not is_loopback(at)]
        if open_to:
            what = f"{', '.join(open_to)} can be reached by anybody on that network"
            yield doubt("security.plain", what, "heraldlink keys new, and name security.keys")
        return
    try:
        own_pair(folder, node.node)
        if node.kind == "end":
            known_key(folder, node.midpoint.node)
        roster = read_roster(folder)
    except ConfigurationError as error:
        for sentence in error.sentences:
            yield fault(str(folder), sentence, "heraldlink keys --help")
        return
    if roster:
        yield good(str(folder), f"{len(roster)} keys are let in")
    else:
        yield doubt(str(folder), "nobody is let in", "heraldlink keys authorize")
