# SPDX-License-Identifier: Apache-2.0
"""Files and states of a Keysight 33512B: the drive ``INT:\\``, waveforms as ``.arb`` files, five states.

Source: Agilent 33500 Series Operating and Service Guide (MMEMory and MEMory subsystems, arb file format).
"""

from collections.abc import Iterator
from pathlib import PureWindowsPath

import numpy as np

from heraldlink_sim.faces.keysight_33512b_apply import ApplyCommands33500
from heraldlink_sim.faces.keysight_33512b_arbitrary import SHAPES, Points, built_in
from heraldlink_sim.scpi import Block, Boolean, Integer, Optional, ScpiError, Text, block, command, query

_PATH = Text(longest=260)
_ROOT = PureWindowsPath("INT:/")
_CAPACITY = 64_000_000
_FULL_DAC = 32767
_STATES = 5
_STATE = Integer(0, _STATES - 1)
State = tuple[dict[tuple[object, ...], object], dict[tuple[str, int], float], dict[tuple[str, int], float]]


class StorageCommands33500(ApplyCommands33500):
    """Keeps files by path, whatever the case of their letters."""

    @property
    def _files(self) -> dict[PureWindowsPath, bytes]:
        files: dict[PureWindowsPath, bytes] = vars(self).setdefault("_file_store", {})
        return files

    @property
    def _folders(self) -> set[PureWindowsPath]:
        folders: set[PureWindowsPath] = vars(self).setdefault("_folder_store", {_ROOT, _ROOT / "BUILTIN"})
        return folders

    @property
    def _states(self) -> dict[int | PureWindowsPath, State]:
        states: dict[int | PureWindowsPath, State] = vars(self).setdefault("_state_store", {})
        return states

    _directory = _ROOT
    _download = ""

    def _absolute(self, path: str) -> PureWindowsPath:
        """Path on the internal drive; others raise ScpiError -257."""
        text = path.replace("INT:\\", "INT:/", 1) if path.upper().startswith("INT:") else path
        if text.upper().startswith("INT:"):
            return _ROOT.joinpath(*(part for part in text[4:].replace("\\", "/").split("/") if part))
        if ":" in text:
            raise ScpiError(-257, path)
        return self._directory.joinpath(*(part for part in text.replace("\\", "/").split("/") if part))

    def _file(self, path: str) -> bytes:
        if (content := self._files.get(self._absolute(path))) is None:
            raise ScpiError(-256, path)
        return content

    def _put(self, path: str, content: bytes) -> None:
        file = self._absolute(path)
        if file.parent not in self._folders:
            raise ScpiError(-256, path)
        self._files[file] = content

    def file_points(self, path: str) -> Points:
        """Points of an ``.arb`` file; raises ScpiError -256 or -250."""
        return read_arb(path, self._file(path))

    def _entries(self, folder: PureWindowsPath) -> Iterator[str]:
        for one in sorted(self._folders):
            if one.parent == folder and one != folder:
                yield f'"{one.name},FOLD,0"'
        if folder == _ROOT / "BUILTIN":
            yield from (f'"{shape}.arb,ARB,{2 * len(built_in(shape))}"' for shape in SHAPES)
        for file, content in sorted(self._files.items()):
            if file.parent == folder:
                yield f'"{file.name},{file.suffix[1:].upper()},{len(content)}"'

    @query("MMEMory:CATalog[:ALL]", Optional(_PATH, ""))
    def _catalog(self, folder: str) -> str:
        return self._listed(folder, "")

    @query("MMEMory:CATalog:DATA:ARBitrary", Optional(_PATH, ""))
    def _arb_catalog(self, folder: str) -> str:
        return self._listed(folder, ",ARB,")

    @query("MMEMory:CATalog:STATe", Optional(_PATH, ""))
    def _state_catalog(self, folder: str) -> str:
        return self._listed(folder, ",STA,")

    def _listed(self, folder: str, kind: str) -> str:
        place = self._absolute(folder)
        if place not in self._folders:
            raise ScpiError(-256, folder)
        used = sum(len(content) for content in self._files.values())
        entries = [entry for entry in self._entries(place) if kind in entry]
        return ",".join([f"{used:+d}", f"{_CAPACITY - used:+d}", *entries])

    @command("MMEMory:CDIRectory", _PATH)
    def _change_directory(self, path: str) -> None:
        place = self._absolute(path)
        if place not in self._folders:
            raise ScpiError(-256, path)
        self._directory = place

    @query("MMEMory:CDIRectory")
    def _current_directory(self) -> str:
        return _PATH.format(str(self._directory) + ("" if self._directory == _ROOT else "\\"))

    @command("MMEMory:MDIRectory", _PATH)
    def _make_directory(self, path: str) -> None:
        self._folders.add(self._absolute(path))

    @command("MMEMory:RDIRectory", _PATH)
    def _remove_directory(self, path: str) -> None:
        place = self._absolute(path)
        if place not in self._folders or any(one.parent == place for one in (*self._files, *self._folders)):
            raise ScpiError(-250, path)
        self._folders.discard(place)

    @command("MMEMory:COPY", _PATH, _PATH)
    def _copy(self, source: str, target: str) -> None:
        self._put(target, self._file(source))

    @command("MMEMory:MOVE", _PATH, _PATH)
    def _move(self, source: str, target: str) -> None:
        self._put(target, self._file(source))
        del self._files[self._absolute(source)]

    @command("MMEMory:DELete", _PATH)
    def _delete(self, path: str) -> None:
        self._file(path)
        del self._files[self._absolute(path)]

    @command("MMEMory:DOWNload:FNAMe", _PATH)
    def _name_download(self, path: str) -> None:
        self._download = path

    @command("MMEMory:DOWNload:DATA", Block())
    def _download_data(self, payload: bytes) -> None:
        if not self._download:
            raise ScpiError(-221, "no file name")
        self._put(self._download, bytes(payload))

    @query("MMEMory:UPLoad", _PATH)
    def _upload(self, path: str) -> bytes:
        return block(self._file(path))

    @command("MMEMory:STORe:DATA<1..2>", _PATH)
    def _store_points(self, channel: int, path: str) -> None:
        """The waveform that the channel has chosen."""
        points = self.points(channel, self.chosen(channel))
        self._put(path, write_arb(points, self.sample_rate.get(channel), self.amplitude_Vpp(channel)))

    @command("MMEMory:LOAD:DATA<1..2>", _PATH)
    def _load_points(self, channel: int, path: str) -> None:
        """Into volatile memory, under the path as it is spelled here."""
        points = self.points(channel, path)
        self.volatile[channel][path] = points

    @command("MMEMory:STORe:STATe", _PATH)
    @command("MMEMory:STORe:ALL", _PATH)
    def _store_state(self, path: str) -> None:
        self._put(path, b"state")
        self._states[self._absolute(path)] = self._snapshot()

    @command("MMEMory:LOAD:STATe", _PATH)
    @command("MMEMory:LOAD:ALL", _PATH)
    def _load_state(self, path: str) -> None:
        self._file(path)
        if (state := self._states.get(self._absolute(path))) is None:
            raise ScpiError(-250, path)
        self._restore(state)

    @command("*SAV", _STATE)
    def _save(self, number: int) -> None:
        self._states[number] = self._snapshot()

    @command("*RCL", _STATE)
    def _recall(self, number: int) -> None:
        if (state := self._states.get(number)) is None:
            raise ScpiError(-221, f"state {number} is empty")
        self._restore(state)

    @query("MEMory:NSTates")
    def _state_count(self) -> int:
        return _STATES

    @query("MEMory:STATe:VALid", _STATE)
    def _is_stored(self, number: int) -> int:
        return int(number in self._states)

    @command("MEMory:STATe:DELete", _STATE)
    def _delete_state(self, number: int) -> None:
        self._states.pop(number, None)

    @property
    def _state_names(self) -> dict[int, str]:
        names: dict[int, str] = vars(self).setdefault("_name_store", {})
        return names

    @command("MEMory:STATe:NAME", _STATE, Optional(Text(bare=True), ""))
    def _name_state(self, number: int, name: str) -> None:
        self._state_names[number] = name

    @query("MEMory:STATe:NAME", _STATE)
    def _name_of_state(self, number: int) -> str:
        return _PATH.format(
            self._state_names.get(number, "AUTO_RECALL" if number == 0 else f"STATE_{number}")
        )

    @query("MEMory:STATe:CATalog")
    def _state_list(self) -> str:
        return ",".join(self._name_of_state(number) for number in range(_STATES))

    _recalls = False

    @command("MEMory:STATe:RECall:AUTO", Boolean())
    def _set_recall(self, on: bool) -> None:
        self._recalls = on

    @query("MEMory:STATe:RECall:AUTO")
    def _recall_on(self) -> int:
        return int(self._recalls)

    def _snapshot(self) -> State:
        return dict(self.values), dict(self._volts), dict(self._times)

    def _restore(self, state: State) -> None:
        values, volts, times = state
        self.abort_operations()
        self.values = dict(values)
        for held, kept in ((self._volts, volts), (self._times, times)):
            held.clear()
            held.update(kept)


