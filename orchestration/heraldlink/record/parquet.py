# SPDX-License-Identifier: Apache-2.0
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
"""Raw tags of one node in one Parquet file: delta coded integers, compressed with zstd."""

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

COLUMNS = ("slot", "raw", "reference_index", "time_ps")
DESCRIBE = b"heraldlink.describe"
NODE = b"heraldlink.node"

SlotTags = dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64]]]


def write_tags(path: Path, tags: NodeTags) -> None:
    """Write all tags of a node: columns slot, raw (channel), reference_index, time_ps (after the reference).

    Rows are in order of slot, RAW channel and arrival; what is needed to interpret them is in the schema.
    """
    keys = sorted(tags.tags)
    lengths = [tags.tags[key][0].size for key in keys]
    columns = (
        np.repeat(np.array([slot for slot, _ in keys], dtype=np.int64), lengths),
        np.repeat(np.array([raw for _, raw in keys], dtype=np.int32), lengths),
        _joined([tags.tags[key][1] for key in keys]),
        _joined([tags.tags[key][0] for key in keys]),
    )
    table = pa.table(dict(zip(COLUMNS, columns, strict=True)))
    table = table.replace_schema_metadata(
        {NODE: tags.node.encode(), DESCRIBE: json.dumps(tags.describe).encode(), b"keys": _keys(keys)}
    )
    pq.write_table(
        table,
        path,
        compression="zstd",
        use_dictionary=False,
        column_encoding=dict.fromkeys(COLUMNS, "DELTA_BINARY_PACKED"),
    )


def read_tags(path: Path) -> NodeTags:
    """Read what `write_tags` wrote. Raises DataError, naming the file, if it is something else."""
    try:
        table = pq.read_table(path)
        metadata: Mapping[bytes, bytes] = table.schema.metadata or {}
        node, describe = metadata[NODE].decode(), json.loads(metadata[DESCRIBE])
        slots, raws, index, time = (np.asarray(table[name].to_numpy()) for name in COLUMNS)
        keys: list[list[int]] = json.loads(metadata[b"keys"])
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


def _keys(keys: list[tuple[int, int]]) -> bytes:
    """Slots and channels that were recorded, also those without a tag."""
    return json.dumps(keys).encode()
