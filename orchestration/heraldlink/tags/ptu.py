# SPDX-License-Identifier: Apache-2.0
"""PicoQuant's PTU files (T2 and T3), decoded by ptufile."""

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from ptufile import PtuFile

from heraldlink.errors import DataError
from heraldlink.tags.recording import Recording, Times

RECORD_BYTES = 4


def read_ptu(path: str | Path) -> Recording:
    """Read a whole file. Raises DataError, naming the file and the byte, if it is foreign or truncated."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        with PtuFile(path) as file:
            _check_length(path, file)
            return _recording(file)
    except (ValueError, KeyError, IndexError, OverflowError, EOFError) as error:
        raise DataError(_unreadable(path)) from error


def _check_length(path: Path, file: PtuFile) -> None:
    size, promised = path.stat().st_size, int(cast(int, file.tags.get("TTResult_NumberOfRecords", 0)))
    present = (size - file.record_offset) // RECORD_BYTES
    if present < promised:
        raise DataError(
            f"{path}: truncated at byte {size}: its header promises {promised} records, {present} are there"
            f" (the last whole one ends at byte {file.record_offset + present * RECORD_BYTES})"
        )


def _unreadable(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as stream:
        ours = stream.read(6) == b"PQTTTR"
    if ours:
        return f"{path}: truncated or damaged inside its header (the file ends at byte {size})"
    return f"{path}: not a PTU file (it does not begin with PQTTTR at byte 0)"


def _recording(file: PtuFile) -> Recording:
    records = file.decode_records()
    channel: NDArray[np.int8] = records["channel"]
    marker: NDArray[np.uint8] = records["marker"]
    resolution_ps = _whole((file.tcspc_resolution if file.is_t3 else file.global_resolution) * 1e12)
    times, syncs, delays = _by_channel(records, channel, file.is_t3, resolution_ps)
    return Recording(
        mode="T3" if file.is_t3 else "T2",
        resolution_ps=resolution_ps,
        acquisition_s=float(file.acquisition_time),
        sync_rate_Hz=float(file.syncrate) if file.is_t3 else 0.0,
        records=int(records.size),
        overflows=int(np.count_nonzero((channel < 0) & (marker == 0))),
        markers=int(np.count_nonzero(marker)),
        times_ps=times,
        syncs=syncs,
        delays_ps=delays,
    )


ByChannel = dict[int, Times]


def _by_channel(
    records: np.ndarray[tuple[int], np.dtype[np.void]],
    channel: NDArray[np.int8],
    is_t3: bool,
    resolution_ps: float,
) -> tuple[ByChannel, ByChannel, ByChannel]:
    """Times (T2), syncs and delays (T3) by channel, in order of time: several pulses per sync mix records."""
    times: ByChannel = {}
    syncs: ByChannel = {}
    delays: ByChannel = {}
    for number in np.unique(channel[channel >= 0]).tolist():
        here = records[channel == number]
        time: Times = here["time"].astype(np.int64)
        if not is_t3:
            times[number] = np.sort(_scaled(time, resolution_ps))
            continue
        delay_ps = _scaled(here["dtime"].astype(np.int64), resolution_ps)
        order = np.lexsort((delay_ps, time))
        syncs[number], delays[number] = time[order], delay_ps[order]
    return times, syncs, delays


def _scaled(count: Times, resolution_ps: float) -> Times:
    if resolution_ps == int(resolution_ps):
        return count * int(resolution_ps)
    return np.asarray(np.rint(count * resolution_ps), dtype=np.int64)


def _whole(resolution_ps: float) -> float:
    """The resolution without the rounding of its decimal form: 1e-12 s is 1 ps."""
    nearest = round(resolution_ps)
    return float(nearest) if nearest and abs(resolution_ps - nearest) < 1e-6 * nearest else resolution_ps