def write_arb(points: Points, rate: float, amplitude_Vpp: float) -> bytes:
    """An ``.arb`` file: a header of lines, then one DAC code a line."""
    header = [
        *("File Format:1.10", "Channel Count:1", f"Sample Rate:{rate:.6f}"),
        *(f"High Level:{amplitude_Vpp / 2:.6f}", f"Low Level:{-amplitude_Vpp / 2:.6f}"),
        *('Data Type:"Short"', 'Filter:"OFF"', f"Data Points:{len(points)}", "Data:"),
    ]
    codes = np.rint(points.astype(np.float64) * _FULL_DAC).astype(int).tolist()
    return "\r\n".join([*header, *map(str, codes), ""]).encode("ascii")


def read_arb(path: str, content: bytes) -> Points:
    """Points of an ``.arb`` file; raises ScpiError -250."""
    head, found, body = content.partition(b"Data:")
    try:
        values = np.array([float(line) for line in body.split()], np.float64)
    except ValueError:
        raise ScpiError(-250, f"{path}: not an arb file") from None
    if not found or not len(values) or not np.isfinite(values).all():
        raise ScpiError(-250, f"{path}: not an arb file")
    scale = _FULL_DAC if b'"short"' in head.lower() else 1
    return np.clip(values / scale, -1, 1).astype(np.float32)
