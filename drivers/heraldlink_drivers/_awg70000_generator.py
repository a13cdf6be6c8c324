# SPDX-License-Identifier: Apache-2.0
"""What the drivers of AWG70002A and AWG5208 share: QCoDeS' own driver in the role of a waveform generator.

QCoDeS' driver writes files on the instrument's disk and loads them; here waveforms and sequence go straight
into the lists (WLISt, SLISt). Sources: QCoDeS' AWG70000A driver, AWG70000 and AWG5200 programmer manuals as
tm_devices lists their commands.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from qcodes.instrument_drivers.tektronix import Tektronix70000AWGChannel, TektronixAWG70000Base

from heraldlink_drivers._awg70000_program import (
    Limits,
    changed_part,
    channels_of,
    check,
    check_waveforms,
    sequence_commands,
    stored_name,
)
from heraldlink_drivers._readings import reached, switched
from heraldlink_drivers._safety import take_all
from heraldlink_drivers._visa_session import VisaSession
from heraldlink_drivers.errors import DriverError, ProgramError, Timeout
from heraldlink_drivers.roles import GeneratorProgram, Waveform

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

_WAITING, _RUNNING = "Waiting for trigger", "Running"
_WAITS = "1"
"""Reply to the run state's query: it waits for its trigger."""
_POLL_s = 0.002
_STEP_V = 2e-3
_OPERATION_ms = 30_000
_UNKNOWN = "changed by a transfer that has not ended"
_LIMIT_QUERY = "WLIS:WAV:LMIN?;:WLIS:WAV:LMAX?;:WLIS:WAV:GRAN?;:SLIS:SEQ:STEP:MAX?;:SLIS:SEQ:STEP:RCO:MAX?"


