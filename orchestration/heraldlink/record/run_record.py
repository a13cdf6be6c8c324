# SPDX-License-Identifier: Apache-2.0
"""The JSON record of a run: what was asked, played, measured and concluded, and by which versions."""

import hashlib
import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from heraldlink.errors import DataError
from heraldlink.heralding.description import instruments_of, settings_of
from heraldlink.messages import origin
from heraldlink.messages.values import Origin, Prediction
from heraldlink.pairs import NodeTags, Pair, Result, SlotReport
from heraldlink.record.results import RunResults

FORMAT = 1
PACKAGES = ("heraldlink", "numpy", "pyarrow", "qcodes", "matplotlib", "pyzmq", "msgspec")


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``run.json``. ``origin``: joined over all instruments, from what they say of themselves.

    ``instruments``: identity, origin, and settings as read back when the request began, by node.
    ``tags``: description of each node's tags (sequence, gate, readout window, identities, settings), by node.
    ``files``: SHA-256 of each data file.
    """

    format: int
    run_id: str
    created: str
    software: dict[str, str]
    origin: Origin
    configuration: str
    ends: tuple[str, str]
    midpoint: str
    request: dict[str, object]
    state: str
    reason: str
    instruments: dict[str, dict[str, dict[str, object]]]
    slots: tuple[SlotReport, ...]
    heralds: tuple[Pair, ...]
    prediction: Prediction
    results: dict[str, object]
    tags: dict[str, dict[str, str]]
    files: dict[str, str]


def make_record(
    run_id: str,
    result: Result,
    results: RunResults,
    tags: Mapping[str, NodeTags],
    parties: tuple[tuple[str, str], str],
    request: Mapping[str, object],
    files: Mapping[str, str],
) -> RunRecord:
    """Gather everything; ``parties``: the ends (local, remote) and the midpoint."""
    described = {name: dict(node.describe) for name, node in tags.items()}
    return RunRecord(
        format=FORMAT,
        run_id=run_id,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        software={name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        origin=origin_of(tags),
        configuration=hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest(),
        ends=parties[0],
        midpoint=parties[1],
        request=dict(request),
        state=result.state,
        reason=result.reason,
        instruments={name: _instruments(node) for name, node in tags.items()},
        slots=result.slots,
        heralds=result.heralds,
        prediction=result.prediction,
        results=results.as_dict(),
        tags=described,
        files=dict(files),
    )


def origin_of(tags: Mapping[str, NodeTags]) -> Origin:
    """The origin of a run: joined over the instruments of all nodes; a node that names none is unknown."""
    return origin.joined(
        origin.joined(map(origin.origin_of, instruments_of(node.describe).values())) for node in tags.values()
    )


def write_record(path: Path, record: RunRecord) -> None:
    """Write the record as indented JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def read_record(path: Path) -> RunRecord:
    """Read a record. Raises DataError, naming the file, if it is missing or something else."""
    try:
        record = msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such run record") from error
    except (msgspec.DecodeError, OSError) as error:
        raise DataError(f"{path}: not a run record ({error})") from error
    if record.format != FORMAT:
        raise DataError(f"{path}: run record of format {record.format}; this version reads {FORMAT}")
    return record


def _instruments(node: NodeTags) -> dict[str, dict[str, object]]:
    return {
        name: {
            "identity": identity,
            "origin": (told := origin.origin_of(identity)),
            "simulated": told == "simulated",
            "settings": settings_of(node.describe, name),
        }
        for name, identity in instruments_of(node.describe).items()
    }
