# SPDX-License-Identifier: Apache-2.0
"""Files of an AWG5014: its disk, waveforms from and to files, and settings with waveforms and sequence.

Restoring takes 0.2 s and 50 ns a byte on the instrument's clock, in which it does nothing else [?]. Source:
AWG5000 programmer manual as tm_devices lists its commands; records of AWG files after QCoDeS' driver.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg5014_files import AwgFile, FileWaveform, read_awg, write_awg
from heraldlink_sim.faces.tektronix_awg5014_sequence import CHANNELS, SequenceCommands5014
from heraldlink_sim.faces.tektronix_awg70000_arithmetic import about_zero, full_scale
from heraldlink_sim.faces.tektronix_awg70000_files import FileError, WaveformFile
from heraldlink_sim.faces.tektronix_awg70000_kinds import NAME
from heraldlink_sim.faces.tektronix_awg70000_writers import read_txt, read_wfm, write_txt, write_wfm
from heraldlink_sim.faces.tektronix_calendar import CalendarCommands
from heraldlink_sim.faces.tektronix_disk import PATH, Disk, DiskCommands
from heraldlink_sim.scpi import Choice, Optional, ScpiError, command, query
from heraldlink_sim.scpi.declare import Bound

_HOME = r"C:\Users\OEM\Documents"
_TYPES = Choice("WFM", "TXT", "TXT8", "TXT10", "TXT14", "PAT", "TFW", "ISF", "TDS", "RFD")
_READERS: Mapping[str, Callable[[bytes], WaveformFile]] = {
    "WFM": read_wfm,
    "TXT": partial(read_txt, bits=None),
    **{f"TXT{bits}": partial(read_txt, bits=bits) for bits in (8, 10, 14)},
}
_OVERHEAD_s, _BYTE_s = 0.2, 50e-9
_RUN_MODES = {1: "CONT", 2: "TRIG", 3: "GAT", 4: "SEQ"}
_FILTERS_Hz = {1: 20e6, 3: 100e6, 10: 9.9e37}


class SetupCommands5014(SequenceCommands5014, DiskCommands, CalendarCommands):
    """The disk, and what is kept on it."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.disk = Disk(_HOME)
        self._setup_file = r"C:\Users\OEM\Documents\setup.awg"
        self.run_mode = "CONT"
        self.waveform_of: dict[int, str] = {}

    @query("MMEMory:CDIRectory")
    def _current_directory(self) -> str:
        r"""The current directory with a closing backslash [?].

        QCoDeS' make_send_and_load_awg_file appends a file's name to the answer; it adds a backslash itself
        only where its session leaves the line feed at the answer.
        """
        return PATH.format(self.disk.current.rstrip("\\") + "\\")

    @query("AWGControl:SNAMe")
    def _setup_name(self) -> str:
        """Path and drive, ``"\\Users\\OEM\\Documents\\setup.awg","C:"``."""
        file = self.disk.absolute(self._setup_file)
        return f"{PATH.format(file.root + str(file.relative_to(file.anchor)))},{PATH.format(file.drive)}"

    @command("AWGControl:SREStore", PATH, Optional(PATH, ""))
    async def _restore(self, path: str, unit: str) -> None:
        content = self.disk.read(path)
        await self.clock.sleep_until(self.clock.now_s() + _OVERHEAD_s + _BYTE_s * len(content))
        try:
            file = read_awg(content)
            elements = file.sequence()
        except FileError as error:
            raise ScpiError(-250, f"{path}: {error}") from error
        self.reset()
        self.waveforms = {name: entry for name, entry in self.waveforms.items() if entry.predefined}
        for waveform in file.waveforms.values():
            self.store(waveform.name, waveform.kind, waveform.values.copy(), waveform.markers.copy())
        self.elements = elements
        self._apply(file)
        self._setup_file = path

    @command("AWGControl:SSAVe", PATH, Optional(PATH, ""))
    def _save(self, path: str, unit: str) -> None:
        waveforms = [
            FileWaveform(one.name, one.kind, one.values, one.markers)
            for one in self.waveforms.values()
            if not one.predefined
        ]
        self.disk.write(path, write_awg(self._settings(), waveforms, self.elements))
        self._setup_file = path

    @command("MMEMory:IMPort", NAME, PATH, _TYPES)
    def _import(self, name: str, path: str, kind: str) -> None:
        content = self.disk.read(path)
        if kind not in _READERS:
            raise ScpiError(-257, f"{path} as {kind}")
        try:
            file = _READERS[kind](content)
        except FileError as error:
            raise ScpiError(-250, f"{path}: {error}") from error
        samples, how = file.samples, self.import_normalize.get()
        if how != "NONE":
            samples = (full_scale if how == "FSC" else about_zero)(samples).astype(samples.dtype)
        self.store(name, "REAL", samples, file.markers)

    @command("MMEMory:EXPort", NAME, PATH, _TYPES)
    def _export(self, name: str, path: str, kind: str) -> None:
        waveform = self.waveform(name)
        if kind not in _READERS:
            raise ScpiError(-257, f"{path} as {kind}")
        if kind == "WFM":
            content = write_wfm(waveform.values, waveform.markers, self.sample_rate_Hz())
        else:
            content = write_txt(waveform.values, waveform.markers, int(kind[3:]) if kind[3:] else None)
        self.disk.write(path, content)

    def _apply(self, file: AwgFile) -> None:
        """Take the settings that a file states over those of ``*RST``."""
        numbers = {name: value for name, value in file.settings.items() if not isinstance(value, str)}
        if "SAMPLING_RATE" in numbers:
            self._set_rate(1, numbers["SAMPLING_RATE"])
        self.run_mode = _RUN_MODES.get(int(numbers.get("RUN_MODE", 1)), "CONT")
        for setting, record, words in self._worded():
            if record in numbers:
                setting.set(words.get(int(numbers[record]), setting.get()))
        self.trigger_level_V.set(numbers.get("TRIGGER_INPUT_THRESHOLD", 0.0))
        self.event_level_V.set(numbers.get("EVENT_INPUT_THRESHOLD", 0.0))
        for impedance, record in ((self.trigger_impedance, "TRIGGER"), (self.event_impedance, "EVENT")):
            impedance.set(1000.0 if numbers.get(f"{record}_INPUT_IMPEDANCE") == 2 else 50.0)
        for channel in range(1, CHANNELS + 1):
            self.reference_source.set("EXT" if numbers.get("REFERENCE_SOURCE") == 2 else "INT", channel)
            self._apply_channel(channel, numbers)
            name = file.settings.get(f"OUTPUT_WAVEFORM_NAME_{channel}")
            if isinstance(name, str) and name in self.waveforms:
                self.waveform_of[channel] = name

    def _apply_channel(self, channel: int, numbers: Mapping[str, float]) -> None:
        self.output.set(bool(numbers.get(f"CHANNEL_STATE_{channel}", 0)), channel)
        self.direct.set(bool(numbers.get(f"ANALOG_DIRECT_OUTPUT_{channel}", 0)), channel)
        self.combined.set("ESIG" if numbers.get(f"EXTERNAL_ADD_{channel}") else "", channel)
        self.cutoff_Hz.set(_FILTERS_Hz.get(int(numbers.get(f"ANALOG_FILTER_{channel}", 10)), 9.9e37), channel)
        if (amplitude_Vpp := numbers.get(f"ANALOG_AMPLITUDE_{channel}")) is not None:
            self._set_amplitude(channel, amplitude_Vpp)
        for setting, record in self._levels(channel):
            if record in numbers:
                setting(numbers[record])

    def _levels(self, channel: int) -> Iterator[tuple[Callable[[float], None], str]]:
        """What sets each level of a channel, and its record."""
        yield (lambda value: self.offset_V.set(value, channel)), f"ANALOG_OFFSET_{channel}"
        yield (lambda value: self.dc_level_V.set(value, channel)), f"DC_OUTPUT_LEVEL_{channel}"
        for marker in (1, 2):
            yield (
                partial(self._set_marker, self.marker_high_V, channel, marker),
                f"MARKER{marker}_HIGH_{channel}",
            )
            yield (
                partial(self._set_marker, self.marker_low_V, channel, marker),
                f"MARKER{marker}_LOW_{channel}",
            )
            yield (
                partial(self._set_marker, self.marker_delay_s, channel, marker),
                f"MARKER{marker}_SKEW_{channel}",
            )

    def _set_marker(self, setting: Bound[float], channel: int, marker: int, value: float) -> None:
        setting.set(value, channel, marker)

    def _worded(self) -> Iterator[tuple[Bound[str], str, Mapping[int, str]]]:
        """Settings that are words, their records, and the words by number."""
        signs = {1: "POS", 2: "NEG"}
        yield self.clock_source, "CLOCK_SOURCE", {1: "INT", 2: "EXT"}
        yield self.trigger_source, "TRIGGER_SOURCE", {1: "EXT", 2: "INT"}
        yield self.trigger_slope, "TRIGGER_INPUT_SLOPE", signs
        yield self.trigger_polarity, "TRIGGER_INPUT_POLARITY", signs
        yield self.event_polarity, "EVENT_INPUT_POLARITY", signs
        yield self.event_timing, "JUMP_TIMING", {1: "SYNC", 2: "ASYN"}

    def _settings(self) -> dict[str, tuple[str, float | str]]:
        """Records of a settings file: format and value by name."""
        modes = {word: number for number, word in _RUN_MODES.items()}
        records: dict[str, tuple[str, float | str]] = {
            "SAMPLING_RATE": ("d", self.sample_rate_Hz()),
            "RUN_MODE": ("h", modes.get(self.run_mode, 4)),
            "TRIGGER_INPUT_THRESHOLD": ("d", self.trigger_level_V.get()),
            "EVENT_INPUT_THRESHOLD": ("d", self.event_level_V.get()),
            "TRIGGER_INPUT_IMPEDANCE": ("h", 1 if self.trigger_impedance.get() == 50 else 2),
            "EVENT_INPUT_IMPEDANCE": ("h", 1 if self.event_impedance.get() == 50 else 2),
            "REFERENCE_SOURCE": ("h", 2 if self.reference_source.get(1) == "EXT" else 1),
        }
        for setting, record, words in self._worded():
            numbers = {word[:3]: number for number, word in words.items()}
            records[record] = ("h", numbers[setting.get()[:3]])
        for channel in range(1, CHANNELS + 1):
            records |= self._channel_settings(channel)
        return records

    def _channel_settings(self, channel: int) -> dict[str, tuple[str, float | str]]:
        filters = {cutoff_Hz: number for number, cutoff_Hz in _FILTERS_Hz.items()}
        records: dict[str, tuple[str, float | str]] = {
            f"OUTPUT_WAVEFORM_NAME_{channel}": ("s", self.waveform_of.get(channel, "")),
            f"CHANNEL_STATE_{channel}": ("h", self.output.get(channel)),
            f"ANALOG_DIRECT_OUTPUT_{channel}": ("h", self.direct.get(channel)),
            f"EXTERNAL_ADD_{channel}": ("h", bool(self.combined.get(channel))),
            f"ANALOG_FILTER_{channel}": ("h", filters.get(self.cutoff_Hz.get(channel), 10)),
            f"ANALOG_AMPLITUDE_{channel}": ("d", self.amplitude_Vpp(channel)),
            f"ANALOG_OFFSET_{channel}": ("d", self.offset_V.get(channel)),
            f"DC_OUTPUT_LEVEL_{channel}": ("d", self.dc_level_V.get(channel)),
        }
        for marker in (1, 2):
            records[f"MARKER{marker}_HIGH_{channel}"] = ("d", self.marker_high_V.get(channel, marker))
            records[f"MARKER{marker}_LOW_{channel}"] = ("d", self.marker_low_V.get(channel, marker))
            records[f"MARKER{marker}_SKEW_{channel}"] = ("d", self.marker_delay_s.get(channel, marker))
        return records