class HeraldTektronixGenerator(VisaSession, TektronixAWG70000Base):
    """Base of both drivers; ``arm_timeout``: time (s) in which ``arm`` must see it wait for its trigger."""

    default_timeout = 4
    answers_as = "tektronix,awg*"
    marker_resolution_bits: ClassVar[int] = 8
    """DAC resolution that leaves two markers."""
    sample_rates_Hz: ClassVar[tuple[float, float]]
    path_amplitudes_Vpp: ClassVar[Mapping[str, tuple[float, float]]]
    """Range of the amplitude on each output path, by the word that OUTPut:PATH? answers."""

    def __init__(
        self, name: str, address: str, arm_timeout: float = 5.0, **kwargs: "Unpack[VisaInstrumentKWArgs]"
    ) -> None:
        self._connecting = True
        self._arm_timeout_s = arm_timeout
        super().__init__(name, address, **kwargs)
        self._connecting = False
        self.current_directory.cache.invalidate()
        self._stored: GeneratorProgram | None = None
        self._left: dict[str, str] = {}
        self._fixed_limits: tuple[int, ...] | None = None

    def get_idn(self) -> dict[str, str | None]:
        """The reply to ``*IDN?``; raises DriverError if there is none, where QCoDeS' would name no model."""
        if self._connecting:
            self.identity()
        return super().get_idn()

    def write(self, cmd: str) -> None:
        """Send a command and raise InstrumentError if the instrument then reports an error."""
        if not self._connecting:
            super().write(cmd)

    def ask_raw(self, cmd: str) -> str:
        """Send a query; ``*OPC?``, which awaits an operation such as loading a file, may take 30 s."""
        if cmd != "*OPC?":
            return super().ask_raw(cmd)
        with self.lock, self._reconnect.patience(_OPERATION_ms):
            return super().ask_raw(cmd)

    def play(self, wait_for_running: bool = True, timeout: float = 10) -> None:
        """Run, and wait until it plays or waits for its trigger; raises Timeout after ``timeout`` s."""
        self.write("AWGC:RUN")
        if wait_for_running:
            self._wait_for((_WAITING, _RUNNING), timeout)

    def _sendBinaryFile(self, binfile: bytes, filename: str, path: str, overwrite: bool = True) -> None:
        """As the parent, with the message ended: without a line feed the next command is glued to it."""
        with self.lock:
            self.current_directory(path)
            if overwrite:
                self._delete_file(filename)
            with self._reconnect.patience(_OPERATION_ms):
                self.write_block(f'MMEM:DATA "{filename}",', binfile)
                self.raise_errors(f'MMEM:DATA "{filename}"')

    def _delete_file(self, filename: str) -> None:
        """Delete a file if it is there (-256: it is not)."""
        with self.batch(f"deletion of {filename}"):
            super().write(f'MMEM:DEL "{filename}"')
            for code, text in self._drain_errors():
                if code != -256:
                    raise DriverError(f"{self.name}: {filename} cannot be deleted: {code} {text}")

    # the role of a waveform generator

    def limits(self) -> Limits:
        """What this instrument can play: asked of it, but for rates and amplitudes per output path."""
        with self.lock:
            shortest, longest, granularity, steps, repeats = self._limits_of_samples()
            paths = self.ask(";".join(f":OUTP{n}:PATH?" for n in self._channel_numbers())).split(";")
        return Limits(
            channels=self.num_channels,
            samples=(shortest, longest),
            granularity=granularity,
            steps=steps,
            repeats=repeats,
            sample_rates_Hz=self.sample_rates_Hz,
            amplitudes_Vpp=tuple(self._amplitudes_of_path(path.strip()) for path in paths),
        )

    def _limits_of_samples(self) -> tuple[int, ...]:
        """Least and most samples, granularity, most steps and most repeats: asked once."""
        if self._fixed_limits is None:
            self._fixed_limits = tuple(int(reply) for reply in self.ask(_LIMIT_QUERY).split(";"))
        return self._fixed_limits

    def _amplitudes_of_path(self, path: str) -> tuple[float, float]:
        if path not in self.path_amplitudes_Vpp:
            raise DriverError(f"{self.name}: unknown output path {path!r}")
        return self.path_amplitudes_Vpp[path]

    def upload(self, program: GeneratorProgram, only: Sequence[str] | None = None) -> None:
        """Load a program into memory and assign it, or just the waveforms ``only`` of the loaded program.

        A program for fewer channels than there are plays on the first ones. Leaves the generator stopped. A
        program loaded before through this driver, and whatever bears the names of the new one, is deleted.
        Of a waveform in ``only`` just the samples that differ are sent, if nobody has changed it since its
        time stamps were read first; else all of it.
        Raises ProgramError before anything is set, DriverError if rate, amplitudes or assignments of a whole
        program read back other.
        """
        with self.lock:
            if only is not None:
                self._refresh(program, only)
                return
            check(self.name, program, self.limits())
            with self.batch(f"upload of program {program.name}"):
                self._replace(program)
            self._check_taken(program)  # later on the node compares what it reads back by itself
            self._stored = program
            self._left.clear()

    def _replace(self, program: GeneratorProgram) -> None:
        self.stop()
        self._forget(program)
        self.write(f"CLOC:SRAT {program.sample_rate_Hz:.12g}")
        for channel, amplitude in enumerate(program.amplitude_Vpp, start=1):
            self.write(f"SOUR{channel}:DAC:RES {self.marker_resolution_bits}")
            self.write(f"SOUR{channel}:VOLT {amplitude:.6g}")
        for name, waveform in program.waveforms.items():
            for channel in channels_of(program):
                self.write(f'WLIS:WAV:NEW "{stored_name(name, channel)}",{waveform.length},REAL')
            self._send_waveform(name, waveform)
        for command in sequence_commands(program):
            self.write(command)
        for channel in channels_of(program):
            self.write(f'SOUR{channel}:CASS:SEQ "{program.name}",{channel}')
        self.ask("*OPC?")

    def _check_taken(self, program: GeneratorProgram) -> None:
        """Raise DriverError if rate, amplitudes or assignments read back other than those of a program."""
        numbers = list(channels_of(program))
        asked = ["CLOC:SRAT", *(f"SOUR{n}:VOLT" for n in numbers), *(f"SOUR{n}:CASS" for n in numbers)]
        rate, *replies = self.ask(";".join(f":{one}?" for one in asked)).split(";")
        reached(
            self.name, "sample rate (Hz)", float(rate), program.sample_rate_Hz, 1e-6 * program.sample_rate_Hz
        )
        for n, wanted, found in zip(numbers, program.amplitude_Vpp, replies[: len(numbers)], strict=True):
            reached(self.name, f"amplitude {n} (Vpp)", float(found), wanted, _STEP_V)
        for n, assigned in zip(numbers, replies[len(numbers) :], strict=True):
            if program.name not in assigned:
                raise DriverError(f"{self.name}: channel {n} has {assigned} after being given {program.name}")

    def _refresh(self, program: GeneratorProgram, only: Sequence[str]) -> None:
        stored = self._stored
        if stored is None or stored.name != program.name:
            raise ProgramError(f"{self.name}: program {program.name} is not loaded; upload it whole")
        for name in only:
            known = stored.waveforms.get(name)
            if known is None or name not in program.waveforms:
                raise ProgramError(f"{self.name}: program {program.name} has no waveform {name}")
            if known.length != program.waveforms[name].length:
                raise ProgramError(f"{self.name}: waveform {name} changed its length; upload it whole")
        check_waveforms(self.name, program, only, self._limits_of_samples())
        same = {name: stored.waveforms[name] for name in self._untouched(only)}
        with self.batch(f"upload of program {program.name}"):
            self.stop()
            for name in only:
                self._send_waveform(name, program.waveforms[name], same.get(name))
        self._stored = program
        for one in (stored_name(name, channel) for name in only for channel in self._used()):
            self._left.pop(one, None)

    def _untouched(self, names: Sequence[str]) -> list[str]:
        """Those of some waveforms that nobody has changed since their time stamps were first read."""
        stored = {name: [stored_name(name, channel) for channel in self._used()] for name in names}
        stamps = self._stamps([one for listed in stored.values() for one in listed])
        return [
            name
            for name, listed in stored.items()
            if all(self._left.get(one) == stamps[one] for one in listed)
        ]

    def _forget(self, program: GeneratorProgram) -> None:
        """Delete the program loaded before, and what bears the names of the new one."""
        programs = [program] if self._stored is None else [self._stored, program]
        sequences = set(self.sequenceList)
        for name in dict.fromkeys(known.name for known in programs):
            if name in sequences:
                self.write(f'SLIS:SEQ:DEL "{name}"')
        listed = set(self.waveformList)
        for name in dict.fromkeys(_stored_names(programs)):
            if name in listed:
                self.write(f'WLIS:WAV:DEL "{name}"')
        self._stored = None

    def _send_waveform(self, name: str, waveform: Waveform, known: Waveform | None = None) -> None:
        """Send a waveform, or what of it differs from a ``known`` one that the instrument holds."""
        for place, (samples, markers) in enumerate(zip(waveform.channels, waveform.markers, strict=True)):
            stored = stored_name(name, place + 1)
            values = np.ascontiguousarray(samples, "<f4")
            part = changed_part(values, known.channels[place] if known else None)
            if part.stop > part.start:
                header = f'WLIS:WAV:DATA "{stored}",{part.start},{part.stop - part.start},'
                self._transfer(stored, header, values[part].view(np.uint8).data)
            marks = np.ascontiguousarray(markers, np.uint8)
            part = changed_part(marks, known.markers[place] if known else None)
            if part.stop > part.start:
                header = f'WLIS:WAV:MARK:DATA "{stored}",{part.start},{part.stop - part.start},'
                self._transfer(stored, header, marks[part].data)

    def _transfer(self, stored: str, header: str, data: memoryview) -> None:
        self._left[stored] = _UNKNOWN
        self.write_block(header, data)

    def arm(self) -> None:
        """Outputs on, run, and return when the generator waits for its trigger; else raise Timeout."""
        with self.lock:
            outputs = ";".join(f":OUTP{channel}:STAT 1" for channel in self._used())
            order = f"AWGC:STOP;:OUTP:OFF 0;{outputs};:AWGC:RUN"
            entry, _, state = self.ask(f"{order};:{self.error_query};:AWGC:RST?").rpartition(";")
            self._raise_entry(order, self.parse_error(entry))
            if state.strip() != _WAITS:
                self._wait_for((_WAITING,), self._arm_timeout_s)

    def _wait_for(self, states: tuple[str, ...], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while (state := str(self.run_state.get())) not in states:
            if time.monotonic() > deadline:
                raise Timeout(f"{self.name}: {state.lower()} {timeout_s:g} s after being told to run")
            time.sleep(_POLL_s)

    def armed(self) -> bool:
        """Whether the outputs of the program are on and it waits for its trigger."""
        outputs = ";".join(f":OUTP{channel}:STAT?" for channel in self._used())
        *on, off, state = self.ask(f"{outputs};:OUTP:OFF?;:AWGC:RST?").split(";")
        return all(map(int, on)) and not int(off) and state.strip() == _WAITS

    def _channel_numbers(self) -> range:
        return range(1, self.num_channels + 1)

    def _used(self) -> range:
        """Channels of the loaded program; all of them before there is one."""
        return self._channel_numbers() if self._stored is None else channels_of(self._stored)

    def _analog(self, numbers: range) -> list[Tektronix70000AWGChannel]:
        return [cast(Tektronix70000AWGChannel, getattr(self, f"ch{n}")) for n in numbers]

    def reference_external(self) -> bool:
        """Whether the clock follows an external reference or clock."""
        return str(self.clock_source.get()) != "Internal"

    def set_reference_external(self, external: bool) -> None:
        """Follow the external 10 MHz, or the internal reference; raises DriverError if it does not."""
        with self.lock:
            self.clock_source.set("Internal, 10 MHZ ref." if external else "Internal")
            switched(self.name, "external reference", self.reference_external(), external)

    def amplitudes_Vpp(self) -> tuple[float, ...]:
        """Peak-to-peak voltage into 50 ohm of each channel of the loaded program, of all if there is none."""
        return tuple(float(channel.awg_amplitude.get()) for channel in self._analog(self._used()))

    def sample_rate_Hz(self) -> float:
        """Sample rate, samples per second."""
        return float(self.sample_rate.get())

    def waveform(self, name: str) -> Waveform:
        """Read a waveform of the loaded program back, sample by sample."""
        with self.lock:
            stored = [stored_name(name, channel) for channel in self._used()]
            return Waveform(
                channels=tuple(self._samples(one) for one in stored),
                markers=tuple(self._markers(one) for one in stored),
            )

    def _samples(self, stored: str) -> NDArray[np.float32]:
        length = int(self.ask(f'WLIS:WAV:LENG? "{stored}"'))
        data = self.ask_block(f'WLIS:WAV:DATA? "{stored}",0,{length}')
        return np.frombuffer(data, "<f4").astype(np.float32)

    def _markers(self, stored: str) -> NDArray[np.uint8]:
        length = int(self.ask(f'WLIS:WAV:LENG? "{stored}"'))
        return np.frombuffer(self.ask_block(f'WLIS:WAV:MARK:DATA? "{stored}",0,{length}'), np.uint8).copy()

    def waveform_stamp(self, name: str) -> str:
        """Time stamps of the last change of a waveform's channels."""
        return self.waveform_stamps([name])[name]

    def waveform_stamps(self, names: Sequence[str]) -> dict[str, str]:
        """Time stamps of the last change of several waveforms, in one exchange."""
        stored = {name: [stored_name(name, channel) for channel in self._used()] for name in names}
        stamps = self._stamps([one for listed in stored.values() for one in listed])
        for one, stamp in stamps.items():
            self._left.setdefault(one, stamp)
        return {name: "|".join(stamps[one] for one in listed) for name, listed in stored.items()}

    def _stamps(self, stored: Sequence[str]) -> dict[str, str]:
        replies = self.ask(";".join(f':WLIS:WAV:TST? "{one}"' for one in stored)).split(";") if stored else []
        if len(replies) != len(stored):
            raise DriverError(f"{self.name}: {len(replies)} time stamps for {len(stored)} waveforms")
        return {one: reply.strip().strip('"') for one, reply in zip(stored, replies, strict=True)}

    def safe_state(self) -> None:
        """All outputs off, then stop; raises DriverError if the read-back disagrees."""
        outputs = [partial(channel.state.set, 0) for channel in self._analog(self._channel_numbers())]
        with self.lock:
            take_all(*outputs, self.stop, self._check_safe)

    def _check_safe(self) -> None:
        for number, channel in enumerate(self._analog(self._channel_numbers()), start=1):
            switched(self.name, f"output {number}", bool(channel.state.get()), False)
        if (state := str(self.run_state.get())) != "Stopped":
            raise DriverError(f"{self.name}: {state.lower()} after being stopped")


def _stored_names(programs: Iterable[GeneratorProgram]) -> list[str]:
    return [
        stored_name(name, channel)
        for program in programs
        for name in program.waveforms
        for channel in channels_of(program)
    ]
