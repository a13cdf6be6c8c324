# SPDX-License-Identifier: Apache-2.0
"""Whether each instrument of a node answers, is the one that its driver is for, and has errors waiting.

Raw queries, no driver: nothing is set. A node that runs holds the connections, and its instruments are left
alone.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import cast

from heraldlink.config.document import read_document
from heraldlink.diagnosis.findings import Finding, NodeFile, doubt, fault, good
from heraldlink.diagnosis.ports import connecting
from heraldlink.errors import ConfigurationError, JournalError
from heraldlink.journal import journal_file
from heraldlink.journal.mark import open_mark
from heraldlink.supervisor.deadline import Deadline
from heraldlink.supervisor.procedures import PROCEDURES, Procedure
from heraldlink.supervisor.wires import Wire, connector

ANSWER_s = 2.0
MODELS: Mapping[str, str] = {
    "HeraldTektronixAWG5208": "AWG5208",
    "HeraldTektronixAWG70002A": "AWG70002",
    "IDQuantiqueID1000": "ID1000",
    "IDQuantiqueID900": "ID900",
    "KeysightN7761A": "N7761A",
    "KeysightN7764A": "N7764A",
    "PolatisOST": "Polatis",
    "RohdeSchwarzSGS100A": "SGS100A",
    "SantecTSL570": "TSL-570",
    "StanfordDG645": "DG645",
}
"""What ``*IDN?`` must hold, by the last part of a Station file's ``type``."""
ERRORS: Mapping[str, str] = {"StanfordDG645": "LERR?", "SantecTSL570": ":SYST:ERR?"}
"""Queries for the oldest error; SYST:ERR? for the others with ``*IDN?``."""
NETWORKED = re.compile(r"(?:TCPIP\d*::|\w+://)?([^:/]+)(?:::|:)(\d+|hislip\d+|inst\d+)", re.IGNORECASE)


def answering(addresses: Mapping[str, str]) -> "InstrumentCheck":
    """The check, with addresses that replace those of the Station file by name."""
    return InstrumentCheck(addresses)


class InstrumentCheck:
    """All instruments of a node's Station file."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses

    def __call__(self, node: NodeFile) -> Iterator[Finding]:
        """See the module."""
        if runs(node):
            yield good(node.node, "runs and holds its instruments: heraldlink status tells of them")
            return
        declared = read_document(node.station).content.get("instruments")
        for name, entry in cast("Mapping[str, Mapping[str, object]]", declared or {}).items():
            model = str(entry.get("type", "")).rpartition(".")[2]
            yield from self._one(name, model, self._addresses.get(name, str(entry.get("address", ""))))

    def _one(self, name: str, model: str, address: str) -> Iterator[Finding]:
        procedure = PROCEDURES.get(model)
        if procedure is None or model not in MODELS:
            yield reached(name, address)
            return
        try:
            connect = connector(address, procedure.kind, procedure.end)
        except ConfigurationError as error:
            yield doubt(name, str(error), "mend the address in the Station file")
            return
        try:
            wire = connect(Deadline(ANSWER_s))
        except OSError as error:
            yield fault(name, f"{address}: {error}", "is it switched on, and the address right?")
            return
        try:
            yield from asked(name, model, procedure, wire)
        except OSError as error:
            what = f"{address} takes connections but does not answer *IDN? ({error})"
            yield fault(name, what, "is another program connected to it? Power-cycle it if not")
        finally:
            wire.close()


def asked(name: str, model: str, procedure: Procedure, wire: Wire) -> Iterator[Finding]:
    """Identity and oldest error of one instrument."""
    identity = wire.ask("*IDN?").strip()
    if MODELS[model].upper() not in identity.upper():
        what = f"answers {identity!r}, which is no {MODELS[model]}"
        yield fault(name, what, "its address belongs to another instrument: mend the Station file")
        return
    yield good(name, identity)
    if procedure.kind != "scpi":
        return
    error = wire.ask(ERRORS.get(model, "SYST:ERR?")).strip()
    if error.lstrip("+-").partition(",")[0].strip() != "0":
        yield doubt(
            name, f"had an error waiting: {error}", "look at what was sent to it last; it is read out now"
        )


def reached(name: str, address: str) -> Finding:
    """Of an instrument that is not asked: whether something listens there."""
    found = NETWORKED.match(address)
    if not found or not found[2].isdecimal():
        return doubt(
            name, f"{address} cannot be looked at without its driver", "open it with heraldlink node"
        )
    trouble = connecting(found[1], int(found[2]))
    if trouble:
        return fault(name, f"{address}: {trouble}", "is it switched on, and the address right?")
    return good(name, f"{address} takes connections")


def runs(node: NodeFile) -> bool:
    """Whether a process of this node runs."""
    path = journal_file(node.data_directory, node.node)
    if not path.exists():
        return False
    try:
        descriptor = open_mark(path)
    except JournalError:
        return True
    os.close(descriptor)
    return False
