# SPDX-License-Identifier: Apache-2.0
"""A node's journal and keys."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from heraldlink.agent.archive import Index
from heraldlink.agent.retention import MOST_ARCHIVES, Stand, plan, rules_of, stand
from heraldlink.diagnosis.findings import Finding, NodeFile, doubt, fault, good
from heraldlink.errors import ConfigurationError, HeraldlinkError
from heraldlink.journal import journal_file
from heraldlink.journal.archives import archives_of
from heraldlink.journal.books import read_rows
from heraldlink.security.keys import known_key, own_pair
from heraldlink.security.places import is_loopback
from heraldlink.security.roster import read_roster


def journal(node: NodeFile) -> Iterator[Finding]:
    """Whether every row of it is the one that was written."""
    path = journal_file(node.data_directory, node.node)
    if not path.exists():
        yield good(str(path), "not there yet: the node begins a new one")
        return
    index = Index()
    try:
        place = read_rows(path, index.read)
    except HeraldlinkError as error:
        yield fault(str(path), str(error), f"heraldlink journal repair {path}")
        return
    rows, size = place.last - place.first + 1, path.stat().st_size / 1e6
    archives = len(archives_of(path, node.archive_folder))
    since = f"{datetime.fromtimestamp(index.since_ns / 1e9, UTC):%Y-%m-%d %H:%M} UTC"
    found = (
        f"{index.records.last} decided heralds; {rows} rows since {since} ({size:.1f} MB), every row verified"
    )
    yield good(str(path), f"{found}; {archives} archives in {node.archive_folder}")
    yield next_cut(node, str(path), stand(index, place.first - 1, 1 << 63))


def next_cut(node: NodeFile, path: str, known: Stand) -> Finding:
    """When rows of a journal are moved next, as far as that can be told without its node."""
    rules = rules_of(node.journal)
    found = plan(known, rules, time.time_ns())
    if found.cut:
        return good(path, f"rows below {found.cut.seq} are moved to an archive once the node's peers agree")
    what = f"no rows are moved yet: that waits for {found.waits_for}"
    waiting = known.checkpoints[-1].seq - known.base if known.checkpoints else 0
    if waiting > MOST_ARCHIVES * rules.least_rows:
        return doubt(path, what, "a start reads all of them; journal.consumers says who is waited for")
    return good(path, what)


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
