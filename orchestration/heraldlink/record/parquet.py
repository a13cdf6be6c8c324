# SPDX-License-Identifier: Apache-2.0
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
"""Raw tags of one node in one Parquet file: the schema of recordings, with the slot before each tag."""

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from heraldlink.errors import DataError
from heraldlink.pairs import NodeTags
from heraldlink.tags.block import Header
from heraldlink.tags.description import COLUMNS, Description, to_json
from heraldlink.tags.formats.parquet import KEY, SLOT, parquet_file, schema

RUN_COLUMNS = (SLOT, *COLUMNS["indexed"])
DESCRIBE = b"heraldlink.describe"
NODE = b"heraldlink.node"
KEYS = b"heraldlink.keys"

SlotTags = dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64]]]


def write_tags(path: Path, tags: NodeTags) -> None:
    """Write all tags of a node: columns slot, index (of the reference event), after_ps, channel (RAW).

    Rows are in order of slot, RAW channel and arrival; what is needed to interpret them is in the schema.
    """
    keys = sorted(tags.tags)
    lengths = [tags.tags[key][0].size for key in keys]
    columns = [
        np.repeat(np.array([slot for slot, _ in keys], dtype=np.int64), lengths),
        _joined([tags.tags[key][1] for key in keys]),
        _joined([tags.tags[key][0] for key in keys]),
        np.repeat(np.array([raw for _, raw in keys], dtype=np.int16), lengths),
    ]
    header = Header("heraldlink run", "indexed", 1.0, tags=sum(lengths))
    about = {
        KEY.encode(): to_json(Description(header)),
        NODE: tags.node.encode(),
        DESCRIBE: json.dumps(tags.describe).encode(),
        KEYS: json.dumps(keys).encode(),  # also those without a tag
    }
    table = pa.table(columns, schema=schema(RUN_COLUMNS).with_metadata(about))
    with parquet_file(path, table.schema) as file:
        file.write_table(table)


def read_tags(path: Path) -> NodeTags:
    """Read what `write_tags` wrote. Raises DataError, naming the file, if it is something else."""
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        metadata: Mapping[bytes, bytes] = table.schema.metadata or {}
        node, describe = metadata[NODE].decode(), json.loads(metadata[DESCRIBE])
        slots, index, time, raws = (np.asarray(table[name].to_numpy()) for name in RUN_COLUMNS)
        keys: list[list[int]] = json.loads(metadata[KEYS])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: not the tags of a run ({error})") from error
    tags: SlotTags = {(slot, raw): (time[:0], index[:0]) for slot, raw in keys}
    changes = np.flatnonzero((np.diff(slots) != 0) | (np.diff(raws) != 0)) + 1
    edges = [0, *changes.tolist(), slots.size]
    for start, stop in pairwise(edges if slots.size else []):
        tags[int(slots[start]), int(raws[start])] = (time[start:stop], index[start:stop])
    return NodeTags(node, tags, describe)


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])
